"""Draw terminals: enrolled by two persons, and a draw started at one by two persons (R07)."""
