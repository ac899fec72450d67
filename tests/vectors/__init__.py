"""Published and recorded examples, run through both implementations."""
