// A person at the dashboard, in Debian's Chromium. Started by tests/e2e/dashboard, which reads a JSON line for each step and
// answers "go" where the world outside has to change first.
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const { LINK, NAME, UPSTREAM, FOLDER, WEB } = process.env;
const require = createRequire(`${WEB}/package.json`);
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const origin = new URL(LINK).origin;
const answers = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const SLOW = 60_000;

const tell = (line) => console.log(JSON.stringify(line));
const check = (what, passed, saw = "") => tell({ check: what, passed: Boolean(passed), saw: String(saw) });
const ask = async (line) => {
  tell(line);
  await answers.next();
};

async function open(name, options = {}) {
  const context = await chromium.launchPersistentContext(`${FOLDER}/${name}`, {
    executablePath: "/usr/bin/chromium", headless: true, viewport: { width: 1280, height: 900 },
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
      "--disable-component-update", "--disable-sync"], ...options,
  });
  context.setDefaultTimeout(SLOW);
  const page = context.pages()[0] ?? (await context.newPage());
  const wrong = [];
  page.on("pageerror", (error) => wrong.push(String(error)));
  page.on("console", (message) => message.type() === "error" && !/status of 40[13]/.test(message.text()) && wrong.push(message.text()));
  page.on("request", (request) => new URL(request.url()).origin !== origin && wrong.push(`request to ${request.url()}`));
  return { context, page, wrong };
}

async function accessible(page, what) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"] }));
  check(`axe finds nothing in ${what}`, violations.length === 0,
    violations.map((each) => `${each.id}: ${each.nodes.map((node) => node.target.join(" ")).slice(0, 3).join(", ")}`).join("; ") || "nothing");
}

async function picture(page, name) {
  for (const scheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme: scheme });
    await page.setViewportSize({ width: 1280, height: 900 });
    await page.screenshot({ path: `${FOLDER}/${name}-desktop-${scheme}.png`, fullPage: true });
    await page.setViewportSize({ width: 390, height: 844 });
    await page.screenshot({ path: `${FOLDER}/${name}-phone-${scheme}.png`, fullPage: true });
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    check(`${name} fits a phone (${scheme})`, wide <= 0, `${wide} pixels too wide`);
    if (scheme === "dark") await accessible(page, `${name}, dark, phone`);
  }
  await page.emulateMedia({ colorScheme: "light" });
  await page.setViewportSize({ width: 1280, height: 900 });
  await accessible(page, name);
}

async function signIn({ context, page }) {
  await page.goto(`${origin}/`);
  await page.getByLabel("Token").waitFor();
  await picture(page, "sign-in");
  await page.getByLabel("Token").fill("not-a-token");
  await page.getByRole("button", { name: "Sign in" }).click();
  check("a wrong token is refused in words", await page.getByRole("alert").textContent(), await page.getByRole("alert").textContent());
  const begun = Date.now();
  await page.goto(LINK);
  await page.getByRole("heading", { name: "Overview" }).waitFor();
  check("the link signs in", true, `${Date.now() - begun} ms`);
  check("the code left the address", !page.url().includes("#"), page.url());
  const [cookie] = await context.cookies();
  check("the cookie is HttpOnly and SameSite=Strict", cookie?.httpOnly && cookie.sameSite === "Strict", JSON.stringify({ ...cookie, value: "" }));
  const again = await page.request.post(`${origin}/v1/sessions`, { headers: { "X-Certwright-Dashboard": "1" }, data: { code: new URL(LINK).hash.slice(1) } });
  check("the link works once", again.status() === 401, again.status());
}

async function create({ page }) {
  await picture(page, "overview-empty");
  await page.getByRole("link", { name: "Add an endpoint" }).click();
  await page.getByRole("textbox", { name: "Name" }).fill(`https://${NAME}/x`);
  await page.getByRole("textbox", { name: "Upstream" }).fill("ftp://nowhere");
  await page.getByRole("textbox", { name: "Let in only" }).focus();
  const complaints = await page.locator("p.wrong:not(:empty)").allTextContents();
  check("the form says what is wrong while typing", complaints.length === 2, complaints.join(" | "));
  await picture(page, "new-endpoint");
  await page.getByRole("textbox", { name: "Name" }).fill(NAME);
  await page.getByRole("textbox", { name: "Upstream" }).fill(UPSTREAM);
  await page.getByRole("button", { name: "Add and show the records" }).click();
  await page.getByRole("heading", { name: NAME }).waitFor();
  await page.evaluate(() => { globalThis.stillTheSamePage = true; });
  const values = await page.locator(".record").evaluateAll((records) => records.map((each) => [...each.querySelectorAll("dd code")].map((code) => code.textContent)));
  check("both records are shown at once, with host and value to copy", values.length === 2 && (await page.locator(".record .copy").count()) === 4, JSON.stringify(values));
  await page.locator(".record .mark", { hasText: "not there yet" }).first().waitFor();
  await picture(page, "endpoint-waiting");
  await ask({ wrong: NAME });
  await page.locator(".record", { hasText: "another value" }).waitFor();
  check("a wrong record is shown beside the right one", true, await page.locator("dd .wrong").first().textContent());
  await ask({ records: NAME });
  const begun = Date.now();
  await page.locator(".lead .mark", { hasText: "Active" }).waitFor({ timeout: 120_000 });
  check("it turned active without reloading", await page.evaluate(() => globalThis.stillTheSamePage), `${Date.now() - begun} ms after its records were there`);
  await page.locator(".certificate").waitFor();
  check("both records are marked as found", (await page.locator(".record.good").count()) === 2, await page.locator(".record .mark").allTextContents());
  await page.locator(".certificate .mark", { hasText: "served" }).waitFor();
  await picture(page, "endpoint-active");
}

async function look({ page }) {
  await page.getByRole("link", { name: "Endpoints" }).first().click();
  await page.locator("a.row").waitFor();
  await page.keyboard.press("/");
  await page.keyboard.type("nobody-has-this");
  await page.getByRole("heading", { name: "No name fits" }).waitFor();
  await page.getByRole("searchbox").fill(NAME.slice(0, 4));
  await page.locator("a.row").waitFor();
  await page.keyboard.press("ArrowDown");
  check("the arrow keys reach the list", (await page.evaluate(() => document.activeElement.textContent)).includes(NAME));
  await picture(page, "endpoints");
  await page.getByRole("link", { name: "Alerts" }).click();
  await page.getByRole("heading", { name: "Nothing needs anybody" }).or(page.locator(".alert").first()).waitFor();
  await picture(page, "alerts");
  await page.getByRole("link", { name: "Overview" }).click();
  await page.locator(".tiles").waitFor();
  await picture(page, "overview");
}

async function breakOff({ page }) {
  await ask({ restart: true });
  await page.locator(".connection.live").waitFor({ timeout: SLOW });
  await ask({ suspend: NAME });
  await page.locator(".tile", { hasText: "Suspended" }).waitFor({ timeout: SLOW });
  check("after a lost connection what happens is seen again", true, await page.locator(".tile", { hasText: "Suspended" }).textContent());
}

async function signOut({ context, page }) {
  const [cookie] = await context.cookies();
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByLabel("Token").waitFor();
  const old = await fetch(`${origin}/v1/session`, { headers: { Cookie: `${cookie.name}=${cookie.value}` } });
  check("signing out ends the session at the server", old.status === 401, old.status);
}

mkdirSync(FOLDER, { recursive: true });
const browser = await open("profile");
try {
  for (const step of [signIn, create, look]) await step(browser);
  check("no error in the console, no request elsewhere", browser.wrong.length === 0, browser.wrong.join("; ") || "none");
  for (const step of [breakOff, signOut]) await step(browser);
} catch (error) {
  await browser.page.screenshot({ path: `${FOLDER}/failed.png` }).catch(() => undefined);
  check("the browser came to the end", false, `${error.message.split("\n")[0]} (failed.png) ${browser.wrong.join("; ")}`);
} finally {
  await browser.context.close();
  process.stdin.destroy();
}
