"""Tests of the package draw.verify."""
