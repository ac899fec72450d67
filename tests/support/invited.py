"""Honest draws whose invitations are logged: plans that the forgeries of checks 23 to 27, 45 and 46 bend."""

from dataclasses import replace

from tests.support.ceremony import ROUND_1000, Plan
from tests.support.forgery import RICH
from tests.support.guest_course import Guests, Said
from tests.support.synthetic_pool import Shape

# Three are called at once and answer in another order than they were drawn in: nobody's rank moves.
PARALLEL = Plan(
    seed=5,
    beacon=ROUND_1000,
    shape=Shape(experts=24),
    invitations="logged",
    guests=Guests(
        script=("record:1", "invite:1", "invite:2", "invite:3", "reply:1", "reply:2", "reply:3"),
        seats=(2, 0, 1),
        said=(
            Said(n=2, answer="accept"),
            Said(n=3, answer="accept", keypad=True),
            Said(n=1, answer="accept"),
        ),
        topics=("roster", "ledger"),
        afterwards=("record:2",),
    ),
)
# Seat 0 accepts and leaves, seat 1 accepts and is not there, seat 2 answers too late, and whoever follows
# there finds a reason to stand back.
ABSENCES = Plan(
    seed=7,
    invitations="logged",
    events=(
        (2, "timeout", "supervisor"),
        (0, "leave", "supervisor"),
        (1, "no_show", "own-order"),
        (2, "recusal", "supervisor"),
    ),
    guests=Guests(
        script=(
            *("invite:1", "invite:2", "invite:3", "reply:1", "reply:2"),
            *(300, "reply:3", "event:1", "answer:1", "invite:4", "reply:4"),
            *("reply:5", "event:2", "answer:2", "invite:5", "reply:6"),
            *(600, "event:3", "invite:6", "reply:7"),
            *("event:4", "answer:4", "invite:7", "reply:8"),
        ),
        seats=(0, 1, 2, 2, 0, 1, 2),
        said=(
            Said(n=2, answer="accept"),
            Said(n=1, answer="accept", keypad=True),
            Said(n=3, answer="accept"),
            Said(n=4, answer="accept"),
            Said(n=1, answer="leave", keypad=True),
            Said(n=5, answer="accept"),
            Said(n=6, answer="accept"),
            Said(n=7, answer="accept"),
        ),
    ),
)
# As the rich plan, seat by seat with its ground: a decline, a silence whose answer reaches the log too late,
# a second place that was asked for, a conflict after which nobody is left.
INVITED = replace(
    RICH,
    seed=9,
    invitations="logged",
    guests=Guests(
        script=(
            *("invite:1", "invite:2", "invite:3", "reply:1", "reply:2", "event:1", "answer:1", "invite:4"),
            *(300, "event:2", "answer:2", "invite:5", "reply:3", "reply:4"),
            *("invite:6", "event:3", "invite:7", "reply:5", "event:4", "answer:4", "record:1"),
        ),
        seats=(0, 1, 2, 0, 2, 1, 1),
        said=(
            Said(n=1, answer="decline"),
            Said(n=2, answer="accept", keypad=True),
            Said(n=3, answer="accept", delay=150),
            Said(n=5, answer="accept"),
            Said(n=7, answer="accept"),
        ),
        topics=("ladder",),
    ),
)
