// Signing in, a first endpoint from its form to active, looking around, a lost connection, signing out.
import { LINK, NAME, UPSTREAM, ask, check, menu, origin, picture } from "./tools.mjs";

export async function signIn({ context, page }) {
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

export async function create({ page }) {
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

export async function look({ page }) {
  await menu(page, "Endpoints");
  await page.locator("a.row").waitFor();
  await page.keyboard.press("/");
  await page.keyboard.type("nobody-has-this");
  await page.getByRole("heading", { name: "No name fits" }).waitFor();
  await page.getByRole("searchbox").fill(NAME.slice(0, 4));
  await page.locator("a.row").waitFor();
  await page.keyboard.press("ArrowDown");
  check("the arrow keys reach the list", (await page.evaluate(() => document.activeElement.textContent)).includes(NAME));
  await picture(page, "endpoints");
  await menu(page, "Alerts");
  await page.getByRole("heading", { name: "Nothing needs anybody" }).or(page.locator(".alert").first()).waitFor();
  await picture(page, "alerts");
  await menu(page, "Overview");
  await page.locator(".tiles").waitFor();
  await picture(page, "overview");
}

// What changes while the page has no connection is seen as soon as it has one again.
export async function breakOff({ page }) {
  await menu(page, "Overview");
  await page.locator(".tiles").waitFor();
  await page.evaluate(() => { globalThis.stillTheSamePage = true; });
  await ask({ stop: true });
  await page.locator(".connection.away").waitFor();
  check("a lost connection is said", true, await page.locator(".connection").textContent());
  await ask({ start: true, suspend: NAME });
  await page.locator(".connection.live").waitFor();
  await page.locator(".tile", { hasText: "Suspended" }).waitFor();
  check("what changed meanwhile is seen without reloading", await page.evaluate(() => globalThis.stillTheSamePage), await page.locator(".tile", { hasText: "Suspended" }).textContent());
}

export async function signOut({ context, page }) {
  const [cookie] = await context.cookies();
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByLabel("Token").waitFor();
  const old = await fetch(`${origin}/v1/session`, { headers: { Cookie: `${cookie.name}=${cookie.value}` } });
  check("signing out ends the session at the server", old.status === 401, old.status);
}
