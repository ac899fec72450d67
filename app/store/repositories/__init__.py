"""One repository per aggregate. Rows never leave this package: frozen dataclasses do."""
