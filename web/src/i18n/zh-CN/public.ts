export default {
  title: "抽取结果公开核验",
  lead: "核验在您自己的浏览器中完成，无需信任本网站。",
} as const;
