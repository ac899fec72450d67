"""The OpenAPI document: complete, without a loose reference, and true to what the API answers."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema_rs import Draft202012Validator

from app.api.problem_texts import PROBLEMS
from tests.support.service import Service, order, project

pytestmark = pytest.mark.anyio
PROBLEM = "application/problem+json"
JOURNEY = ("/v1/projects", "/v1/draws", "/v1/proofs", "/v1/pools", "/v1/operations")
METHODS = {"get", "post", "put", "delete", "patch"}


@pytest.fixture
def migrated_url(sqlite_template: Path, tmp_path: Path) -> str:
    """The document does not depend on the engine."""
    copy = tmp_path / "qiantong.sqlite"
    copy.write_bytes(sqlite_template.read_bytes())
    return f"sqlite:///{copy}"


@pytest.fixture
async def document(api: Service) -> dict[str, Any]:
    answer: dict[str, Any] = (await api.get(None, "/openapi.json")).json()
    return answer


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method in METHODS & item.keys():
            yield path, method, item[method]


def nodes(value: Any) -> Iterator[dict[str, Any]]:
    """Every object of the document."""
    if isinstance(value, dict):
        yield value
    for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from nodes(one)


def within(document: dict[str, Any], schema: dict[str, Any]) -> Draft202012Validator:
    """A validator for one schema of the document, its references resolved there."""
    return Draft202012Validator({**schema, "components": document["components"]})


async def test_it_is_openapi_3_1_and_every_operation_has_one_name(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1.")
    names = [one["operationId"] for _, _, one in operations(document)]
    assert len(set(names)) == len(names) >= 27
    assert all(one.get("description") for _, _, one in operations(document))


async def test_every_refusal_is_declared_as_a_problem(document: dict[str, Any]) -> None:
    for path, method, one in operations(document):
        refused = {status: answer for status, answer in one["responses"].items() if int(status) >= 400}
        assert {"400", "429", "503"} <= refused.keys(), (method, path)
        assert all(PROBLEM in answer["content"] for answer in refused.values()), (method, path)
        if one.get("security"):
            assert {"401", "403"} <= refused.keys(), (method, path)
        if "requestBody" in one:
            assert {"413", "415"} <= refused.keys(), (method, path)
        if any(parameter["in"] == "path" for parameter in one.get("parameters", [])):
            assert "404" in refused, (method, path)


async def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    targets = {one["$ref"] for one in nodes(document) if isinstance(one.get("$ref"), str)}
    assert len(targets) > 20
    for target in targets:
        assert target.startswith("#/components/schemas/")
        assert target.rsplit("/", 1)[1] in document["components"]["schemas"], target


async def test_every_example_fits_its_schema(document: dict[str, Any]) -> None:
    shown = [one for one in nodes(document) if isinstance(one.get("examples"), list)]
    assert len(shown) >= 10
    for schema in shown:
        validator = within(document, schema)
        for example in schema["examples"]:
            assert validator.is_valid(example), schema


def journey(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every JSON body below the paths of projects, draws, proofs, pools and the operation log: asked for or
    answered, refusals too, with where it stands."""
    for path, method, one in operations(document):
        if not path.startswith(JOURNEY):
            continue
        for kind, body in one.get("requestBody", {}).get("content", {}).items():
            yield f"{method} {path} {kind}", body
        for status, answer in one["responses"].items():
            for kind, body in answer.get("content", {}).items():
                yield f"{method} {path} {status} {kind}", body


async def test_every_body_of_the_journey_has_an_example_that_fits_its_own_schema(
    document: dict[str, Any],
) -> None:
    bodies = dict(journey(document))
    assert len(bodies) > 100
    for place, body in bodies.items():
        assert body.get("schema"), place
        assert "example" in body, place
        errors = list(within(document, body["schema"]).iter_errors(body["example"]))
        assert not errors, (place, errors)
        assert body["example"], place


async def test_the_example_of_a_refusal_is_one_of_its_own_status(document: dict[str, Any]) -> None:
    for place, body in journey(document):
        if PROBLEM in place:
            shown = body["example"]
            assert str(shown["status"]) == place.split()[2], place
            row = PROBLEMS[shown["code"]]
            assert (row.status, row.zh, row.retryable) == (
                *(shown["status"], shown["title"]),
                shown["retryable"],
            )


async def test_no_schema_of_the_journey_takes_just_anything(document: dict[str, Any]) -> None:
    """So that an example that fits says something."""
    for place, body in journey(document):
        nothing: dict[str, Any] = {}
        for wrong in ("nothing like it", nothing):
            assert not within(document, body["schema"]).is_valid(wrong), place


async def test_the_examples_of_an_agency_are_taken_as_they_stand(
    api: Service, document: dict[str, Any]
) -> None:
    """Whoever copies them gets the answers that stand beside them."""
    for path, status in (("/v1/projects", 201), ("/v1/draws:preview", 200), ("/v1/draws", 201)):
        operation = document["paths"][path]["post"]
        body = operation["requestBody"]["content"]["application/json"]["example"]
        answer = await api.post("alice", path, body)
        assert answer.status_code == status, answer.text
        shown = operation["responses"][str(status)]["content"]["application/json"]["example"]
        assert answer.json().keys() == shown.keys()
        assert answer.json().get("feasible", True)
    owner = document["paths"]["/v1/projects/{project_id}/owner"]["put"]["requestBody"]["content"]
    handed = await api.client.put(
        "/v1/projects/works-2026-017/owner",
        json=owner["application/json"]["example"],
        headers=api.as_person("alice"),
    )
    assert handed.status_code == 200, handed.text


async def test_an_order_that_is_accepted_fits_the_schema_and_so_does_its_answer(
    api: Service, document: dict[str, Any]
) -> None:
    sent: tuple[tuple[str, dict[str, Any]], ...] = (
        ("/v1/projects", project()),
        ("/v1/draws:preview", order()),
        ("/v1/draws", order()),
    )
    for path, body in sent:
        operation = document["paths"][path]["post"]
        asked = operation["requestBody"]["content"]["application/json"]["schema"]
        assert within(document, asked).is_valid(body), path
        assert not within(document, asked).is_valid(body | {"surprise": 1}), path
        answer = await api.post("alice", path, body)
        declared = operation["responses"][str(answer.status_code)]["content"]["application/json"]["schema"]
        assert within(document, declared).is_valid(answer.json()), answer.text
        refused = await api.post("alice", path, body | {"surprise": 1})
        assert refused.headers["content-type"] == PROBLEM
        problem = operation["responses"][str(refused.status_code)]["content"][PROBLEM]["schema"]
        assert within(document, problem).is_valid(refused.json()), refused.text


async def test_every_problem_has_a_status_that_some_operation_declares(document: dict[str, Any]) -> None:
    declared = {int(status) for _, _, one in operations(document) for status in one["responses"]}
    # A wrong method and an unforeseen error can answer anything and belong to no operation.
    assert {row.status for row in PROBLEMS.values()} - declared == {405, 500}
