"""`/v1/users`: accounts, for those who manage them. Nobody manages the own one, and no route changes a role.

Adding and resetting answer with an enrolment token, which no store may keep: they take no Idempotency-Key. A
repeated adding is refused by the login name, and whoever lost the answer resets.
"""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import Field

from app.api.declared import KEYED, problems
from app.api.idempotent import Answer, once
from app.api.pages import DEFAULT_LIMIT, MAX_LIMIT, cursor_of, link_next, read_cursor
from app.api.people_schemas import UserIn, UserPage, UserStateOut, UserTokenOut
from app.api.principals import PlatformDep, acting, actor_of
from app.api.strict_json import StrictRoute
from app.store.repositories.users import User
from app.store.unit_of_work import UnitOfWork
from app.times import to_text
from app.usecases.operations import note
from app.usecases.people import accounts
from app.usecases.people.accounts import AccountOrder, Chance
from app.usecases.people.enrolments import TOKEN_BYTES, new_token
from app.usecases.platform import Platform
from app.usecases.principals import Principal
from crypto.canonical import JsonValue

router = APIRouter(prefix="/v1", tags=["users"], route_class=StrictRoute)
Reader = Annotated[Principal, Depends(acting("users.read"))]
Writer = Annotated[Principal, Depends(acting("users.write"))]
Approver = Annotated[Principal, Depends(acting("users.approve"))]
_UNKEPT: Final = {"Cache-Control": "no-store"}
MOST_IDS: Final = 20
Ids = Annotated[
    list[Annotated[str, Field(min_length=1, max_length=64)]] | None,
    Query(
        alias="id",
        max_length=MOST_IDS,
        description="Only these accounts, on one page; unknown ones are left out.",
    ),
]


@router.get("/users", operation_id="listUsers", response_model=UserPage, responses=problems(401, 403))
async def get_users(
    request: Request,
    response: Response,
    platform: PlatformDep,
    principal: Reader,
    *,
    cursor: str | None = None,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT,
    ids: Ids = None,
) -> dict[str, Any]:
    """Accounts by login name, or those of some ids; that they were read is on record."""
    response.headers.update(_UNKEPT)
    after = (read_cursor(cursor) or ("", ""))[0]
    actor = actor_of(request, principal)

    async def work(uow: UnitOfWork) -> list[User]:
        await note(uow, actor, "users.read", "-", now=platform.now())
        if ids is not None:
            return await uow.users.of_ids(ids, mode=platform.mode)
        return await uow.users.listed(mode=platform.mode, after=after, limit=limit + 1)

    found = await platform.database.transact(work)
    if ids is not None:
        return {"items": [_shown(one, platform) for one in found], "next": None}
    following = cursor_of(found[limit - 1].login, "") if len(found) > limit else None
    link_next(request, response, following)
    return {"items": [_shown(one, platform) for one in found[:limit]], "next": following}


@router.post(
    "/users",
    status_code=201,
    operation_id="addUser",
    response_model=UserTokenOut,
    responses=problems(401, 403, 409, 413, 415, 422),
)
async def post_user(
    request: Request, response: Response, platform: PlatformDep, principal: Writer, asked: UserIn
) -> dict[str, Any]:
    """Add an account. It can be enrolled in once another person has approved it."""
    response.headers.update(_UNKEPT)
    order = AccountOrder(
        login=asked.login, name=asked.name, role=asked.role, agency_id=asked.agency, site_id=asked.site
    )
    token = new_token(platform.random(TOKEN_BYTES))
    chance = Chance(id=platform.random(accounts.ID_BYTES), token=token)
    actor, now = actor_of(request, principal), platform.clock()
    user = await platform.database.transact(
        lambda uow: accounts.add(
            uow, principal, order, mode=platform.mode, actor=actor, chance=chance, now=now
        )
    )
    return _with_token(user, token, platform)


@router.post(
    "/users/{user_id}:approve",
    dependencies=KEYED,
    operation_id="approveUser",
    response_model=UserStateOut,
    responses=problems(401, 403, 404, 409),
)
async def post_approval(
    request: Request, platform: PlatformDep, principal: Approver, user_id: str
) -> Response:
    """Let an account be used that another person added."""
    actor = actor_of(request, principal)

    async def work(uow: UnitOfWork) -> Answer:
        user = await accounts.approve(uow, principal, user_id, actor=actor, now=platform.clock())
        return Answer(status=200, content=_kept(user, platform))

    return await once(request, principal, work)


@router.post(
    "/users/{user_id}:disable",
    dependencies=KEYED,
    operation_id="disableUser",
    response_model=UserStateOut,
    responses=problems(401, 403, 404, 409),
)
async def post_disabling(
    request: Request, platform: PlatformDep, principal: Writer, user_id: str
) -> Response:
    """End an account, its passkeys and its sessions, now and for good."""
    actor = actor_of(request, principal)

    async def work(uow: UnitOfWork) -> Answer:
        user = await accounts.disable(
            uow, principal, user_id, mode=platform.mode, actor=actor, now=platform.clock()
        )
        return Answer(status=200, content=_kept(user, platform))

    return await once(request, principal, work)


@router.post(
    "/users/{user_id}:reset",
    operation_id="resetUser",
    response_model=UserTokenOut,
    responses=problems(401, 403, 404, 409),
)
async def post_reset(
    request: Request, response: Response, platform: PlatformDep, principal: Writer, user_id: str
) -> dict[str, Any]:
    """Take every credential away and open an enrolment, which another person approves again."""
    response.headers.update(_UNKEPT)
    token = new_token(platform.random(TOKEN_BYTES))
    actor, now = actor_of(request, principal), platform.clock()
    user = await platform.database.transact(
        lambda uow: accounts.reset(
            uow, principal, user_id, mode=platform.mode, actor=actor, token=token, now=now
        )
    )
    return _with_token(user, token, platform)


def _with_token(user: User, token: str, platform: Platform) -> dict[str, Any]:
    return _shown(user, platform) | {"enrolment": token, "enrolment_until": user.enrolment_until}


def _shown(user: User, platform: Platform) -> dict[str, Any]:
    return {
        "id": user.id,
        "login": user.login,
        "name": user.name,
        "role": user.role,
        "agency": user.agency_id,
        "site": user.site_id,
        "state": _state(user, platform),
        "created_at": user.created_at,
        "created_by": user.created_by,
        "approved_by": user.approved_by,
        "seen_at": user.seen_at,
        "disabled_at": user.disabled_at,
    }


def _kept(user: User, platform: Platform) -> dict[str, JsonValue]:
    """What may lie in the store of answers: no name."""
    shown = _shown(user, platform)
    return {name: shown[name] for name in UserStateOut.model_fields}


def _state(user: User, platform: Platform) -> str:
    if user.disabled_at is not None:
        return "disabled"
    if user.approved_by is None:
        return "waiting"
    if user.seen_at is None:
        return "enrolling"
    usable = user.seen_at > to_text(platform.clock() - accounts.STALE)
    return "usable" if usable else "stale"
