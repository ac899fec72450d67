# The steps of a verification, numbered as in draw-proof §10; the first that fails is reported:
#
#   public       1 format        2 checkpoints   3 inclusion    4 keys          5 request     6 commitments
#                7 seal          8 escrow        9 reveals     10 beacon       11 result     12 events
#               23 invitations  24 replies      27 records
#               13 open         14 vrf          15 sizes       16 leaves       17 attempts   18 panel
#               19 replacement  20 roster       25 grounds     26 accepted     21 minimal
#                                                                   (14–21, 25, 26: stage opened; 26: logged)
#               22 abort                                                                 (22: stage aborted)
#   supervisor  31 pool-format  32 pool-tree    33 case        34 exclusions   35 cells      36 figures
#   expert      41 receipt-format               42 receipt-pool                43 receipt-outcome
#               44 receipt-position                                                      (44: stage opened)
#               45 reply-format 46 reply-logged
"""`verify`: a bundle's bytes to a Report, or ProofError (draw-proof §10).

The order of the steps is the one listed above. Pure: no clock, no randomness, no files, no network. Whatever
the bytes are, the only exception is ProofError; a fault of the verifier itself is reported as a failure of
the step at work, never as a pass.
"""

from dataclasses import dataclass
from typing import Any

from draw.verify.bundle import Bundle
from draw.verify.checks_events import check_12_events, check_13_open, check_22_abort
from draw.verify.checks_grounds import check_25_grounds, check_26_accepted
from draw.verify.checks_invitations import (
    check_23_invitations,
    check_24_replies,
    check_27_records,
    logged,
)
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
from draw.verify.reply import check_45_reply_format, check_46_reply_logged
from draw.verify.report import Outcome, Report, compile_report
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


@dataclass(frozen=True, kw_only=True)
class _Files:
    """What is handed in beside the bundle."""

    trust: bytes | None
    pool_file: bytes | None
    receipt: bytes | None
    reply: bytes | None


def verify(
    bundle: bytes,
    *,
    trust: bytes | None = None,
    pool_file: bytes | None = None,
    receipt: bytes | None = None,
    reply: bytes | None = None,
) -> Report:
    """Every check that applies to the bundle, and to the pool file (supervisor), receipt and reply receipt
    (expert) when given.

    Raises ProofError with the first check that fails, and nothing else.
    """
    progress = _Progress()
    try:
        files = _Files(trust=trust, pool_file=pool_file, receipt=receipt, reply=reply)
        return _verify(progress, bundle, files)
    except ProofError:
        raise
    except Exception as error:  # noqa: BLE001 - the last fence: fails closed, under the number of the step at work
        fail(progress.current, f"internal: {type(error).__name__}")


def _verify(progress: _Progress, data: bytes, files: _Files) -> Report:
    bundle = check_1_format(data)
    progress.done()
    outputs = _log_checks(progress, bundle, files.trust)
    opening, late, uncovered, levels = None, 0, False, ["public"]
    if bundle.stage == "opened":
        opening, late = _opened_checks(progress, bundle, outputs)
    if bundle.stage == "aborted":
        _run(progress, 22, check_22_abort, bundle)
    if files.pool_file is not None:
        _supervisor_checks(progress, bundle, files.pool_file)
        levels.append("supervisor")
    if files.receipt is not None:
        _expert_checks(progress, bundle, files.receipt)
    if files.reply is not None:
        uncovered = not _reply_checks(progress, bundle, files.reply)
    if files.receipt is not None or files.reply is not None:
        levels.append("expert")
    found = Outcome(opening=opening, late_answers=late, uncovered=uncovered, compared=files.trust is not None)
    return compile_report(bundle, progress.passed, tuple(levels), found)


def _run(progress: _Progress, number: int, check: Any, *arguments: Any, due: bool = True) -> Any:
    """Enter and run a check; one that is not `due` has nothing to look at and is not reported as passed."""
    progress.enter(number)
    result = check(*arguments)
    if due:
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
    inviting = logged(bundle) and bool(bundle.of("result"))
    _run(progress, 23, check_23_invitations, bundle, due=inviting)
    _run(progress, 24, check_24_replies, bundle, due=inviting)
    _run(progress, 27, check_27_records, bundle, due=bundle.sealed)
    _run(progress, 13, check_13_open, bundle)
    return outputs


def _opened_checks(progress: _Progress, bundle: Bundle, outputs: dict[int, bytes]) -> tuple[Opening, int]:
    """The opening, and the number of answers in time that came after their seat had passed on."""
    seed = _run(progress, 14, check_14_vrf, bundle)
    opening: Opening = _run(progress, 15, check_15_sizes, bundle, seed)
    _run(progress, 16, check_16_leaves, bundle, opening)
    _run(progress, 17, check_17_attempts, bundle, opening)
    _run(progress, 18, check_18_panel, bundle, opening)
    _run(progress, 19, check_19_replacement, bundle, opening, outputs)
    _run(progress, 20, check_20_roster, bundle, opening)
    inviting = logged(bundle)
    late: int = _run(progress, 25, check_25_grounds, bundle, opening, due=inviting)
    if inviting:
        _run(progress, 26, check_26_accepted, bundle, opening)
    _run(progress, 21, check_21_minimal, opening)
    return opening, late


def _supervisor_checks(progress: _Progress, bundle: Bundle, data: bytes) -> None:
    value = _run(progress, 31, check_31_pool_format, bundle, data)
    leaves = _run(progress, 32, check_32_pool_tree, bundle, value)
    _run(progress, 33, check_33_case, bundle, value)
    progress.enter(34)
    experts = experts_in_scope(bundle, value, leaves)
    _run(progress, 34, check_34_exclusions, bundle, value, experts)
    sizes = _run(progress, 35, check_35_cells, bundle, value, experts)
    _run(progress, 36, check_36_figures, bundle, experts, sizes)


def _reply_checks(progress: _Progress, bundle: Bundle, data: bytes) -> bool:
    """Whether the bundle reaches so far in the log as to hold the answer."""
    invite, reply = _run(progress, 45, check_45_reply_format, bundle, data)
    progress.enter(46)
    reached = check_46_reply_logged(bundle, invite, reply)
    if reached:
        progress.done()
    return reached


def _expert_checks(progress: _Progress, bundle: Bundle, data: bytes) -> None:
    value = _run(progress, 41, check_41_receipt_format, bundle, data)
    leaf = _run(progress, 42, check_42_receipt_pool, bundle, value)
    _run(progress, 43, check_43_receipt_outcome, bundle, value, leaf)
    if bundle.stage == "opened":
        _run(progress, 44, check_44_receipt_position, bundle, value, leaf)
