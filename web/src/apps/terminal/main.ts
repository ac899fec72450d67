import { createTexts } from "../../i18n/index.ts";
import { createApp } from "vue";
import english from "../../i18n/en/terminal.ts";
import chinese from "../../i18n/zh-CN/terminal.ts";
import "../../ui/base.css";
import "./terminal.css";
import App from "./App.vue";

createApp(App).use(createTexts(chinese, english)).mount("#app");
