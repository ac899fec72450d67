"""Errors: one family, stable codes, and figures apart from the text."""

import pytest

from draw.errors import DrawError, FeasibilityError, LifecycleError, RulesError, SelectionError, SnapshotError

FAMILY = [SelectionError, FeasibilityError, SnapshotError, LifecycleError, RulesError]


@pytest.mark.parametrize("kind", FAMILY)
def test_one_family_catches_every_refusal_and_members_stay_apart(kind: type[DrawError]) -> None:
    with pytest.raises(DrawError):
        raise kind("some.code")
    assert kind.__bases__ == (DrawError,)


def test_the_text_is_the_code_so_that_details_reach_no_log_by_accident() -> None:
    error = SelectionError("stream.bound", bound=7)
    assert str(error) == error.code == "stream.bound"
    assert error.details == {"bound": 7}
    assert "7" not in repr(error)
