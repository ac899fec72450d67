import { createApp } from "vue";
import english from "../../i18n/en/clarify.ts";
import englishRoom from "../../i18n/en/room.ts";
import { createTexts } from "../../i18n/index.ts";
import chinese from "../../i18n/zh-CN/clarify.ts";
import chineseRoom from "../../i18n/zh-CN/room.ts";
import "../../ui/base.css";
import "../../ui/room/room.css";
import "./clarify.css";
import App from "./App.vue";
import { takeLink } from "./logic/link.ts";

// Before anything else: nothing that is loaded later finds the token in the address.
const link = takeLink(window);
const texts = createTexts(
  { ...chinese, room: { ...chineseRoom, check: { ...chineseRoom.check, ...chinese.check } } },
  { ...english, room: { ...englishRoom, check: { ...englishRoom.check, ...english.check } } },
);
createApp(App, { link }).use(texts).mount("#app");
