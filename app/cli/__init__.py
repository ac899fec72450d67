"""The command `qiantong`: one file per group of commands, over the same use cases as the API."""
