"""Acts of the day that touch invitations, desks and rooms at once."""
