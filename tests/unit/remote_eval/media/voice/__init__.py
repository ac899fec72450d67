"""Tests of the committee's voice."""
