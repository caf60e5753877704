// One endpoint's page: uploads, settings, suspending, removing, what was attempted.
import { FOLDER, NAME, accessible, api, ask, button, check, gone, menu, picture } from "./tools.mjs";

async function fill(page, chain, key) {
  await page.getByLabel("Certificate and chain from a file").setInputFiles(`${FOLDER}/${chain}`);
  await page.getByLabel("Private key from a file").setInputFiles(`${FOLDER}/${key}`);
  await page.waitForFunction(() => [...document.querySelectorAll("dialog textarea")].every((each) => each.value.includes("END")));
}

export async function openEndpoint({ page }) {
  await menu(page, "Endpoints");
  await page.locator("a.row", { hasText: NAME }).click();
  await page.getByRole("heading", { name: NAME, level: 1 }).waitFor();
}

export async function upload({ page }) {
  await ask({ certificates: NAME });
  await button(page, "Upload one…").click();
  await fill(page, "other.pem", "other.key");
  await button(page, "Look at it").click();
  const refusal = page.locator("dialog [role=alert]");
  await refusal.waitFor();
  check("a certificate of another name is refused in words", (await refusal.textContent()).includes(NAME), await refusal.textContent());
  await picture(page, "endpoint-upload");
  await fill(page, "good.pem", "other.key");
  await button(page, "Look at it").click();
  await page.locator("dialog [role=alert]", { hasText: "key" }).waitFor();
  check("a foreign key is refused in words", true, await page.locator("dialog [role=alert]").textContent());
  await fill(page, "good.pem", "good.key");
  await page.getByLabel("As long as it is valid").check();
  await button(page, "Look at it").click();
  await page.locator("dialog .notice.good").waitFor();
  const before = await api(page, `endpoints/${NAME}`);
  check("looking stores nothing", before.certificates.every((each) => each.source === "managed"), before.certificates.map((each) => each.source));
  await accessible(page, "a certificate before it is stored");
  await button(page, "Store and serve it").click();
  await gone(page);
  await page.locator(".certificate", { hasText: "Uploaded" }).waitFor();
  check("the key is nowhere in the page", !(await page.content()).includes("PRIVATE KEY"));
  await button(page, "Upload one…").click();
  check("nor in the next dialog", (await page.getByLabel("Private key", { exact: true }).inputValue()) === "");
  await page.keyboard.press("Escape");
  await gone(page);
  await button(page, "Remove it…").click();
  await accessible(page, "removing a certificate");
  await button(page, "Remove the certificate").click();
  await page.locator(".certificate", { hasText: "Uploaded" }).waitFor({ state: "detached" });
  check("an uploaded one can be removed", true);
}

export async function settings({ page }) {
  const change = () => page.getByRole("region", { name: "Settings" }).getByRole("button", { name: "Change…" }).click();
  await change();
  await page.getByLabel("Let in only").fill("192.0.2.0/24\n300.1.1.1");
  await button(page, "Save").click();
  const wrong = page.locator("#ip_filter-wrong");
  await wrong.filter({ hasText: "300.1.1.1" }).waitFor();
  check("a wrong block is told before anything is sent", true, await wrong.textContent());
  await picture(page, "endpoint-settings");
  await page.getByLabel("Let in only").fill("192.0.2.0/24\n2001:db8::/32\n127.0.0.1");
  await page.getByLabel("A network in front of it").check();
  await page.getByLabel("Plain HTTP (port 80)").selectOption("serve");
  await page.getByLabel("Browsers remember to use HTTPS alone (HSTS)").selectOption("86400");
  await button(page, "Save").click();
  const again = page.getByRole("button", { name: "Save all the same" });
  await Promise.race([gone(page), again.waitFor()]);
  if (await again.isVisible()) await again.click();
  await gone(page);
  const { ip_filter: filter, filter_at: at, plain_http: plain, hsts } = await api(page, `endpoints/${NAME}`);
  check("the settings are the API's", filter.length === 3 && at === "network" && plain === "serve" && hsts.max_age === 86_400, JSON.stringify({ filter, at, plain, hsts }));
  await page.getByRole("region", { name: "Settings" }).getByText("Serve it without TLS too").waitFor();
  await change();
  await page.getByLabel("Let in only").fill("");
  await button(page, "Save").click();
  await gone(page);
  await page.getByRole("region", { name: "Settings" }).getByText("everybody").waitFor();
  check("the filter can be taken away", (await api(page, `endpoints/${NAME}`)).ip_filter.length === 0);
}

export async function lifecycle({ page }) {
  const state = (word) => page.locator(".lead .mark", { hasText: word }).waitFor();
  await button(page, "Suspend…").click();
  await page.getByLabel("Why").fill("unpaid");
  await button(page, "Suspend").click();
  await state("Suspended");
  await button(page, "Resume").click();
  await state("Active");
  await button(page, "Remove…").click();
  const said = await page.locator("dialog .consequences").textContent();
  check("a removal says what follows", said.includes("held for") && said.includes("at once"), said);
  check("and lets choose whether to revoke", await page.getByLabel("Also revoke its certificates at the CA").isVisible());
  await accessible(page, "removing an endpoint");
  await page.getByRole("button", { name: `Remove ${NAME}` }).click();
  await state("Being removed");
  await button(page, "Restore").click();
  await state("Active");
  check("suspended, resumed, removed and restored", true);
}

export async function story({ page }) {
  const attempts = page.getByRole("region", { name: "Attempts" });
  await attempts.locator("summary").first().click();
  await attempts.locator(".steps").first().waitFor();
  check("each attempt shows its steps", (await attempts.locator(".steps").first().locator("li").count()) === 9, await attempts.locator("li").first().textContent());
  const life = page.locator(".certificate .timeline").first();
  const told = await life.textContent();
  check("the certificate's life: issued, deployed, renewal, end", ["Issued", "1 of 1 edge", "Renewal", "Ends"].every((each) => told.includes(each)), told);
  await page.getByText("How your provider's form wants it").click();
  const hints = await page.locator(".hints").textContent();
  check("registrars' forms are explained with this name", hints.includes(`_acme-challenge.${NAME}. 3600 IN CNAME`) && hints.includes("DNS only"), hints.slice(0, 200));
  await picture(page, "endpoint-detail");
}
