# The steps of a verification, numbered as in draw-proof §10; the first that fails is reported:
#
#   public       1 format        2 checkpoints   3 inclusion    4 keys          5 request     6 commitments
#                7 seal          8 escrow        9 reveals     10 beacon       11 result     12 events
#               13 open         14 vrf          15 sizes       16 leaves       17 attempts   18 panel
#               19 replacement  20 roster       21 minimal                               (14–21: stage opened)
#               22 abort                                                                 (22: stage aborted)
#   supervisor  31 pool-format  32 pool-tree    33 case        34 exclusions   35 cells      36 figures
#   expert      41 receipt-format               42 receipt-pool                43 receipt-outcome
#               44 receipt-position                                                      (44: stage opened)
"""`verify`: a bundle's bytes to a Report, or ProofError (draw-proof §10).

The order of the steps is the order of their numbers. Pure: no clock, no randomness, no files, no network.
Whatever the bytes are, the only exception is ProofError; a fault of the verifier itself is reported as a
failure of the step at work, never as a pass.
"""

from typing import Any

from draw.verify.bundle import Bundle
from draw.verify.checks_events import check_12_events, check_13_open, check_22_abort
from draw.verify.checks_log import check_2_checkpoints, check_3_inclusion, check_4_keys, check_5_request
from draw.verify.checks_opening import (
    Opening,
    check_15_sizes,
    check_16_leaves,
    check_17_attempts,
    check_18_panel,
)
from draw.verify.checks_replacement import check_19_replacement
from draw.verify.checks_roster import check_20_roster, check_21_minimal
from draw.verify.checks_seal import check_6_commitments, check_7_seal, check_8_escrow
from draw.verify.checks_seed import check_9_reveals, check_10_beacon, check_11_result, check_14_vrf
from draw.verify.errors import ProofError, fail
from draw.verify.expert import (
    check_41_receipt_format,
    check_42_receipt_pool,
    check_43_receipt_outcome,
    check_44_receipt_position,
)
from draw.verify.format import check_1_format, read_trust
from draw.verify.report import Report, compile_report
from draw.verify.supervisor import (
    check_31_pool_format,
    check_32_pool_tree,
    check_33_case,
    check_34_exclusions,
    check_35_cells,
    check_36_figures,
    experts_in_scope,
)


class _Progress:
    """The step at work, and those behind it."""

    def __init__(self) -> None:
        self.current = 1
        self.passed: list[int] = []

    def enter(self, number: int) -> None:
        self.current = number

    def done(self) -> None:
        self.passed.append(self.current)


def verify(
    bundle: bytes, *, trust: bytes | None = None, pool_file: bytes | None = None, receipt: bytes | None = None
) -> Report:
    """Every check that applies to the bundle, and to the pool file (supervisor) and receipt (expert) when
    given.

    Raises ProofError with the first check that fails, and nothing else.
    """
    progress = _Progress()
    try:
        return _verify(progress, bundle, trust, pool_file, receipt)
    except ProofError:
        raise
    except Exception as error:  # noqa: BLE001 - the last fence: fails closed, under the number of the step at work
        fail(progress.current, f"internal: {type(error).__name__}")


def _verify(
    progress: _Progress, data: bytes, trust: bytes | None, pool_file: bytes | None, receipt: bytes | None
) -> Report:
    bundle = check_1_format(data)
    progress.done()
    outputs = _log_checks(progress, bundle, trust)
    opening, levels = None, ["public"]
    if bundle.stage == "opened":
        opening = _opened_checks(progress, bundle, outputs)
    if bundle.stage == "aborted":
        _run(progress, 22, check_22_abort, bundle)
    if pool_file is not None:
        _supervisor_checks(progress, bundle, pool_file)
        levels.append("supervisor")
    if receipt is not None:
        _expert_checks(progress, bundle, receipt)
        levels.append("expert")
    return compile_report(bundle, progress.passed, tuple(levels), opening, compared=trust is not None)


def _run(progress: _Progress, number: int, check: Any, *arguments: Any) -> Any:
    progress.enter(number)
    result = check(*arguments)
    progress.done()
    return result


def _log_checks(progress: _Progress, bundle: Bundle, trust: bytes | None) -> dict[int, bytes]:
    _run(progress, 2, check_2_checkpoints, bundle)
    _run(progress, 3, check_3_inclusion, bundle)
    progress.enter(4)
    listed = None if trust is None else read_trust(trust)
    _run(progress, 4, check_4_keys, bundle, listed)
    _run(progress, 5, check_5_request, bundle)
    _run(progress, 6, check_6_commitments, bundle)
    _run(progress, 7, check_7_seal, bundle)
    _run(progress, 8, check_8_escrow, bundle)
    _run(progress, 9, check_9_reveals, bundle)
    _run(progress, 10, check_10_beacon, bundle)
    _run(progress, 11, check_11_result, bundle)
    outputs: dict[int, bytes] = _run(progress, 12, check_12_events, bundle)
    _run(progress, 13, check_13_open, bundle)
    return outputs


def _opened_checks(progress: _Progress, bundle: Bundle, outputs: dict[int, bytes]) -> Opening:
    seed = _run(progress, 14, check_14_vrf, bundle)
    opening: Opening = _run(progress, 15, check_15_sizes, bundle, seed)
    _run(progress, 16, check_16_leaves, bundle, opening)
    _run(progress, 17, check_17_attempts, bundle, opening)
    _run(progress, 18, check_18_panel, bundle, opening)
    _run(progress, 19, check_19_replacement, bundle, opening, outputs)
    _run(progress, 20, check_20_roster, bundle, opening)
    _run(progress, 21, check_21_minimal, opening)
    return opening


def _supervisor_checks(progress: _Progress, bundle: Bundle, data: bytes) -> None:
    value = _run(progress, 31, check_31_pool_format, bundle, data)
    leaves = _run(progress, 32, check_32_pool_tree, bundle, value)
    _run(progress, 33, check_33_case, bundle, value)
    progress.enter(34)
    experts = experts_in_scope(bundle, value, leaves)
    _run(progress, 34, check_34_exclusions, bundle, value, experts)
    sizes = _run(progress, 35, check_35_cells, bundle, value, experts)
    _run(progress, 36, check_36_figures, bundle, experts, sizes)


def _expert_checks(progress: _Progress, bundle: Bundle, data: bytes) -> None:
    value = _run(progress, 41, check_41_receipt_format, bundle, data)
    leaf = _run(progress, 42, check_42_receipt_pool, bundle, value)
    _run(progress, 43, check_43_receipt_outcome, bundle, value, leaf)
    if bundle.stage == "opened":
        _run(progress, 44, check_44_receipt_position, bundle, value, leaf)
