"""Passkeys (WebAuthn Level 2): registering one after signing in, and signing in with nothing else.

A passkey that verified its user stands for two factors. Each challenge is 32 random bytes, kept as a hash for
five minutes, bound to its purpose, and taken away by the first answer that names it, right or wrong. Origin,
relying party, user verification and counter are checked by the library. Sign-in names nobody beforehand, so
it tells nothing about who has an account.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

from webauthn import generate_authentication_options, generate_registration_options
from webauthn.helpers import options_to_json_dict
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from app.errors import AccessRefusedError, AppError, ConflictError, NotFoundError
from app.store.repositories.passkeys import Challenge, Passkey
from app.store.repositories.users import User
from app.store.unit_of_work import UnitOfWork
from app.times import to_text
from app.usecases.operations import Actor, note
from app.usecases.people import sessions
from app.usecases.people.accounts import is_usable
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
from app.usecases.people.sessions import SignedIn
from crypto.hashing import sha256

T = TypeVar("T")
LIFETIME: Final = timedelta(minutes=5)
MAX_PASSKEYS: Final = 10
# Challenges are given to anybody: more than this at once is a flood.
MAX_CHALLENGES: Final = 10_000
_CHALLENGE_BYTES: Final = 32
_REGISTER: Final = "register"
_SIGN_IN: Final = "sign-in"


async def registration_options(entrance: Entrance, user: User) -> dict[str, Any]:
    """What the browser needs to make a passkey for this account."""
    challenge = await _given(entrance, _REGISTER, user.id)
    async with entrance.platform.database.read() as uow:
        present = await uow.passkeys.of(user.id)
    options = generate_registration_options(
        rp_id=entrance.host,
        rp_name=RELYING_PARTY,
        user_name=user.login,
        user_id=user.id.encode("ascii"),
        user_display_name=user.login,
        challenge=challenge,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=[PublicKeyCredentialDescriptor(id=bytes_of(one.id)) for one in present],
    )
    return options_to_json_dict(options)


async def register(
    entrance: Entrance, found: SignedIn, credential: Mapping[str, Any], *, label: str, actor: Actor
) -> Passkey:
    """Keep the passkey that the browser made. Raises ``passkey.refused``, ``.taken``, ``.too-many``."""
    user, platform = found.user, entrance.platform
    challenge = await _taken(entrance, credential, _REGISTER)
    if challenge[1] != user.id:
        raise AccessRefusedError("passkey.refused")
    verified = registered(entrance, credential, challenge[0])
    at = platform.now()
    passkey = Passkey(
        id=text_of(verified.credential_id),
        user_id=user.id,
        public_key=verified.credential_public_key,
        sign_count=verified.sign_count,
        label=label,
        created_at=at,
    )

    async def work(uow: UnitOfWork) -> None:
        if len(await uow.passkeys.of(user.id)) >= MAX_PASSKEYS:
            raise ConflictError("passkey.too-many", limit=MAX_PASSKEYS)
        await uow.passkeys.add(passkey)
        await note(uow, actor, "passkey.add", user.id, now=at)

    await platform.database.transact(work)
    return passkey


async def remove(entrance: Entrance, found: SignedIn, passkey_id: str, *, actor: Actor) -> None:
    """Remove a passkey of one's own. Raises NotFoundError ``passkey.unknown``."""

    async def work(uow: UnitOfWork) -> None:
        if not await uow.passkeys.remove(found.user.id, passkey_id):
            raise NotFoundError("passkey.unknown")
        await note(uow, actor, "passkey.remove", found.user.id, now=entrance.platform.now())

    await entrance.platform.database.transact(work)


async def sign_in_options(entrance: Entrance) -> dict[str, Any]:
    """What the browser needs to offer its passkeys: the same for everybody but the challenge."""
    challenge = await _given(entrance, _SIGN_IN, None)
    options = generate_authentication_options(
        rp_id=entrance.host, challenge=challenge, user_verification=UserVerificationRequirement.REQUIRED
    )
    return options_to_json_dict(options)


async def sign_in(
    entrance: Entrance, credential: Mapping[str, Any], *, address: str, token: str, presented: str | None
) -> SignedIn:
    """A session under `token` for whoever's passkey this is. Raises ``passkey.refused``."""

    async def begin(uow: UnitOfWork, user: User, actor: Actor, now: datetime) -> SignedIn:
        return await sessions.begin(
            uow, user, method="passkey", token=token, presented=presented, actor=actor, now=now
        )

    return await _with_proof(entrance, credential, begin, address=address)


async def prove(entrance: Entrance, credential: Mapping[str, Any], *, address: str) -> User:
    """Whose passkey this is; no session begins. Raises ``passkey.refused``."""
    return await _with_proof(entrance, credential, sessions.prove, address=address)


async def _with_proof(
    entrance: Entrance,
    credential: Mapping[str, Any],
    then: Callable[[UnitOfWork, User, Actor, datetime], Awaitable[T]],
    *,
    address: str,
) -> T:
    platform = entrance.platform
    challenge, _ = await _taken(entrance, credential, _SIGN_IN)
    async with platform.database.read() as uow:
        passkey = await uow.passkeys.get(str(credential.get("id")))
    if passkey is None:
        raise AccessRefusedError("passkey.refused")
    verified = authenticated(
        entrance, credential, challenge, public_key=passkey.public_key, sign_count=passkey.sign_count
    )
    now = platform.clock()

    async def work(uow: UnitOfWork) -> T:
        user = await uow.users.get(passkey.user_id)
        usable = user is not None and is_usable(user, mode=platform.mode, now=now)
        usable = usable and handle_in(credential) in (None, passkey.user_id.encode("ascii"))
        moved = await uow.passkeys.used(passkey, sign_count=verified.new_sign_count, at=to_text(now))
        if user is None or not usable or not moved:
            raise AccessRefusedError("passkey.refused")
        actor = Actor(person=user.person, address=address, source="api")
        return await then(uow, user, actor, now)

    return await platform.database.transact(work)


async def _given(entrance: Entrance, purpose: str, user_id: str | None) -> bytes:
    platform = entrance.platform
    challenge, now = platform.random(_CHALLENGE_BYTES), platform.clock()
    row = Challenge(
        id=sha256(challenge).hex(), purpose=purpose, user_id=user_id, expires_at=to_text(now + LIFETIME)
    )

    async def work(uow: UnitOfWork) -> None:
        await uow.passkeys.give(row, now=to_text(now))
        if await uow.passkeys.open_challenges() > MAX_CHALLENGES:
            raise AppError("sign-in.busy")

    await platform.database.transact(work)
    return challenge


async def _taken(entrance: Entrance, credential: Mapping[str, Any], purpose: str) -> tuple[bytes, str | None]:
    """The challenge an answer names, taken away; with the account it was given to."""
    challenge, platform = challenge_in(credential), entrance.platform

    async def work(uow: UnitOfWork) -> Challenge | None:
        return await uow.passkeys.take(sha256(challenge).hex(), purpose=purpose, now=platform.now())

    row = await platform.database.transact(work)
    if row is None:
        raise AccessRefusedError("passkey.refused")
    return challenge, row.user_id
