"""Shared test material: simulators, builders and strategies. Not shipped."""
