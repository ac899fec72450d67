import type { Words } from "../index.ts";
import type chinese from "../zh-CN/public.ts";

export default {
  title: "Verify a draw",
  lead: "Verification runs in your own browser; you need not trust this site.",
} satisfies Words<typeof chinese>;
