"""The media engine in another process: its port as JSON lines, for the room process and the site gateway."""
