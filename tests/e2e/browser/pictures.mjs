// Pictures for the documentation: tools/screenshots.
import { FOLDER, LINK, NAME, ask, menu, open, origin } from "./tools.mjs";

const { OUT, WAITING } = process.env;

async function take(page, name, scheme, [width, height]) {
  await page.emulateMedia({ colorScheme: scheme });
  await page.setViewportSize({ width, height });
  await page.evaluate(() => scrollTo(0, 0));
  await page.waitForTimeout(300);
  await page.screenshot({ path: `${OUT}/${name}.png` });
}

const { context, page } = await open("pictures");
const DESK = [1160, 800];
try {
  await page.goto(LINK);
  await page.getByRole("heading", { name: "Overview" }).waitFor();
  await page.locator(".chart").first().waitFor();
  await page.getByRole("region", { name: "CA", exact: true }).locator("meter").first().waitFor();
  await take(page, "dashboard-overview", "light", DESK);
  await page.goto(`${origin}/endpoints/${WAITING}`);
  await page.locator(".record .mark", { hasText: "another value" }).first().waitFor();
  await take(page, "dashboard-records", "light", DESK);
  await take(page, "dashboard-phone", "dark", [390, 800]);
  await page.setViewportSize({ width: 1160, height: 800 });
  await menu(page, "Endpoints");
  await page.locator("a.row", { hasText: NAME }).click();
  await page.locator(".certificate .timeline").waitFor();
  await take(page, "dashboard-endpoint", "dark", DESK);
} finally {
  await context.close();
  await ask({ done: FOLDER });
  process.stdin.destroy();
}
