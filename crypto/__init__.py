"""Cryptographic primitives of Qiantong: pure functions of bytes, versioned by suite.

No module here reads a clock, a file, a socket or a random source: times, keys and seeds are arguments. The
one exception is named in `crypto.sealing`. Every refusal is a `crypto.errors.CryptoError` with a stable
code.
"""
