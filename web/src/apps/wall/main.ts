import { createApp } from "vue";
import { watchPresence } from "../../api/presence.ts";
import englishRoom from "../../i18n/en/room.ts";
import english from "../../i18n/en/wall.ts";
import englishCases from "../../i18n/en/wall-cases.ts";
import englishWords from "../../i18n/en/wall-words.ts";
import { createTexts } from "../../i18n/index.ts";
import chineseRoom from "../../i18n/zh-CN/room.ts";
import chinese from "../../i18n/zh-CN/wall.ts";
import chineseCases from "../../i18n/zh-CN/wall-cases.ts";
import chineseWords from "../../i18n/zh-CN/wall-words.ts";
import "../../ui/base.css";
import "../../ui/room/room.css";
import "./wall.css";
import "./work.css";
import App from "./App.vue";

watchPresence(window);
const texts = createTexts(
  { ...chinese, ...chineseWords, cases: chineseCases, room: chineseRoom },
  { ...english, ...englishWords, cases: englishCases, room: englishRoom },
);
createApp(App).use(texts).mount("#app");
