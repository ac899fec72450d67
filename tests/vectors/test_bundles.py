"""The committed corpus of proofs: what the code writes today, judged as its index says."""

import hashlib
import json
from collections import defaultdict
from typing import Any

import pytest

from draw.verify.errors import ProofError
from draw.verify.verifier import verify
from tests.support.write_vectors import ARCHIVE, INDEX, MAX_ARCHIVE_BYTES, read, write

CASES: list[dict[str, Any]] = json.loads(INDEX.read_text("utf-8"))


@pytest.fixture(scope="module")
def stored() -> dict[str, dict[str, bytes]]:
    folders: dict[str, dict[str, bytes]] = defaultdict(dict)
    for path, data in read(ARCHIVE.read_bytes()).items():
        folder, _, file = path.rpartition("/")
        folders[folder][file] = data
    return folders


def test_the_code_still_writes_every_byte_of_the_corpus() -> None:
    archive, index = write()
    assert INDEX.read_bytes() == index
    assert read(ARCHIVE.read_bytes()) == read(archive)


def test_the_corpus_stays_small() -> None:
    assert ARCHIVE.stat().st_size + INDEX.stat().st_size <= MAX_ARCHIVE_BYTES


def test_the_index_lists_exactly_the_files_of_the_archive(stored: dict[str, dict[str, bytes]]) -> None:
    listed = {case["name"]: case["files"] for case in CASES}
    digests = {
        folder: {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
        for folder, files in stored.items()
    }
    assert digests == listed


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_the_verifier_says_what_the_index_says(
    case: dict[str, Any], stored: dict[str, dict[str, bytes]]
) -> None:
    files = stored[case["name"]]
    found = None
    try:
        verify(
            files["bundle.json"],
            trust=files.get("trust.json"),
            pool_file=files.get("pool.json"),
            receipt=files.get("receipt.json"),
            reply=files.get("reply.json"),
        )
    except ProofError as error:
        found = error.number
    assert found == case["fails"]
