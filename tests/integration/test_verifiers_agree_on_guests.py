"""Two verifiers, one verdict, on who may sit: invitations, answers and grounds of every kind, honest and not.

Random courses that are well formed in all but the rules of §8.1, answers of the supervisor dated anew, random
lies about what is opened, and reply receipts with random changes.
"""

import json
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from draw.entries import Entry
from draw.entry_bodies import from_seconds, to_seconds
from draw.errors import LifecycleError
from draw.verify.errors import ProofError
from draw.verify.verifier import verify
from tests.integration.test_verifiers_agree_on_lies import bend
from tests.support.ceremony import Ceremony, bundle_bytes
from tests.support.forgery import Evidence
from tests.support.guest_scripts import thrown
from tests.support.invited import ABSENCES, INVITED, PARALLEL
from tests.support.second_verifier import verdicts

COURSES = 300
LIES = 200
HONEST = (PARALLEL, ABSENCES, INVITED)


def first_verdict(one: Evidence) -> int | None:
    """The Python verifier's; a fault of the verifier itself agrees with nobody."""
    try:
        verify(one.bundle, reply=one.reply)
    except ProofError as error:
        return -1 if "internal" in error.detail else error.number
    return None


def agreed(evidence: list[Evidence]) -> Counter[int | None]:
    """How often each verdict fell, when it was the same twice for every piece."""
    first, second = [first_verdict(one) for one in evidence], verdicts(evidence)
    pairs = enumerate(zip(first, second, strict=True))
    assert [(number, *pair) for number, pair in pairs if len(set(pair)) > 1] == []
    return Counter(first)


def redated(ceremony: Ceremony, chance: random.Random) -> None:
    """Some of the supervisor's answers come by another clock."""
    for label in [one for one in ceremony.labels if one.startswith("answer:")]:
        if chance.random() < 0.2:
            shift = chance.choice((-20, -10, 10, 300))

            def late(entry: Entry, shift: int = shift) -> Entry:
                return replace(entry, time=from_seconds(to_seconds(entry.time) + shift))

            ceremony.cheats[label] = late


def courses() -> Iterator[Evidence]:
    """Bundles of random courses, those left out that would vacate a seat twice."""
    for number in range(COURSES):
        ceremony = Ceremony(thrown(number))
        redated(ceremony, random.Random(f"clock {number}"))
        try:
            yield Evidence(bundle=bundle_bytes(ceremony.bundle()))
        except LifecycleError:
            continue


def test_both_judge_three_hundred_random_courses_alike() -> None:
    evidence = list(courses())
    found = agreed(evidence)
    assert len(evidence) > COURSES * 3 // 4
    # Honest courses, events without a ground and holders who never accepted: each must be there in numbers.
    assert min(found[None], found[25], found[26]) >= 20, found


def test_both_accept_every_answers_receipt_of_honest_draws() -> None:
    evidence = []
    for plan in HONEST:
        ceremony = Ceremony(plan)
        bundle = bundle_bytes(ceremony.bundle())
        numbers = range(1, len(plan.guests.said) + 1)
        evidence += [
            Evidence(bundle=bundle, reply=bundle_bytes(ceremony.reply_receipt(number))) for number in numbers
        ]
    assert agreed(evidence) == {None: len(evidence)}


def test_both_judge_bent_openings_of_invitations_and_bent_receipts_alike() -> None:
    honest = [(ceremony, bundle_bytes(ceremony.bundle())) for ceremony in map(Ceremony, HONEST)]
    evidence = []
    for number in range(LIES):
        chance = random.Random(f"guest lie {number}")
        ceremony, bundle = chance.choice(honest)
        if number % 2:
            bent = json.loads(bundle)
            bent["opening"]["invitations"] = bend(bent["opening"]["invitations"], chance)
            evidence.append(Evidence(bundle=bundle_bytes(bent)))
        else:
            said = chance.randrange(len(ceremony.plan.guests.said)) + 1
            receipt = json.loads(bundle_bytes(ceremony.reply_receipt(said)))
            evidence.append(Evidence(bundle=bundle, reply=bundle_bytes(bend(receipt, chance))))
    found = agreed(evidence)
    assert min(found[25], found[45]) >= 20, found
