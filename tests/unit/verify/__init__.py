"""Unit tests of the independent verifier."""
