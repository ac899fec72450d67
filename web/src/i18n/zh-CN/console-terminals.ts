// Draw terminals, for those who may end one.
export default {
  terminals: {
    title: "抽取终端",
    lead: "抽取终端由场地人员在抽取室登记、另一人批准。发现异常，一人即可停用：停用后立即不能启动抽取，也不能恢复，须重新登记。",
    empty: "还没有登记过抽取终端。",
    states: { proposed: "待批准", enrolled: "已登记", revoked: "已停用" },
    persons: "登记 {proposed}，批准 {approved}",
    revokedBy: "停用 {person}",
    key: "终端密钥指纹",
    manage: "停用 {terminal}……",
    warning: "停用立即生效，不能恢复；正在该终端等待启动的抽取也不能再启动。",
    confirm: "我确认停用 {terminal}。",
    revoke: "停用 {terminal}",
    done: "{terminal} 已停用。",
  },
} as const;
