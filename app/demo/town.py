"""What the people of the demonstration do when they are reached: some press keys in the call, some follow the
letter's link, two do not want to come.

Nobody knows beforehand who will be drawn: so each part is given to whoever is reached as the first, the
second and so on, and everybody after them accepts in the call.
"""

from app.simulator.people import Person, Town

ACCEPT = "accept"
DECLINE = "decline"
LINK = "link"
TRAVEL = "travel"


def town() -> Town:
    """Everybody. `after` is in minutes of theirs (`app.demo.outside.SPEED`)."""
    keys = Person(does=ACCEPT, after=0.3)
    page = Person(does=LINK, answer=ACCEPT)
    hears_and_declines = Person(does=DECLINE, after=0.6)
    declines_with_a_code = Person(does=LINK, answer=DECLINE, code=TRAVEL)
    return Town(first=(page, hears_and_declines, keys, declines_with_a_code, page), others=keys)
