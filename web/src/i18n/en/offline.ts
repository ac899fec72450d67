import type { Words } from "../index.ts";
import type chinese from "../zh-CN/offline.ts";

export default {
  title: "Offline verifier",
  lead: "This file uses no network: it verifies a draw proof even when you are offline. Verification starts by itself once a file is chosen.",
} satisfies Words<typeof chinese>;
