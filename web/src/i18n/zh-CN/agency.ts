export default {
  title: "抽取申请与管理",
  lead: "提交评标专家抽取申请，查看每次抽取的状态。",
} as const;
