"""Errors of draw terminals and of starts at them: HTTP status, Chinese and English. Joined in
`app.api.problem_texts`.
"""

from typing import Final

from app.api.problem_rows import ProblemText, rows

PROBLEMS: Final[dict[str, ProblemText]] = (
    rows(
        403,
        {
            "terminal.two-persons": (
                "登记与批准须为两人",
                "Whoever proposed the terminal's key cannot approve it",
            ),
            "terminal.not-enrolled": (
                "本机不是已登记的抽取终端",
                "This machine is no enrolled draw terminal",
            ),
            "terminal.revoked": ("该抽取终端已停用", "This draw terminal was revoked"),
            "start.other-site": (
                "本平台的抽取不在该场地的终端启动",
                "Draws of this platform do not start at a terminal of that site",
            ),
            "start.signed-in-before": (
                "操作员须在终端上重新登录：两人须在 {minutes} 分钟内先后登录",
                "The operator signs in again at the terminal: both persons sign in within {minutes} minutes",
            ),
            "start.same-person": (
                "操作员与监督人须为两人",
                "Operator and supervisor are two different persons",
            ),
            "start.no-supervisor": ("第二人须为监督人", "The second person has to be a supervisor"),
            "start.signature": (
                "终端签名无效，或签的不是本次启动",
                "The terminal's signature does not hold for this start",
            ),
        },
    )
    | rows(
        404,
        {
            "terminal.unknown": ("没有该抽取终端", "No such draw terminal"),
            "start.unknown": ("没有该启动", "No such start"),
            "start.none": ("该次抽取不是在终端启动的", "This draw was not started at a terminal"),
        },
    )
    | rows(
        409,
        {
            "terminal.known": ("该密钥已登记过", "This key was proposed before"),
            "terminal.other-key": (
                "与终端所示指纹不符",
                "This is not the thumbprint of that terminal",
            ),
            "terminal.settled": ("该终端已处理", "This terminal is approved or revoked already"),
            "start.missing": (
                "须由操作员和监督人在抽取终端共同启动",
                "The draw has to be started at a draw terminal, by an operator and a supervisor together",
            ),
            "start.one-person": (
                "监督人尚未登录，一人不得启动",
                "No supervisor has signed in: one person alone starts nothing",
            ),
            "start.stale": (
                "已超过 {minutes} 分钟，请两人重新登录",
                "More than {minutes} minutes have passed: both persons sign in again",
            ),
            "start.begun": (
                "两人已共同启动该次抽取，请继续进行，无须再次启动",
                "Two persons have started this draw already; it is carried on and not started again",
            ),
            "start.spent": ("本次启动已使用", "This start was used already"),
            "start.supervised": (
                "已有另一监督人登录",
                "Another supervisor has signed in for this start",
            ),
        },
    )
    | rows(
        422,
        {
            "terminal.refused-input": (
                "终端登记有误，全部问题见 errors",
                "The terminal cannot be enrolled like this; see errors for all of it",
            ),
        },
    )
)
