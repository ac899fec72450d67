"""Puts the engine together: for a Janus that runs already, or for one that this process starts and ends.

The settings that name it: ``QIANTONG_ROOM_ENGINE=janus``, ``QIANTONG_JANUS_URL``,
``QIANTONG_JANUS_ADMIN_URL``, ``QIANTONG_JANUS_SECRET_FILE``; read by whoever composes the room process.
"""

from pathlib import Path

from remote_eval.media.janus.configuration import JanusConfiguration, JanusSecrets
from remote_eval.media.janus.engine import JanusEngine
from remote_eval.media.janus.link import LinkSettings
from remote_eval.media.janus.process import JanusProcess
from remote_eval.media.lite.masking import make_voice_mask
from remote_eval.media.lite.plugs import MakeMask, MakeSink


async def janus_engine(
    url: str,
    admin_url: str,
    secret_file: Path,
    *,
    make_sink: MakeSink | None = None,
    make_mask: MakeMask | None = make_voice_mask,
    tap_host: str = "127.0.0.1",
    fingerprint: str | None = None,
) -> JanusEngine:
    """A started engine over a Janus that runs already, configured as docs/janus.md says.

    `tap_host` is an address of this process that Janus can send to. Raises ``media.janus-secret``,
    ``media.unavailable``, ``media.janus-refused``.
    """
    secrets = JanusSecrets.read(secret_file)
    engine = JanusEngine(
        api=LinkSettings(url=url, secret=secrets.api),
        admin=LinkSettings(url=admin_url, secret=secrets.admin),
        rooms_key=secrets.rooms,
        make_sink=make_sink,
        make_mask=make_mask,
        tap_host=tap_host,
        fingerprint=fingerprint,
    )
    await engine.start()
    return engine


async def own_janus_engine(
    folder: Path,
    settings: JanusConfiguration,
    *,
    make_sink: MakeSink | None = None,
    make_mask: MakeMask | None = make_voice_mask,
) -> JanusEngine:
    """A started engine with a Janus of its own, which `folder` configures and which ends with the engine.

    Raises ``media.janus-missing``, ``media.janus-start``.
    """
    engine = JanusEngine(
        api=LinkSettings(url=settings.url, secret=settings.secrets.api),
        admin=LinkSettings(url=settings.admin_url, secret=settings.secrets.admin),
        rooms_key=settings.secrets.rooms,
        make_sink=make_sink,
        make_mask=make_mask,
        process=JanusProcess(folder, settings),
    )
    await engine.start()
    return engine
