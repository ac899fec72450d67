import { createApp } from "vue";
import english from "../../i18n/en/desk.ts";
import { createTexts } from "../../i18n/index.ts";
import chinese from "../../i18n/zh-CN/desk.ts";
import "../../ui/base.css";
import "./desk.css";
import "./check-in.css";
import App from "./App.vue";

createApp(App).use(createTexts(chinese, english)).mount("#app");
