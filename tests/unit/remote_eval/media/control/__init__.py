"""The control channel: how an engine is driven from another process."""
