"""Remote evaluation (远程评标): rooms, sites, isolation, signalling, media, scoring and the archive.

Nothing of it is built yet. The package stands here because its place in the import order is already law:
it may import crypto, it never sees draw, and only remote_eval.media will ever touch a media library.
"""
