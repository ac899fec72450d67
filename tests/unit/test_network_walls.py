"""The text of a wall: what is listed passes, in both directions and no other way; the rest is dropped."""

from ipaddress import IPv4Address

from tests.support.networks_walls import Opening, ruleset

HUB, SITE = IPv4Address("10.201.0.1"), IPv4Address("10.201.0.2")


def opening(*, here: bool) -> Opening:
    return Opening(link="site-a", protocol="udp", served=HUB, peer=SITE, first=40000, last=40009, here=here)


def rules(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip().endswith("accept")]


def test_a_wall_without_openings_lets_only_the_machine_talk_to_itself() -> None:
    assert rules(ruleset([])) == ['iifname "lo" accept', 'oifname "lo" accept']
    assert ruleset([]).count("policy drop") == 3


def test_an_opening_here_is_entered_by_its_port_and_left_from_it() -> None:
    assert rules(ruleset([opening(here=True)]))[1::2] == [
        'iifname "site-a" ip saddr 10.201.0.2 ip daddr 10.201.0.1 udp dport 40000-40009 accept',
        'oifname "site-a" ip saddr 10.201.0.1 ip daddr 10.201.0.2 udp sport 40000-40009 accept',
    ]


def test_an_opening_elsewhere_is_left_to_its_port_and_answered_from_it() -> None:
    assert rules(ruleset([opening(here=False)]))[1::2] == [
        'iifname "site-a" ip saddr 10.201.0.1 ip daddr 10.201.0.2 udp sport 40000-40009 accept',
        'oifname "site-a" ip saddr 10.201.0.2 ip daddr 10.201.0.1 udp dport 40000-40009 accept',
    ]
