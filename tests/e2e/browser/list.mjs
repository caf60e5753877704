// A long list: usable at once, found by search, and scrolled without a long task.
import { accessible, ask, check, menu, origin } from "./tools.mjs";

const LONG = 50; // milliseconds
const FAR = 1500; // rows

// The tasks of the page's own thread while `work` runs, in milliseconds of its CPU, ascending. Unlike the time on the clock, it does not depend
// on what else the machine does.
async function tasks(page, work) {
  const session = await page.context().newCDPSession(page);
  const events = [];
  session.on("Tracing.dataCollected", ({ value }) => events.push(...value));
  const complete = new Promise((done) => session.once("Tracing.tracingComplete", done));
  await session.send("Tracing.start", { transferMode: "ReportEvents", traceConfig: { includedCategories: ["toplevel", "disabled-by-default-devtools.timeline"] } });
  await work();
  await session.send("Tracing.end");
  await complete;
  await session.detach();
  const main = new Set(events.filter((each) => each.name === "thread_name" && each.args.name === "CrRendererMain").map((each) => `${each.pid} ${each.tid}`));
  const mine = events.filter((each) => /RunTask$/.test(each.name) && each.tdur !== undefined && main.has(`${each.pid} ${each.tid}`));
  return mine.map((each) => each.tdur / 1000).sort((a, b) => a - b);
}

// How far the wheel came.
async function scroll(page) {
  let reached = 0;
  for (let turn = 0; turn < 150 && reached < FAR; turn += 1) {
    await page.mouse.move(640, 600);
    await page.mouse.wheel(0, 800);
    await page.waitForTimeout(30);
    reached = Number(await page.locator(".listing li").last().getAttribute("aria-posinset"));
  }
  return reached;
}

export async function list({ page }) {
  const count = Number(await ask({ fill: true }));
  const begun = Date.now();
  const opening = await tasks(page, async () => {
    await page.goto(`${origin}/endpoints`);
    await page.locator("a.row").first().waitFor();
  });
  const worked = opening.reduce((sum, each) => sum + each, 0);
  check(`${count.toLocaleString("en")} names: the page works less than a second until the first are there`, opening.length > 0 && worked < 1000, `${Math.round(worked)} ms of CPU, ${Date.now() - begun} ms on the clock`);
  let reached = 0;
  const scrolling = await tasks(page, async () => { reached = await scroll(page); });
  check("scrolling reaches far rows", reached >= FAR, `row ${reached}`);
  const rows = await page.locator("a.row").count();
  check("few of them are in the page", rows < 120, rows);
  check(`no task over ${LONG} ms while scrolling`, scrolling.length > 0 && scrolling.at(-1) <= LONG,
    `${scrolling.length} tasks; the longest had ${scrolling.slice(-3).map((each) => each.toFixed(1)).join(", ")} ms of CPU`);
  await page.keyboard.press("Home");
  await page.keyboard.press("/");
  const typed = Date.now();
  await page.keyboard.type(`shop${count - 2}.`);
  await page.locator("a.row", { hasText: `shop${count - 2}.` }).waitFor();
  check("a search finds one of them", (await page.locator("a.row").count()) < 20, `${Date.now() - typed} ms with typing`);
  await page.keyboard.press("ArrowDown");
  check("and the keyboard reaches it", (await page.evaluate(() => document.activeElement.textContent)).includes(`shop${count - 2}.`));
  await page.getByRole("searchbox").fill("");
  await page.locator("a.row").nth(20).waitFor();
  const focused = () => page.evaluate(() => Number(document.activeElement.closest("li")?.getAttribute("aria-posinset") ?? 0));
  let at = 0;
  for (let turn = 0; turn < 300 && at < 80; turn += 1) {
    await page.keyboard.press("ArrowDown");
    at = await focused();
  }
  check("arrow keys go on beyond the window", at >= 80, `row ${at}`);
  await accessible(page, "a long list");
  await menu(page, "Overview");
  await page.locator(".tiles").waitFor();
}
