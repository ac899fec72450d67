"""Tests of the package draw."""
