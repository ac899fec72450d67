"""Forged bundles for checks 23, 24 and 27, reply receipts for 45 and 46: how a platform would bend what was
asked and answered (draw-proof §8.1).

The platform signs every entry of its own anew; what it cannot make is a signature with the key of a letter,
a later clock of the supervisor's, or an answer that was never given.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from crypto.signing import SigningKey
from draw.letters import sign_statement
from tests.support import forgeries_log
from tests.support.ceremony import START, Ceremony, Cheat, Plan, bundle_bytes, secret
from tests.support.forgery import (
    RICH,
    Evidence,
    Json,
    add,
    body,
    cheated,
    flip,
    forged_line,
    forges,
    put,
)
from tests.support.guest_course import Guests, Said
from tests.support.invited import ABSENCES, INVITED, PARALLEL

STRANGER = SigningKey.from_seed(b"!" * 32)
LONG_AGO = "2023-08-01T00:00:00Z"
FAR = "2023-09-01T00:00:00Z"


def scripted(plan: Plan, *script: str | int, **guests: Any) -> Plan:
    """The plan with another course of its guests."""
    changed = replace(plan.guests, script=script or plan.guests.script, **guests)
    return replace(plan, guests=changed)


def _lie(number: int, name: str, title: str, plan: Plan, **cheats: Cheat) -> None:
    """Entries signed with another content."""
    add(number, name, title, lambda: cheated(plan, **cheats).bundle())


def accepts(*numbers: int) -> tuple[Said, ...]:
    """Acceptances of these invitations, in this order."""
    return tuple(Said(n=n, answer="accept") for n in numbers)


ASKED = ("invite:1", "invite:2", "invite:3")
SUPERVISED = "supervisor"


# -- 23 invitations
_lie(23, "invitation-number-skipped", "invitations 1, 2, 4", PARALLEL, invite_3=body(n=4))
_lie(23, "invitation-number-twice", "two invitations with one number", PARALLEL, invite_3=body(n=2))
_lie(
    23, "invitation-of-another-record", "another SDR in an invitation", PARALLEL, invite_1=body(sdr="00" * 32)
)
_lie(23, "invitation-of-another-draw", "another draw in an invitation", ABSENCES, invite_7=body(draw=1))
_lie(
    23, "answered-before-it-was-sent", "reply_by before the entry", PARALLEL, invite_1=body(reply_by=LONG_AGO)
)
_lie(23, "to-arrive-before-answering", "arrive_by before reply_by", PARALLEL, invite_1=body(reply_by=FAR))
_lie(23, "cancelled-after-the-arrival", "cut_off after arrive_by", PARALLEL, invite_2=body(cut_off=FAR))
for _name, _point in {**forgeries_log.SMALL_ORDER, **forgeries_log.NOT_POINTS}.items():
    _lie(
        23, f"letter-key-{_name}", f"the key of a letter is bad: {_name}", PARALLEL, invite_1=body(key=_point)
    )


@forges(23, "an invitation that the platform did not sign")
def invitation_signature() -> Json:
    ceremony = Ceremony(PARALLEL)
    ceremony.forged["invite:2"] = forged_line("platform")
    return whole(ceremony)


@forges(23, "somebody is invited before the draw")
def invited_before_the_result() -> Json:
    ceremony = Ceremony(PARALLEL)
    ceremony.labels.remove("invite:1")
    ceremony.labels.insert(ceremony.index("result"), "invite:1")
    return whole(ceremony)


@forges(23, "invitations in the log of a draw that says it logs none")
def invitations_after_all() -> Json:
    return whole(Ceremony(replace(PARALLEL, invitations="elsewhere")))


@forges(23, "a sealed draw, not drawn yet, whose platform invites already")
def invited_without_a_result() -> Json:
    ceremony = Ceremony(replace(PARALLEL, stage="sealed"))
    ceremony.labels.append("invite:1")
    return whole(ceremony)


# -- 24 replies
def _said(key: SigningKey, **changed: Any) -> Cheat:
    """An answer signed with this key, whatever it says."""

    def cheat(entry: Any) -> Any:
        said = {**entry.body, **changed}
        signature = sign_statement(key, said["draw"], said["n"], said["answer"], said["at"]).hex()
        return replace(entry, body={**said, "signature": signature})

    return cheat


def whole(ceremony: Ceremony) -> Json:
    """The bundle of a course."""
    found: Any = ceremony.bundle()
    return dict(found)


def _answered(name: str, title: str, plan: Plan, key: Callable[[Plan], SigningKey], **changed: Any) -> None:
    def make() -> Json:
        ceremony = Ceremony(plan)
        ceremony.cheats["reply:1"] = _said(key(plan), **changed)
        return whole(ceremony)

    add(24, name, title, make)


def _letter(n: int, plan: Plan) -> SigningKey:
    return SigningKey.from_seed(secret(plan, "letter", n))


_answered(
    "accepted-by-a-stranger", "an acceptance signed with no letter's key", PARALLEL, lambda _plan: STRANGER
)
_answered(
    "accepted-with-another-letter", "signed with the key of another letter", PARALLEL, partial(_letter, 1)
)
_answered("answer-of-tomorrow", "dated after its entry", PARALLEL, partial(_letter, 2), at=FAR)
_answered(
    "answer-before-the-letter", "dated before its invitation", PARALLEL, partial(_letter, 2), at=LONG_AGO
)
_answered("leave-without-acceptance", "a leave comes first", PARALLEL, partial(_letter, 2), answer="leave")
_answered("answer-to-nobody", "there is no such invitation", PARALLEL, partial(_letter, 4), n=4)
_answered("answer-in-another-draw", "a reply of another draw", PARALLEL, partial(_letter, 2), draw=2)
_lie(
    24,
    "decline-under-an-acceptance",
    "what was signed is another answer",
    PARALLEL,
    reply_1=body(answer="decline"),
)
_lie(24, "answer-with-two-proofs", "signature and record both", PARALLEL, reply_1=body(record="00" * 32))
_lie(24, "answer-without-proof", "neither signature nor record", PARALLEL, reply_1=body(signature=None))
_lie(24, "keypad-accept-twice", "a second acceptance of one letter", ABSENCES, reply_5=body(answer="accept"))
_lie(
    24,
    "keypad-decline-after-accept",
    "an acceptance is turned into a decline",
    ABSENCES,
    reply_5=body(answer="decline"),
)


@forges(24, "a reply that the platform did not sign")
def reply_signature() -> Json:
    ceremony = Ceremony(PARALLEL)
    ceremony.forged["reply:2"] = forged_line("platform")
    return whole(ceremony)


@forges(24, "an answer stands before its invitation")
def answered_before_asked() -> Json:
    plan = scripted(PARALLEL, "invite:1", "reply:1", "invite:2", "invite:3", "reply:2", "reply:3", "record:1")
    return whole(Ceremony(plan))


@forges(24, "an expert declines, and the log goes on to say that they accepted after all")
def accepted_after_declining() -> Json:
    said = (*INVITED.guests.said, Said(n=1, answer="accept", keypad=True))
    script = [*INVITED.guests.script]
    script.insert(script.index("reply:1") + 1, "reply:6")
    return whole(Ceremony(scripted(INVITED, *script, said=said)))


@forges(24, "somebody leaves twice")
def left_twice() -> Json:
    said = (*ABSENCES.guests.said, Said(n=1, answer="leave", keypad=True))
    script = [*ABSENCES.guests.script]
    script.insert(script.index("reply:5") + 1, "reply:9")
    return whole(Ceremony(scripted(ABSENCES, *script, said=said)))


@forges(24, "a reply in a draw that logs no invitations")
def reply_elsewhere() -> Json:
    plan = replace(
        RICH, guests=Guests(script=("invite:1", "reply:1"), seats=(0,), said=(Said(n=1, answer="accept"),))
    )
    ceremony = Ceremony(replace(plan, events=()))
    ceremony.entry("reply:1")
    ceremony.labels.remove("invite:1")
    return whole(ceremony)


# -- 27 records
_lie(27, "record-topic", "a record of an unknown topic", PARALLEL, record_1=body(topic="gossip"))
_lie(27, "record-of-another-draw", "a record of another draw", PARALLEL, record_1=body(draw=0))
_lie(
    27,
    "record-after-the-opening",
    "an unknown topic behind the opening",
    PARALLEL,
    record_2=body(topic="roster2"),
)


@forges(27, "a record that the platform did not sign")
def record_signature() -> Json:
    ceremony = Ceremony(PARALLEL)
    ceremony.forged["record:1"] = forged_line("platform")
    return whole(ceremony)


@forges(27, "a roster is put on record before the draw is sealed")
def record_before_the_seal() -> Json:
    ceremony = Ceremony(PARALLEL)
    ceremony.labels.remove("record:1")
    ceremony.labels.insert(ceremony.index("seal"), "record:1")
    return whole(ceremony)


@forges(27, "a record in a draw that was never sealed")
def record_without_a_seal() -> Json:
    ceremony = Ceremony(replace(PARALLEL, stage="requested"))
    ceremony.labels.append("record:1")
    return whole(ceremony)


# -- 13: what may stand behind the opening
@forges(13, "an invitation behind the opening")
def invited_after_the_opening() -> Json:
    plan = scripted(PARALLEL, *PARALLEL.guests.script, 4800, "invite:4", seats=(2, 0, 1, 1))
    ceremony = Ceremony(plan)
    ceremony.labels.remove("invite:4")
    ceremony.labels.append("invite:4")
    return whole(ceremony)


# -- 45 and 46, what an expert holds
def _receipt(number: int, name: str, title: str, change: Callable[[Json], None], *, which: int = 1) -> None:
    def make() -> Evidence:
        ceremony = Ceremony(ABSENCES)
        receipt: Any = ceremony.reply_receipt(which)
        change(receipt)
        return Evidence(bundle=bundle_bytes(ceremony.bundle()), reply=bundle_bytes(receipt))

    add(number, name, title, make)


def _dig(*path: Any, value: Any) -> Callable[[Json], None]:
    return lambda receipt: put(receipt, *path, value=value)


def _bent(*path: Any) -> Callable[[Json], None]:
    def change(receipt: Json) -> None:
        found: Any = receipt
        for step in path:
            found = found[step]
        put(receipt, *path, value=flip(found))

    return change


def _swap(receipt: Json) -> None:
    receipt["invite"], receipt["reply"] = receipt["reply"], receipt["invite"]


_SIGNED = ("entry", "signatures", 0, "signature")
_receipt(45, "reply-receipt-format", "another format", _dig("format", value="qt/1 receipt"))
_receipt(45, "reply-receipt-member", "a member too many", _dig("note", value="x"))
_receipt(45, "reply-receipt-origin", "of another log", _dig("origin", value="log.other.cn"))
_receipt(45, "reply-receipt-checkpoint", "no checkpoint", _dig("checkpoint", value="x"))
_receipt(45, "reply-receipt-swapped", "reply and invitation change places", _swap)
_receipt(45, "reply-receipt-index", "another place in the log", _dig("reply", "index", value=1))
_receipt(45, "reply-receipt-proof", "a bent proof", _bent("reply", "proof", 0))
_receipt(
    45, "reply-receipt-answer", "another answer", _dig("reply", "entry", "body", "answer", value="decline")
)
_receipt(45, "reply-receipt-signature", "a bent signature", _bent("invite", *_SIGNED))


@forges(45, "the receipt's invitation is another than the one answered")
def receipt_of_two_letters() -> Evidence:
    ceremony = Ceremony(ABSENCES)
    receipt: Any = ceremony.reply_receipt(1)
    receipt["invite"] = dict(ceremony.reply_receipt(2))["invite"]
    return Evidence(bundle=bundle_bytes(ceremony.bundle()), reply=bundle_bytes(receipt))


@forges(45, "a checkpoint that the supervisor did not sign")
def receipt_without_the_supervisor() -> Evidence:
    honest, other = Ceremony(ABSENCES), Ceremony(ABSENCES)
    other.keys["supervisor"] = STRANGER
    receipt: Any = honest.reply_receipt(1)
    receipt["checkpoint"] = honest.log.note(len(honest.labels), at=START + 9000)
    lines = other.log.note(len(honest.labels), at=START + 9000).splitlines()
    mixed = receipt["checkpoint"].splitlines()
    mixed[-2] = lines[-2]
    receipt["checkpoint"] = "\n".join(mixed) + "\n"
    return Evidence(bundle=bundle_bytes(honest.bundle()), reply=bundle_bytes(receipt))


@forges(45, "an answer with a proof that is none, on the receipt and in no bundle")
def receipt_of_a_bad_answer() -> Evidence:
    ceremony = cheated(PARALLEL, reply_1=body(at=FAR))
    honest = Ceremony(replace(PARALLEL, stage="revealed"))
    del honest.labels[honest.index("reply:1") :]
    receipt = ceremony.reply_receipt(1)
    return Evidence(bundle=bundle_bytes(honest.bundle()), reply=bundle_bytes(receipt))


@forges(46, "the platform tells the expert of one log and shows everybody another: the answer is left out")
def answer_left_out() -> Evidence:
    told = Ceremony(ABSENCES)
    shown = Ceremony(
        scripted(
            ABSENCES,
            said=(
                *ABSENCES.guests.said[:6],
                replace(ABSENCES.guests.said[6], keypad=True),
                ABSENCES.guests.said[7],
            ),
        )
    )
    return Evidence(bundle=bundle_bytes(shown.bundle()), reply=bundle_bytes(told.reply_receipt(7)))


@forges(46, "the expert accepted, and the bundle says they did not answer in time")
def acceptance_turned_into_silence() -> Evidence:
    events = ((0, "timeout", SUPERVISED),)
    told = Plan(
        seed=7,
        invitations="logged",
        events=events,
        guests=Guests(script=(*ASKED, "reply:1"), seats=(0, 1, 2), said=accepts(1)),
        stage="revealed",
    )
    hidden = Guests(
        script=(*ASKED, "reply:1", "reply:2", 300, "event:1", "answer:1", "invite:4", "reply:3"),
        seats=(0, 1, 2, 0),
        said=accepts(2, 3, 4),
    )
    shown = replace(told, stage="opened", guests=hidden)
    receipt = Ceremony(told).reply_receipt(1)
    return Evidence(bundle=bundle_bytes(Ceremony(shown).bundle()), reply=bundle_bytes(receipt))


@forges(46, "the receipt of another draw in the same log")
def answer_in_the_draw_before() -> Evidence:
    return Evidence(
        bundle=bundle_bytes(Ceremony(PARALLEL, prefix=1).bundle()),
        reply=bundle_bytes(Ceremony(PARALLEL).reply_receipt(1)),
    )
