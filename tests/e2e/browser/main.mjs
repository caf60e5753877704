// A person at the dashboard, in Debian's Chromium. Started by tests/e2e/dashboard.
import { mkdirSync } from "node:fs";
import { lifecycle, openEndpoint, settings, story, upload } from "./endpoint.mjs";
import { breakOff, create, look, signIn, signOut } from "./first.mjs";
import { list } from "./list.mjs";
import { access, alerts, cas, channels, edges, events, redirects } from "./operator.mjs";
import { FOLDER, check, open } from "./tools.mjs";

mkdirSync(FOLDER, { recursive: true });
const browser = await open("profile");
const one = [openEndpoint, upload, settings, lifecycle, story];
const many = [redirects, edges, cas, channels, alerts, events, access];
try {
  for (const step of [signIn, create, ...one, look, ...many]) await step(browser);
  check("no error in the console, no request elsewhere", browser.wrong.length === 0, browser.wrong.join("; ") || "none");
  for (const step of [breakOff, list, signOut]) await step(browser);
} catch (error) {
  await browser.page.screenshot({ path: `${FOLDER}/failed.png` }).catch(() => undefined);
  check("the browser came to the end", false, `${error.stack.split("\n").slice(0, 6).join(" ")} (failed.png) ${browser.wrong.join("; ")}`);
} finally {
  await browser.context.close();
  process.stdin.destroy();
}
