import { createApp } from "vue";
import { createLazyTexts } from "../../i18n/lazy.ts";
import chineseRoom from "../../i18n/zh-CN/room.ts";
import chinese from "../../i18n/zh-CN/seat.ts";
import "../../ui/base.css";
import "./seat.css";
import App from "./App.vue";

const texts = await createLazyTexts({ ...chinese, room: chineseRoom }, async () => (await import("./english.ts")).default);
createApp(App).use(texts).mount("#app");
