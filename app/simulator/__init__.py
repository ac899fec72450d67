"""Stand-ins for outside services, for demonstrations and tests: a provider of messages, and its people."""
