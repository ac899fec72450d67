"""Passkeys of experts: an expert who signed in with link and one-time code may keep one, and use it instead
of the code with the letters to come. The link stays what opens a letter; a passkey opens none.

Origin, user verification and counter are checked as for accounts (`app.usecases.people.authenticators`). A
passkey tells nobody who its person is or that they were asked: its user handle is random, its name says
nothing, its row hangs on a keyed hash, and the options to sign in list no passkey, so that whoever has
somebody's link learns neither whether there is one nor that two letters went to the same person. Its person
is told of each one that comes or goes, wherever they are written to.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from webauthn import generate_authentication_options, generate_registration_options
from webauthn.helpers import options_to_json_dict
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from app.errors import AccessRefusedError, ConflictError, NotFoundError
from app.store.repositories.expert_passkeys import ExpertPasskey, LetterChallenge
from app.store.repositories.outbox import Message, message_id
from app.store.unit_of_work import UnitOfWork
from app.times import to_text
from app.usecases.delivery.outbox import enqueue
from app.usecases.invitations import contacts, signing_in
from app.usecases.invitations.signing_in import MAX_PASSKEYS, SOMEBODY, Bearer, bearer, owner_of
from app.usecases.operations import note
from app.usecases.people.authenticators import (
    RELYING_PARTY,
    authenticated,
    bytes_of,
    challenge_in,
    handle_in,
    registered,
    text_of,
)
from app.usecases.people.entrance import Entrance
from app.usecases.platform import Platform
from crypto.hashing import sha256
from remote_eval.slots import BEIJING

LIFETIME: Final = timedelta(minutes=5)
# A message about a passkey is worth little when it comes later.
NEWS: Final = timedelta(days=3)
_CHALLENGE_BYTES: Final = 32
_HANDLE_BYTES: Final = 32
_ID_BYTES: Final = 10
_REGISTER: Final = "register"
_SIGN_IN: Final = "sign-in"


async def sign_in_options(entrance: Entrance, shown: Bearer) -> dict[str, Any]:
    """A challenge for whatever passkey the browser has. Raises AccessRefusedError ``letter.refused``."""
    options = generate_authentication_options(
        rp_id=entrance.host,
        challenge=await _given(entrance.platform, shown, _SIGN_IN),
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return options_to_json_dict(options)


async def sign_in(entrance: Entrance, shown: Bearer, credential: Mapping[str, Any]) -> str:
    """Until when the token stands for the passkey of this letter's person.

    Raises AccessRefusedError ``letter.refused``, ``passkey.refused``, ``letter.not-signed-in``."""
    platform = entrance.platform
    challenge, _ = await _taken(platform, shown, credential, _SIGN_IN)
    async with platform.database.read() as uow:
        owner = owner_of(uow, await bearer(uow, shown.letter_id, shown.auth))
        own = await uow.expert_passkeys.of(owner)
    passkey = next((one for one in own if one.credential == credential.get("id")), None)
    if passkey is None:
        raise AccessRefusedError("passkey.refused")
    verified = authenticated(
        entrance, credential, challenge, public_key=passkey.public_key, sign_count=passkey.sign_count
    )
    if handle_in(credential) not in (None, passkey.handle):
        raise AccessRefusedError("passkey.refused")
    now = platform.clock()

    async def work(uow: UnitOfWork) -> str:
        if not await uow.expert_passkeys.used(passkey, sign_count=verified.new_sign_count, on=_day(now)):
            raise AccessRefusedError("passkey.refused")
        await note(uow, SOMEBODY, "expert-passkey.use", shown.letter_id, now=to_text(now))
        return await signing_in.begin(uow, shown, now=now, passkey=passkey.id)

    return await platform.database.transact(work)


async def registration_options(entrance: Entrance, shown: Bearer) -> dict[str, Any]:
    """What the browser needs to make a passkey. Raises ``letter.refused``, ``letter.not-signed-in``."""
    platform = entrance.platform
    present = await listed(platform, shown)
    handle = present[0].handle if present else platform.random(_HANDLE_BYTES)
    # The phone lists this name: it tells two passkeys apart and nothing else.
    name = f"Passkey {handle.hex()[:4]}"
    options = generate_registration_options(
        rp_id=entrance.host,
        rp_name=RELYING_PARTY,
        user_name=name,
        user_id=handle,
        user_display_name=name,
        challenge=await _given(platform, shown, _REGISTER, handle),
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=[PublicKeyCredentialDescriptor(id=bytes_of(one.credential)) for one in present],
    )
    return options_to_json_dict(options)


async def register(entrance: Entrance, shown: Bearer, credential: Mapping[str, Any]) -> ExpertPasskey:
    """Keep the passkey that the browser made.

    Raises ``letter.refused``, ``letter.not-signed-in``, ``passkey.refused``, ``.taken``, ``.too-many``."""
    platform = entrance.platform
    challenge, handle = await _taken(platform, shown, credential, _REGISTER)
    verified, now = registered(entrance, credential, challenge), platform.clock()

    async def work(uow: UnitOfWork) -> ExpertPasskey:
        owner = await _signed_in(uow, shown, now=now)
        passkey = ExpertPasskey(
            id=f"epk_{platform.random(_ID_BYTES).hex()}",
            owner_tag=owner,
            credential=text_of(verified.credential_id),
            handle=handle or b"",
            public_key=verified.credential_public_key,
            sign_count=verified.sign_count,
            created_on=_day(now),
        )
        if len(await uow.expert_passkeys.of(owner)) >= MAX_PASSKEYS:
            raise ConflictError("passkey.too-many", limit=MAX_PASSKEYS)
        await uow.expert_passkeys.add(passkey)
        await note(uow, SOMEBODY, "expert-passkey.add", shown.letter_id, now=to_text(now))
        await _tell(platform, uow, shown, "passkey-added", now=now)
        return passkey

    return await platform.database.transact(work)


async def listed(platform: Platform, shown: Bearer) -> list[ExpertPasskey]:
    """One's own passkeys. Raises AccessRefusedError ``letter.refused``, ``letter.not-signed-in``."""
    async with platform.database.read() as uow:
        return await uow.expert_passkeys.of(await _signed_in(uow, shown, now=platform.clock()))


async def remove(platform: Platform, shown: Bearer, passkey_id: str) -> None:
    """Remove one of one's own passkeys: another's is as unknown as none. What was begun with it ends
    everywhere, and whoever else is signed in at this letter is so no more.

    Raises ``letter.refused``, ``letter.not-signed-in``, NotFoundError ``passkey.unknown``."""
    now = platform.clock()

    async def work(uow: UnitOfWork) -> None:
        owner = await _signed_in(uow, shown, now=now)
        await signing_in.alone(uow, shown, now=now)
        if not await uow.expert_passkeys.remove(owner, passkey_id):
            raise NotFoundError("passkey.unknown")
        await note(uow, SOMEBODY, "expert-passkey.remove", shown.letter_id, now=to_text(now))
        await _tell(platform, uow, shown, "passkey-removed", now=now)

    await platform.database.transact(work)


async def _signed_in(uow: UnitOfWork, shown: Bearer, *, now: datetime) -> str:
    """The tag of the person of this letter, who has shown that it is they."""
    one = await bearer(uow, shown.letter_id, shown.auth)
    await signing_in.require(uow, shown, now=now)
    return owner_of(uow, one)


async def _tell(platform: Platform, uow: UnitOfWork, shown: Bearer, what: str, *, now: datetime) -> None:
    """Write to the letter's person wherever they can be written to: what was done with a stolen phone is told
    by mail, too. The occasion is random: the outbox knows the moment, and no row may lead to a passkey.
    """
    one = await bearer(uow, shown.letter_id, shown.auth)
    for channel, to in contacts.told_by(one.invited.contact):
        message = Message(
            id=message_id(platform.random),
            channel=channel,
            template=what,
            to=to,
            fields={},
            dedupe=f"passkey:{platform.random(_ID_BYTES).hex()}",
            not_before=to_text(now),
            expires_at=to_text(now + NEWS),
            urgent=True,
        )
        await enqueue(uow, message)


async def _given(platform: Platform, shown: Bearer, purpose: str, handle: bytes | None = None) -> bytes:
    challenge, now = platform.random(_CHALLENGE_BYTES), platform.clock()
    row = LetterChallenge(
        invitation_id=shown.letter_id,
        purpose=purpose,
        digest=sha256(challenge).hex(),
        handle=handle,
        expires_at=to_text(now + LIFETIME),
    )
    async with platform.database.read() as uow:
        await bearer(uow, shown.letter_id, shown.auth)
    await platform.database.transact(lambda uow: uow.expert_passkeys.give(row, now=to_text(now)))
    return challenge


async def _taken(
    platform: Platform, shown: Bearer, credential: Mapping[str, Any], purpose: str
) -> tuple[bytes, bytes | None]:
    """The challenge of this letter that an answer names, taken away; with the handle given out with it."""
    async with platform.database.read() as uow:
        await bearer(uow, shown.letter_id, shown.auth)
    challenge = challenge_in(credential)
    digest, now = sha256(challenge).hex(), platform.now()

    async def work(uow: UnitOfWork) -> LetterChallenge | None:
        return await uow.expert_passkeys.take(shown.letter_id, purpose, digest, now=now)

    row = await platform.database.transact(work)
    if row is None:
        raise AccessRefusedError("passkey.refused")
    return challenge, row.handle


def _day(now: datetime) -> str:
    return now.astimezone(BEIJING).date().isoformat()
