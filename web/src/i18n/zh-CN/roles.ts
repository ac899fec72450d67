// The word of each role, beside its colour, on tiles and on work passes (R19).
export default {
  expert: "评标专家",
  owner: "招标人代表",
  witness: "见证人",
  supervisor: "监督人",
  site: "场地人员",
  camera: "场地摄像",
  bidder: "投标人",
} as const;
