import { createApp } from "vue";
import english from "../../i18n/en/console.ts";
import { createTexts } from "../../i18n/index.ts";
import chinese from "../../i18n/zh-CN/console.ts";
import "../../ui/base.css";
import "../agency/agency.css";
import "../agency/request.css";
import "./console.css";
import App from "./App.vue";

createApp(App).use(createTexts(chinese, english)).mount("#app");
