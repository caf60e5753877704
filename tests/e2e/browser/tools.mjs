// What every step at the dashboard needs. tests/e2e/dashboard reads a JSON line for each step and answers "go" where the world outside
// has to change first.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

export const { LINK, NAME, UPSTREAM, FOLDER, WEB } = process.env;
const require = createRequire(`${WEB}/package.json`);
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
export const origin = new URL(LINK).origin;
const answers = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
export const SLOW = 60_000;

const tell = (line) => console.log(JSON.stringify(line));
export const check = (what, passed, saw = "") => tell({ check: what, passed: Boolean(passed), saw: String(saw) });
export async function ask(line) {
  tell(line);
  return (await answers.next()).value;
}

export async function open(name, options = {}) {
  const context = await chromium.launchPersistentContext(`${FOLDER}/${name}`, {
    executablePath: "/usr/bin/chromium", headless: true, viewport: { width: 1280, height: 900 }, reducedMotion: "reduce",
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
      "--disable-component-update", "--disable-sync"], ...options,
  });
  context.setDefaultTimeout(SLOW);
  const page = context.pages()[0] ?? (await context.newPage());
  const wrong = [];
  page.on("pageerror", (error) => wrong.push(String(error)));
  // What the API refuses is shown by the page; the browser writes it to the console too.
  page.on("console", (message) => message.type() === "error" && !/status of 4\d\d/.test(message.text()) && wrong.push(message.text()));
  page.on("request", (request) => new URL(request.url()).origin !== origin && wrong.push(`request to ${request.url()}`));
  return { context, page, wrong };
}

export async function accessible(page, what) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"] }));
  check(`axe finds nothing in ${what}`, violations.length === 0,
    violations.map((each) => `${each.id}: ${each.nodes.map((node) => node.target.join(" ")).slice(0, 3).join(", ")}`).join("; ") || "nothing");
}

// Of a page on a desktop and a phone, light and dark.
export async function picture(page, name) {
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

export const menu = (page, word) => page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: word, exact: true }).click();
export const button = (page, name) => page.getByRole("button", { name, exact: true });
export const gone = (page) => page.locator("dialog[open]").waitFor({ state: "detached" });
// What the API says, asked with the page's own session.
export const api = async (page, path) => (await page.request.get(`${origin}/v1/${path}`)).json();
