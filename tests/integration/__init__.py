"""Parts together: database engines, several processes, faults."""
