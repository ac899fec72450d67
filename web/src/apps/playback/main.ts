import { createApp } from "vue";
import { watchPresence } from "../../api/presence.ts";
import english from "../../i18n/en/playback.ts";
import { createTexts } from "../../i18n/index.ts";
import chinese from "../../i18n/zh-CN/playback.ts";
import "../../ui/base.css";
import "./playback.css";
import App from "./App.vue";

watchPresence(window);
createApp(App).use(createTexts(chinese, english)).mount("#app");
