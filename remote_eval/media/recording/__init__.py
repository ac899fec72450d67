"""The recorder of a room: sealed, chained, crash-safe files, and how to check and read them again."""
