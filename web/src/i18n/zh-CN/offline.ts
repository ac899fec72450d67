export default {
  title: "离线核验",
  lead: "本文件不连接网络：断网也能核验抽取证明。选好文件后核验自动进行。",
} as const;
