"""The key-holding node of an agency, a supervisor or a cosigner: its own process, folder, keys and clock."""
