import { createApp } from "vue";
import english from "../../i18n/en/public.ts";
import { createTexts } from "../../i18n/index.ts";
import chinese from "../../i18n/zh-CN/public.ts";
import "../../ui/base.css";
import App from "./App.vue";

createApp(App).use(createTexts(chinese, english)).mount("#app");
