"""Tests of the package crypto."""
