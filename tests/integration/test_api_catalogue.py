"""What forms choose from: rule packs with the source of every rule, and specialty codes; for everybody."""

import pytest

from tests.support.service import Service

pytestmark = pytest.mark.anyio
ENGLISH = {"Accept-Language": "en"}


async def test_a_pack_under_an_overlay_names_value_words_source_and_layer_of_every_rule(api: Service) -> None:
    answer = await api.get(None, "/v1/packs/tender.cn?overlay=water.cn&overlay=chongqing")
    assert answer.status_code == 200, answer.text
    rules = {one["name"]: one for one in answer.json()["rules"]}
    assert answer.json()["title"] == "工程招标投标 + 水利工程 + 重庆市"
    assert (rules["committee.min"]["value"], rules["committee.min"]["layer"]) == (7, "water.cn")
    assert (rules["owners_max"]["value"], rules["owners_max"]["layer"]) == (2, "chongqing")
    assert all(one["source"] and one["text"] for one in rules.values())


async def test_a_source_that_is_not_settled_law_says_so(api: Service) -> None:
    rules = (await api.get(None, "/v1/packs/tender.cn")).json()["rules"]
    assert all(one["source"].endswith(f"[{one['status']}]") for one in rules if one["status"] != "read")
    assert {one["status"] for one in rules} >= {"read", "policy"}


async def test_words_come_in_the_language_asked_for(api: Service) -> None:
    english = (await api.get(None, "/v1/packs/tender.cn", **ENGLISH)).json()
    assert english["title"] == "Construction tendering"


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/v1/packs/nowhere", 404, "pack.unknown"),
        ("/v1/packs/tender.cn?overlay=nowhere", 404, "pack.unknown"),
        ("/v1/packs/govproc.cn?overlay=chongqing", 400, "request.invalid"),
        ("/v1/packs/water.cn", 400, "request.invalid"),
        ("/v1/packs/..%2Fsecrets", 404, "route.unknown"),
        ("/v1/packs/tender.cn?" + "&".join(["overlay=water.cn"] * 16), 400, "request.invalid"),
    ],
)
async def test_packs_that_are_not_there_or_do_not_go_together_are_refused(
    api: Service, path: str, status: int, code: str
) -> None:
    answer = await api.get(None, path)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text


async def test_specialty_codes_have_names_in_both_languages(api: Service) -> None:
    chinese = (await api.get(None, "/v1/specialties")).json()
    english = (await api.get(None, "/v1/specialties", **ENGLISH)).json()
    named = {one["code"]: one["name"] for one in chinese["items"]}
    assert named["A08"] == "工程施工"
    assert "316号" in chinese["source"]
    assert [one["code"] for one in english["items"]] == list(named)
    assert english["items"][0]["name"] == "Works"
