import { createApp } from "vue";
import english from "../../i18n/en/console.ts";
import englishBooking from "../../i18n/en/console-booking.ts";
import englishCentre from "../../i18n/en/console-centre.ts";
import englishRoster from "../../i18n/en/console-roster.ts";
import { createTexts } from "../../i18n/index.ts";
import chinese from "../../i18n/zh-CN/console.ts";
import chineseBooking from "../../i18n/zh-CN/console-booking.ts";
import chineseCentre from "../../i18n/zh-CN/console-centre.ts";
import chineseRoster from "../../i18n/zh-CN/console-roster.ts";
import "../../ui/base.css";
import "../agency/agency.css";
import "../agency/request.css";
import "./console.css";
import "./oversight.css";
import App from "./App.vue";

const texts = createTexts({ ...chinese, ...chineseRoster, ...chineseBooking, ...chineseCentre }, { ...english, ...englishRoster, ...englishBooking, ...englishCentre });
createApp(App).use(texts).mount("#app");
