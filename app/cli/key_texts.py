"""What the commands of API keys say when they refuse; the fault codes are those of `app.usecases.access`."""

from typing import Final

KEY_TEXTS: Final[dict[str, tuple[str, str]]] = {
    "key.absent": ("没有该编号的接口密钥", "There is no API key with this id"),
    "key.ended": ("该接口密钥已于 {since} 吊销", "This API key was revoked at {since}"),
}
KEY_FAULTS: Final[dict[str, tuple[str, str]]] = {
    "key.role": (
        "角色应为 agency、operator、supervisor、site、witness 之一",
        "The role is one of agency, operator, supervisor, site, witness",
    ),
    "key.agency": ("agency 角色须有代理机构，其他角色不得有", "An agency, for the role agency and no other"),
    "key.site": ("site、witness 角色须有场所，其他角色不得有", "A site, for site and witness and no other"),
    "key.scopes": ("有该角色所没有的权限", "A scope that the role does not have"),
    "key.signing-key": (
        "签名公钥应为 64 位十六进制的有效 Ed25519 公钥",
        "A signing key is a valid Ed25519 public key of 64 hexadecimal digits",
    ),
    "key.person": ("责任人编号应为 1 至 64 个字符", "The person's id has 1 to 64 characters"),
    "key.label": ("用途应为 1 至 200 个字符", "A label has 1 to 200 characters"),
    "key.reason": ("缘由应为 1 至 200 个字符", "A reason has 1 to 200 characters"),
}
