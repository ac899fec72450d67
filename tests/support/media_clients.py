"""Light clients of a media engine: publish synthetic VP8 and Opus, view, and count what arrives.

No codec runs: payloads carry a true VP8 descriptor and frame header or an Opus table of contents, filler, and
a trailer of packet number and time of sending, so that loss and delay show at the viewer.
"""

from tests.support.media_offers import WAIT_SECONDS, Client, media_lines, offer_text
from tests.support.media_publisher import Outgoing, Publisher
from tests.support.media_viewer import Arrived, Viewer

__all__ = [
    "WAIT_SECONDS",
    "Arrived",
    "Client",
    "Outgoing",
    "Publisher",
    "Viewer",
    "media_lines",
    "offer_text",
]
