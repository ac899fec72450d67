import { createApp } from "vue";
import { watchPresence } from "../../api/presence.ts";
import english from "../../i18n/en/desk.ts";
import englishRelay from "../../i18n/en/desk-relay.ts";
import { createTexts } from "../../i18n/index.ts";
import chinese from "../../i18n/zh-CN/desk.ts";
import chineseRelay from "../../i18n/zh-CN/desk-relay.ts";
import "../../ui/base.css";
import "./desk.css";
import "./check-in.css";
import App from "./App.vue";

watchPresence(window);
createApp(App).use(createTexts({ ...chinese, ...chineseRelay }, { ...english, ...englishRelay })).mount("#app");
