"""The HTTP API `/v1`: one file per resource, problems and principals each in one place."""
