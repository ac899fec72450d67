import { createApp } from "vue";
import english from "../../i18n/en/seat.ts";
import { createTexts } from "../../i18n/index.ts";
import chinese from "../../i18n/zh-CN/seat.ts";
import "../../ui/base.css";
import "./seat.css";
import App from "./App.vue";

createApp(App).use(createTexts(chinese, english)).mount("#app");
