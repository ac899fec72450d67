"""Remote evaluation (远程评标): venues and their seats, the way to a seat, seats by chance, a site's ledger.

The room itself, signalling, media, scoring and the archive are not built yet. The package may import crypto,
it never sees draw, and only remote_eval.media will ever touch a media library.
"""
