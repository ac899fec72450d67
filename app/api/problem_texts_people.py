"""Errors of people: HTTP status, Chinese and English. Joined in `app.api.problem_texts`.

One text for every way a sign-in can fail: it must not tell which names exist.
"""

from typing import Final

from app.api.problem_rows import ProblemText, rows

PROBLEMS: Final[dict[str, ProblemText]] = (
    rows(
        401,
        {
            "sign-in.refused": (
                "登录未成功：用户名、口令或验证码有误；连续五次有误将锁定十五分钟",
                "Not signed in: the name, password or code is wrong; five wrong attempts lock for 15 minutes",
            ),
            "passkey.refused": (
                "通行密钥未能核验，请重试或改用其他方式",
                "The passkey was not verified; try again, or use another way",
            ),
            "session.ended": ("登录已结束，请重新登录", "The session has ended; sign in again"),
        },
    )
    | rows(
        403,
        {
            "access.cross-site": (
                "该请求不是从本站页面发出的",
                "The request did not come from a page of this site",
            ),
            "code.refused": (
                "验证码无效或已过期，请重新获取",
                "The code is wrong or has expired; ask for a new one",
            ),
            "letter.not-signed-in": (
                "请用验证码或通行密钥确认是您本人",
                "Show that it is you, by a code or a passkey",
            ),
            "enrolment.refused": (
                "启用码无效或已过期，请联系管理员",
                "The enrolment code is wrong or has expired; ask whoever gave it to you",
            ),
            "session.not-fresh": (
                "请先重新登录：更改登录方式须在登录后 {minutes} 分钟内进行",
                "Sign in again first: credentials are changed within {minutes} minutes of signing in",
            ),
            "user.own": ("不能更改自己的账号", "Nobody may change their own account"),
            "user.role": ("您的角色不能管理此类账号", "Your role may not manage accounts of this kind"),
            "user.same-person": (
                "账号须由建立者以外的人核准",
                "An account is approved by another person than the one who added it",
            ),
        },
    )
    | rows(
        404,
        {
            "user.unknown": ("没有该账号", "There is no such account"),
            "site.unknown": ("没有该场所", "There is no such site"),
            "passkey.unknown": ("没有该通行密钥", "There is no such passkey"),
        },
    )
    | rows(
        409,
        {
            "user.login-taken": ("登录名已被使用", "The login name is taken"),
            "user.person-taken": ("该责任人已有账号", "This person has an account already"),
            "user.approved": ("账号已经核准", "The account is approved already"),
            "user.disabled": ("账号已停用", "The account is disabled"),
            "user.last-two": (
                "该角色至少须保留两个可用账号；请先增加账号",
                "Two usable accounts of this role have to remain; add one first",
            ),
            "letter.session": ("请重新打开链接后再试", "Open the link again and try once more"),
            "passkey.taken": ("该通行密钥已登记", "This passkey is registered already"),
            "passkey.too-many": ("每人最多 {limit} 个通行密钥", "At most {limit} passkeys per person"),
        },
    )
    | rows(
        422,
        {
            "user.refused": ("账号资料有误，见 errors", "The account cannot be made so; see errors"),
            "password.refused": ("口令不合要求，见 errors", "The password does not do; see errors"),
            "key.refused": ("接口密钥资料有误，见 errors", "The API key cannot be made so; see errors"),
        },
    )
    | rows(
        429,
        {
            "code.too-many": (
                "验证码获取过于频繁，请 {minutes} 分钟后再试",
                "Too many codes were sent; try again in {minutes} minutes",
            ),
        },
    )
    | rows(
        503,
        {"sign-in.busy": ("登录人数较多，请稍候再试", "Many people are signing in; try again shortly")},
        retryable=True,
    )
)
