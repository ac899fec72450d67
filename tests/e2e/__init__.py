"""The product as its users meet it: commands, servers, a real browser."""
