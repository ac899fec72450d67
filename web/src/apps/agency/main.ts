import { createApp } from "vue";
import english from "../../i18n/en/agency.ts";
import { createTexts } from "../../i18n/index.ts";
import chinese from "../../i18n/zh-CN/agency.ts";
import "../../ui/base.css";
import "element-plus/theme-chalk/base.css";
import "../../ui/element.css";
import "./agency.css";
import "./request.css";
import App from "./App.vue";

createApp(App).use(createTexts(chinese, english)).mount("#app");
