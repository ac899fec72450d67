"""The one error family of the `crypto` package.

Each refusal carries a stable machine-readable `code` such as ``merkle.index-out-of-range``; callers map
codes to texts and transport errors. Messages name what was wrong with the shape, never the refused value
itself, so that nothing secret or personal reaches a log through an exception.
"""


class CryptoError(Exception):
    """A refusal. `code` is stable across versions; `str()` is an English detail for the log."""

    code: str

    def __init__(self, code: str, detail: str = "") -> None:
        """`code` is ``area.reason`` in kebab case; `detail` must hold no secret and no personal data."""
        super().__init__(detail or code)
        self.code = code

    def __reduce__(self) -> tuple[type["CryptoError"], tuple[str, str]]:
        """Keep both arguments when an error crosses a process border (pickling)."""
        return type(self), (self.code, str(self))


class CanonicalError(CryptoError):
    """A value or a byte string is outside the strict RFC 8785 profile."""


class MerkleError(CryptoError):
    """An RFC 6962 index, size, hash or proof is wrong."""


class SignatureError(CryptoError):
    """An Ed25519 key or signature is malformed or does not verify."""


class SealError(CryptoError):
    """An HPKE key is unusable or a sealed message does not open."""


class VrfError(CryptoError):
    """An ECVRF key or proof is malformed or does not verify."""


class BeaconError(CryptoError):
    """A drand chain, round or signature is unknown, malformed or does not verify."""


class NoteError(CryptoError):
    """A signed note, checkpoint or cosignature is malformed or does not verify."""


class ShareError(CryptoError):
    """A threshold, share or secret of a sharing is malformed."""
