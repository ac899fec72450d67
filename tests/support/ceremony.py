"""A whole draw in memory: four parties, a log with cosigners, synthetic records, and hooks to cheat.

A ceremony is a course of labels ("request", "commit:agency", "seal", "event:1" …). The entry of a label is
built from the real core when first asked for, so its log index is known beforehand and entries may refer to
one another however the course is bent. A cheat changes what a party is about to sign, a forged signature
changes it afterwards; everything built later follows from the lie and is signed anew. Times, keys and secrets
come from the plan alone: the same plan gives the same bytes.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from crypto.canonical import JsonValue, canonical
from crypto.commitment import commit_role
from crypto.hashing import sha256, tagged
from crypto.merkle import Tree
from crypto.sealing import x25519_public
from crypto.signing import SigningKey
from crypto.vrf import VrfKey
from draw import cells as draw_cells
from draw import disclosure, outcome, proof, record
from draw.avoidance.engine import Engine, beijing_date
from draw.avoidance.rules import Rules
from draw.cells import Assessor, Cells, invite_salt, seat_commitment, seat_salt
from draw.entries import Entry, Signature, leaf_hash, message, signers
from draw.entry_bodies import ROLES, from_seconds
from draw.letters import evidence_digest, letter_digest, record_digest, sign_statement
from draw.model import Case, DrawParameters, ExpertRecord
from draw.outcome import Outcome, Vacancy
from draw.proof import BundleParts, Logged
from draw.record import BeaconChoice, Deadlines, RecordParts, SealedRecord
from draw.replacement import supervisor_alpha
from draw.snapshot import Snapshot
from tests.support import synthetic_pool
from tests.support.ceremony_log import Log
from tests.support.guest_course import ARRIVE_SECONDS, REPLY_SECONDS, Guests
from tests.support.synthetic_pool import Shape

DRAND = json.loads((Path(__file__).parents[1] / "vectors" / "drand.json").read_text("utf-8"))
ORIGIN = "log.example.cn/qiantong"
NAMES = {
    "platform": "platform.example.cn",
    "agency": "agency.example.cn",
    "supervisor": "supervisor.example.cn",
    "cosigner": "cosigner.example.cn",
}
# 2023-08-23T15:20:00Z; round 1000 of quicknet is due 2,364 seconds later.
START = 1_692_804_000
ROUND_1000 = BeaconChoice(chain="quicknet", round=1000)
OFFSETS = {
    "key": 0,
    "pool": 10,
    "request": 100,
    "commit": 200,
    "seal": 1200,
    "escrow": 1300,
    "reveal": 2400,
    "result": 2500,
    "event": 3000,
    "answer": 3010,
    "open": 7200,
    "abort": 7300,
}
DEADLINES = Deadlines(
    reveal=from_seconds(START + 2450), result=from_seconds(START + 3600), open=from_seconds(START + 7000)
)
Cheat = Callable[[Entry], Entry]


def secret(plan: "Plan", *names: object) -> bytes:
    """32 bytes that depend on the plan's seed and a name."""
    return hashlib.sha256(":".join(str(name) for name in ("secret", plan.seed, *names)).encode()).digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What happens: request, pool, events (seat, class, mode), beacon, reveals, end."""

    seed: int = 1
    shape: Shape = field(default_factory=Shape)
    rules: Rules = field(default_factory=synthetic_pool.rules)
    case: Case = field(default_factory=synthetic_pool.case)
    beacon: BeaconChoice | None = None
    events: tuple[tuple[int, str, str], ...] = ()
    from_escrow: tuple[str, ...] = ()
    stage: str = "opened"
    abort: str | None = None
    override: str | None = None
    round: int = 1
    previous: int | None = None
    invitations: str = "elsewhere"
    guests: Guests = field(default_factory=Guests)


STAGE_LABELS = ("requested", "sealed", "escrowed", "revealed", "opened")


def course(plan: Plan) -> list[str]:
    """The labels of an honest course up to the plan's stage, and the abort if there is one."""
    labels = [*(f"key:{role}" for role in ROLES), "pool", "request"]
    reached = STAGE_LABELS.index(plan.stage)
    if reached >= STAGE_LABELS.index("sealed"):
        labels += ["commit:agency", "commit:supervisor", "seal"]
    if reached >= STAGE_LABELS.index("escrowed"):
        labels += ["escrow:agency", "escrow:supervisor"]
    if reached >= STAGE_LABELS.index("revealed"):
        labels += ["reveal:agency", "reveal:supervisor", "result"]
        labels += plan.guests.labels() or settled(plan.events)
    if reached == STAGE_LABELS.index("opened"):
        labels += ["open", *plan.guests.afterwards]
    return labels + (["abort"] if plan.abort else [])


def settled(events: Sequence[tuple[int, str, str]]) -> list[str]:
    """Events one after another, each answered where its mode asks for it."""
    modes = enumerate((mode for _, _, mode in events), 1)
    pairs = ((f"event:{t}", f"answer:{t}" if mode == "supervisor" else "") for t, mode in modes)
    return [label for pair in pairs for label in pair if label]


class Ceremony:
    """One draw. `cheats` and `forged` act on labels, `labels` may be rearranged; all before `bundle`."""

    def __init__(self, plan: Plan, *, prefix: int = 0) -> None:
        """`prefix` puts that many foreign entries before this draw, so that k differs."""
        self.plan = plan
        self.labels: list[str] = [*(f"foreign:{n}" for n in range(prefix)), *course(plan)]
        self.cheats: dict[str, Cheat] = {}
        self.forged: dict[str, Cheat] = {}
        self.keys = {role: SigningKey.from_seed(secret(plan, "sign", role)) for role in ROLES}
        self.vrf = {r: VrfKey.from_seed(secret(plan, "vrf", r)) for r in ("platform", "supervisor")}
        self.names = dict(NAMES)
        self.sealing_public = x25519_public(secret(plan, "x25519"))
        self.r = {role: secret(plan, "r", role) for role in ("agency", "supervisor")}
        self.cell_key, self.tag_key = secret(plan, "cell key"), secret(plan, "tag key")
        self.case_salt = secret(plan, "case salt")
        self.seal_size: int | None = None
        self.cosigned_at: int | None = None
        self.bend_cells: Callable[[Cells], Cells] = lambda cells: cells
        self.bend_engine: Callable[[Assessor], Assessor] = lambda engine: engine
        self._entries: dict[str, Entry] = {}

    # -- pool, cells and record

    @cached_property
    def records(self) -> list[ExpertRecord]:
        return synthetic_pool.experts(self.plan.shape, self.plan.seed)

    @cached_property
    def snapshot(self) -> Snapshot:
        return Snapshot.build(self.records, secret(self.plan, "salt key"))

    @property
    def parameters(self) -> DrawParameters:
        return synthetic_pool.parameters(self.plan.shape)

    @cached_property
    def cells(self) -> Cells:
        engine = self.bend_engine(Engine(self.plan.case, self.plan.rules, self.parameters))
        honest = draw_cells.build(
            self.snapshot,
            engine,
            strata=len(self.parameters.strata),
            sites=len(self.parameters.sites),
            t0=beijing_date(self.plan.case.evaluation.since),
            cell_key=self.cell_key,
            tag_key=self.tag_key,
        )
        return self.bend_cells(honest)

    def index(self, label: str) -> int:
        """Log index of a label."""
        return self.labels.index(label)

    @cached_property
    def record(self) -> SealedRecord:
        """The record as signed, cheats included."""
        body = self.entry("seal").body
        return SealedRecord(body=body, hash=record.sdr_hash(body))

    def record_parts(self) -> RecordParts:
        return RecordParts(
            draw=self.index("request"),
            request=self.entry("request"),
            pool_index=self.index("pool"),
            pool=self.entry("pool"),
            rules=self.plan.rules,
            case=self.plan.case,
            case_salt=self.case_salt,
            parameters=self.parameters,
            cells=self.cells,
            vrf={role: key.public for role, key in self.vrf.items()},
            commitments={role: self.commitment(role) for role in ("agency", "supervisor")},
            beacon=self.plan.beacon,
            override=self.plan.override,
            deadlines=DEADLINES,
            sealed_at=self._time("seal"),
            invitations=self.plan.invitations,
        )

    def commitment(self, role: str) -> bytes:
        return commit_role(self.index("request"), role, self.r[role])

    # -- entries

    def entry(self, label: str) -> Entry:
        """The entry of a label, signed, with its cheat and forged signature applied."""
        if label not in self._entries:
            kind, _, rest = label.partition(":")
            build = getattr(self, f"_{kind}")
            body = build(rest) if rest else build()
            name = "key" if kind == "foreign" else kind
            entry = Entry(type=name, time=self._time(label), body=body)
            entry = self.sign(self.cheats.get(label, _same)(entry))
            self._entries[label] = self.forged.get(label, _same)(entry)
        return self._entries[label]

    def sign(self, entry: Entry, keys: Mapping[str, SigningKey] | None = None) -> Entry:
        """Signed by everyone the table asks for, whatever the body says."""
        held = {**self.keys, **(keys or {})}
        lines = tuple(
            Signature(role=role, key=held[role].public, signature=held[role].sign(message(entry)))
            for role in signers(entry)
        )
        return replace(entry, signatures=lines)

    def _time(self, label: str) -> str:
        moment = self.plan.guests.moments().get(label)
        if moment is not None:
            return from_seconds(START + moment)
        kind, _, rest = label.partition(":")
        extra = 20 * int(rest) if kind in ("event", "answer") else 0
        return from_seconds(START + OFFSETS.get(kind, 0) + extra)

    def _foreign(self, number: str) -> dict[str, Any]:
        key = SigningKey.from_seed(secret(self.plan, "foreign", number))
        return {
            "role": "agency",
            "name": f"other {number}",
            "public": key.public.hex(),
            "vrf": None,
            "seal": None,
        }

    def _key(self, role: str) -> dict[str, Any]:
        return {
            "role": role,
            "name": self.names[role],
            "public": self.keys[role].public.hex(),
            "vrf": self.vrf[role].public.hex() if role in self.vrf else None,
            "seal": self.sealing_public.hex() if role == "cosigner" else None,
        }

    def _pool(self) -> dict[str, Any]:
        return {
            "pool": "experts",
            "version": 1,
            "size": self.snapshot.size,
            "root": self.snapshot.root.hex(),
            "basis": "synthetic experts",
        }

    def _request(self) -> dict[str, Any]:
        case = self.plan.case
        return {
            "section": record.section_hash(case.project, case.section).hex(),
            "round": self.plan.round,
            "previous": self.plan.previous,
            "parties": {role: key.public.hex() for role, key in self.keys.items()},
        }

    def _commit(self, role: str) -> dict[str, Any]:
        return {"draw": self.index("request"), "role": role, "commitment": self.commitment(role).hex()}

    def _seal(self) -> dict[str, Any]:
        return dict(record.assemble(self.record_parts()).body)

    def sealed_bytes(self, role: str) -> bytes:
        """Stands for the HPKE message, whose bytes are random; only its digest is ever public."""
        return b"sealed for the cosigner: " + secret(self.plan, "ciphertext", role)

    def _escrow(self, role: str) -> dict[str, Any]:
        return {
            "draw": self.index("request"),
            "role": role,
            "commitment": self.commitment(role).hex(),
            "sealed": sha256(self.sealed_bytes(role)).hex(),
            "sdr": self.record.hash.hex(),
        }

    def _reveal(self, role: str) -> dict[str, Any]:
        return {
            "draw": self.index("request"),
            "role": role,
            "r": self.r[role].hex(),
            "from": "escrow" if role in self.plan.from_escrow else "holder",
            "sdr": self.record.hash.hex(),
        }

    @cached_property
    def beacon(self) -> dict[str, Any] | None:
        if self.plan.beacon is None:
            return None
        chain, number = self.plan.beacon.chain, self.plan.beacon.round
        genuine = next(one for one in DRAND[chain]["rounds"] if one["round"] == number)
        return {
            "chain": chain,
            "round": number,
            "signature": genuine["signature"],
            "previous": genuine.get("previous_signature"),
        }

    @cached_property
    def alpha(self) -> bytes:
        """From what was in fact revealed and logged."""
        r = {role: bytes.fromhex(self.entry(f"reveal:{role}").body["r"]) for role in ("agency", "supervisor")}
        signature = None if self.beacon is None else bytes.fromhex(self.beacon["signature"])
        digest = bytes(32) if signature is None else sha256(signature)
        return tagged("qt/1 alpha", self.record.hash, r["agency"], r["supervisor"], digest)

    def _result(self) -> dict[str, Any]:
        return {
            "draw": self.index("request"),
            "sdr": self.record.hash.hex(),
            "beacon": self.beacon,
            "alpha": self.alpha.hex(),
            "beta": outcome.result_commitment(self.vrf["platform"], self.alpha).hex(),
        }

    def _event(self, number: str) -> dict[str, Any]:
        t = int(number)
        seat, kind, mode = self.plan.events[t - 1]
        return {
            "draw": self.index("request"),
            "sdr": self.record.hash.hex(),
            "t": t,
            "seat": seat_commitment(seat_salt(self.cell_key, t), seat).hex(),
            "class": kind,
            "mode": mode,
            "evidence": tagged("qt/1 evidence", f"refusal {t}".encode()).hex(),
        }

    def answer_pi(self, t: int) -> bytes:
        return self.vrf["supervisor"].prove(supervisor_alpha(self.record.hash, t))

    def _answer(self, number: str) -> dict[str, Any]:
        return {
            "draw": self.index("request"),
            "t": int(number),
            "event": leaf_hash(self.entry(f"event:{number}")).hex(),
            "pi": self.answer_pi(int(number)).hex(),
        }

    def letter_key(self, n: int) -> SigningKey:
        """The key in the letter of invitation n."""
        return SigningKey.from_seed(secret(self.plan, "letter", n))

    def _invite(self, number: str) -> dict[str, Any]:
        n, sent = int(number), START + self.plan.guests.moments()[f"invite:{number}"]
        return {
            "draw": self.index("request"),
            "sdr": self.record.hash.hex(),
            "n": n,
            "seat": seat_commitment(invite_salt(self.cell_key, n), self.plan.guests.seats[n - 1]).hex(),
            "key": self.letter_key(n).public.hex(),
            "letter": letter_digest(f"sealed letter {n}".encode()).hex(),
            "reply_by": from_seconds(sent + REPLY_SECONDS),
            "cut_off": from_seconds(sent + REPLY_SECONDS),
            "arrive_by": from_seconds(sent + ARRIVE_SECONDS),
        }

    def _reply(self, number: str) -> dict[str, Any]:
        """The answer labelled so: signed on the page, or the digest of a keypad record."""
        said = self.plan.guests.said[int(number) - 1]
        k, at = self.index("request"), from_seconds(START + self.plan.guests.said_at(int(number)))
        record = evidence_digest(f"keypad record {number}".encode()).hex()
        signature = sign_statement(self.letter_key(said.n), k, said.n, said.answer, at).hex()
        return {
            "draw": k,
            "n": said.n,
            "answer": said.answer,
            "at": at,
            "signature": None if said.keypad else signature,
            "record": record if said.keypad else None,
        }

    def _record(self, number: str) -> dict[str, Any]:
        topic = self.plan.guests.topics[int(number) - 1]
        digest = record_digest(f"document {number}".encode()).hex()
        return {"draw": self.index("request"), "topic": topic, "digest": digest}

    def _open(self) -> dict[str, Any]:
        return {
            "draw": self.index("request"),
            "sdr": self.record.hash.hex(),
            "events": len(self.plan.events),
        }

    def _abort(self) -> dict[str, Any]:
        sealed = "seal" in self.labels
        return {
            "draw": self.index("request"),
            "sdr": self.record.hash.hex() if sealed else None,
            "reason": self.plan.abort,
        }

    # -- outcome, log and bundle

    @cached_property
    def outcome(self) -> Outcome:
        drawn = outcome.draw(self.record, self.cells, key=self.vrf["platform"], alpha=self.alpha)
        vacancies = [
            Vacancy(t=t, seat=seat, mode=mode, pi=self.answer_pi(t) if mode == "supervisor" else None)  # type: ignore[arg-type]
            for t, (seat, _, mode) in enumerate(self.plan.events, 1)
        ]
        return outcome.fold(self.record, drawn, vacancies)

    @cached_property
    def log(self) -> Log:
        return Log(self.keys, self.names, [self.entry(label) for label in self.labels], origin=ORIGIN)

    def opening(self) -> dict[str, JsonValue]:
        invited = self.plan.guests.seats[: sum(label.startswith("invite:") for label in self.labels)]
        return proof.opening(self.outcome, self.cells, self.plan.rules.publish, invited)

    def logged(self) -> list[Logged]:
        """The entries a bundle shows: keys, pool once sealed, and this draw's."""
        hidden = () if "seal" in self.labels else ("pool",)
        return [
            Logged(index=at, entry=self.entry(label), proof=self.log.tree.inclusion(at))
            for at, label in enumerate(self.labels)
            if not label.startswith("foreign:") and label not in hidden
        ]

    def bundle(self) -> dict[str, JsonValue]:
        """The bundle of the whole course."""
        sealed = "seal" in self.labels
        size = (self.seal_size or self.index("seal") + 1) if sealed else 0
        parts = BundleParts(
            origin=ORIGIN,
            seal_note=self.log.note(size, at=self.cosigned_at or START + OFFSETS["seal"] + 5)
            if sealed
            else None,
            final_note=self.log.note(len(self.labels), at=START + 9000),
            consistency=self.log.tree.consistency(size) if sealed else None,
            entries=self.logged(),
            rules=self.plan.rules.to_json() if sealed else None,
            opening=self.opening() if proof.stage_of(self._types()) == "opened" else None,
        )
        return proof.assemble(parts)

    def _types(self) -> list[str]:
        return [self.entry(label).type for label in self.labels]

    def pool_file(self) -> dict[str, JsonValue]:
        return disclosure.pool_file(self.index("request"), self.cells, self.plan.case, self.case_salt)

    def receipt(self, expert_id: str) -> dict[str, JsonValue]:
        return disclosure.receipt(self.index("request"), self.cells, expert_id)

    def reply_receipt(self, number: int, *, size: int | None = None) -> dict[str, JsonValue]:
        """What the expert got for answer `number`, under a checkpoint of `size` entries (all of them)."""
        reply, size = self.index(f"reply:{number}"), size or len(self.labels)
        invite = self.index(f"invite:{self.plan.guests.said[number - 1].n}")
        tree = Tree(self.log.leaves[:size])
        entries = [
            Logged(index=at, entry=self.entry(self.labels[at]), proof=tree.inclusion(at))
            for at in (invite, reply)
        ]
        return disclosure.reply_receipt(ORIGIN, self.log.note(size, at=START + 9000), *entries)

    def trust(self) -> dict[str, JsonValue]:
        """A trust file that lists exactly these parties."""
        listed = {role: [key.public.hex()] for role, key in self.keys.items()}
        return {"format": "qt/1 trust", "origin": ORIGIN, **listed}


def _same(entry: Entry) -> Entry:
    return entry


def bundle_bytes(bundle: Mapping[str, JsonValue]) -> bytes:
    """C(bundle), also for bundles that no honest producer writes."""
    return canonical(dict(bundle))
