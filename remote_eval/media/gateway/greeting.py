"""The hub's end of a gateway's arrival: challenge, hello, the device's key, welcome, then an engine to drive.

Whose key it is, is the caller's to know (`key_of`); nonce and secret are drawn anew for each arrival.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from crypto.signing import SigningKey
from remote_eval.errors import MediaError
from remote_eval.media.gateway.hello import (
    NONCE_BYTES,
    REFUSED,
    SHARE_BYTES,
    Greeted,
    challenge_text,
    check_hello,
    read_hello,
    welcome,
)
from remote_eval.media.gateway.reaching import RemoteGateway
from remote_eval.media.gateway.sealed import Messages, SealedChannel

GREETING_SECONDS: Final = 10.0
# The Ed25519 key of a device of a site, 32 bytes; None for one that is not to be believed.
KeyOf = Callable[[Greeted], Awaitable[bytes | None]]


async def greet(
    messages: Messages, site: str, *, key: SigningKey, key_of: KeyOf, random: Callable[[int], bytes]
) -> RemoteGateway:
    """The gateway at the other end. Raises MediaError ``gateway.refused``, ``media.unavailable``."""
    try:
        async with asyncio.timeout(GREETING_SECONDS):
            nonce = random(NONCE_BYTES)
            await messages.send(challenge_text(nonce))
            text = await messages.receive()
            if text is None:
                raise MediaError(REFUSED)
            greeted = read_hello(text, site=site, nonce=nonce)
            public = await key_of(greeted)
            if public is None:
                raise MediaError(REFUSED)
            check_hello(greeted, public)
            words, keys = welcome(key, greeted, random(SHARE_BYTES))
            await messages.send(words)
            channel = SealedChannel(messages, sending=keys.down, receiving=keys.up)
            gateway = await RemoteGateway.connect(channel)
    except (TimeoutError, ConnectionError) as error:
        raise MediaError(REFUSED) from error
    if gateway.fingerprint != greeted.fingerprint:
        await gateway.aclose()
        raise MediaError(REFUSED)
    return gateway
