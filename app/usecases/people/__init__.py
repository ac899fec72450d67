"""People: accounts, sessions, passkeys, one-time codes."""
