"""Errors of the roster: HTTP status, Chinese and English. Joined in `app.api.problem_texts`."""

from typing import Final

from app.api.problem_rows import ProblemText, rows

PROBLEMS: Final[dict[str, ProblemText]] = (
    rows(404, {"roster.not-open": ("名单尚未启封，或不对您开放", "The roster is not open, or not to you")})
    | rows(
        409,
        {
            "roster.not-sealed": ("名单尚未封存", "The roster is not sealed yet"),
            "roster.stale": (
                "名单封存后又有递补，须先重新封存",
                "Somebody was replaced after the sealing: seal the roster anew first",
            ),
            "roster.too-early": ("未到启封时间 {at}", "The roster may not be opened before {at}"),
            "roster.not-result": (
                "抽取证明尚未公开，不能按结果公告启封",
                "The draw's proof is not open yet: no opening with the result",
            ),
            "roster.not-checked-in": (
                "专家尚未全部报到，不能启封开评名单",
                "Not everybody is there yet: the room cannot start",
            ),
            "roster.cancelled": ("邀请已取消，名单不再启封", "The campaign was called off: no opening"),
            "roster.holders-moved": (
                "封存期间席位有变，请重试",
                "A seat changed during the sealing; try again",
            ),
        },
    )
    | rows(422, {"roster.opening": ("启封的级别或理由有误", "Tier or reason of the opening is wrong")})
    | rows(
        500,
        {
            "roster.manifest": ("名单封存清单有误", "The roster's manifest is damaged"),
            "roster.sealed": ("名单密文与清单不符", "The sealed roster does not fit its manifest"),
            "roster.share": ("密钥份额与清单不符", "A share of the key does not fit the manifest"),
            "roster.too-few": ("密钥份额不足", "Too few shares of the key"),
            "roster.custodians": ("托管人密钥不可用", "A custodian's key cannot be used"),
        },
    )
    | rows(
        503,
        {
            "roster.custodians-missing": (
                "托管人份额不足两份，名单未启封；请稍后以同一 Idempotency-Key 重试",
                "Fewer than two custodians gave their share; try again with the same key",
            )
        },
        retryable=True,
    )
)
