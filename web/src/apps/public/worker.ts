// The public page's worker: the verifier, beside the page.
import { answerTasks } from "../offline/view/judge.ts";

answerTasks(self);
