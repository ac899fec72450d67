export default {
  product: "签筒",
  skip: "跳到正文",
  switchLanguage: "English",
  switchLanguageHint: "Switch to English",
  mainNavigation: "主导航",
  footer: "抽取过程可公开核验：任何人都能用自己的设备重算结果。",
} as const;
