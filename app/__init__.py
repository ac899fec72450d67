"""The shell: HTTP interface, command line, store and gateways around the pure packages draw and crypto."""
