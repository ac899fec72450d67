"""Appointments: proposed with reason and approval file, judged, decided by another person, put in the log."""
