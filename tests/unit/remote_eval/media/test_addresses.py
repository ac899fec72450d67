"""What of the hub's addresses a description tells a site."""

from remote_eval.media.addresses import telling

HUB = ("10.1.0.5", "10.2.0.5", "2001:db8::5")
ANSWER = """v=0
m=audio 9 UDP/TLS/RTP/SAVPF 111
c=IN IP4 10.1.0.5
a=ice-ufrag:abcd
a=candidate:1 1 udp 2130706431 10.1.0.5 4000 typ host
a=candidate:2 1 udp 2130706175 10.2.0.5 4000 typ host
a=candidate:3 1 udp 2130705919 2001:db8::5 4000 typ host
a=end-of-candidates
""".replace("\n", "\r\n")


def candidates(sdp: str) -> list[str]:
    return [line.split(" ")[4] for line in sdp.split("\r\n") if line.startswith("a=candidate:")]


def test_a_site_is_told_the_addresses_of_its_own_link_and_nothing_else_changes() -> None:
    told = telling(ANSWER, ("10.2.0.5",), known=HUB)
    assert candidates(told) == ["10.2.0.5"]
    assert "10.1.0.5" not in told
    assert "2001:db8::5" not in told
    kept = [line for line in ANSWER.split("\r\n") if not line.startswith(("c=", "a=candidate:"))]
    assert [line for line in told.split("\r\n") if not line.startswith(("c=", "a=candidate:"))] == kept
    assert "c=IN IP4 10.2.0.5" in told


def test_the_default_address_is_of_its_family() -> None:
    assert "c=IN IP6 2001:db8::5" in telling(ANSWER, ("2001:db8::5",), known=HUB)


def test_an_address_that_is_not_the_hubs_stays() -> None:
    behind = ANSWER.replace("10.1.0.5", "192.168.7.2")
    assert candidates(telling(behind, ("10.2.0.5",), known=HUB)) == ["192.168.7.2", "10.2.0.5"]


def test_a_longer_address_is_another_one() -> None:
    longer = ANSWER.replace("10.1.0.5", "10.1.0.55")
    assert candidates(telling(longer, HUB[1:], known=HUB)) == ["10.1.0.55", *HUB[1:]]


def test_whoever_is_told_everything_is_told_the_same_text() -> None:
    assert telling(ANSWER, HUB, known=HUB) == ANSWER
