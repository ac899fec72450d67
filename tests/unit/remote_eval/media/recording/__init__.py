"""Tests of the recorder's parts, without threads and without waiting."""
