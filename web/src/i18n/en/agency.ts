import type { Words } from "../index.ts";
import type chinese from "../zh-CN/agency.ts";

export default {
  title: "Draw requests",
  lead: "Request a draw of evaluation experts and follow the state of each draw.",
} satisfies Words<typeof chinese>;
