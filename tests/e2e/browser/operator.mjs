// What an operator has: redirects, pools, edges, CAs, channels, alerts, events, tokens.
import { LINK, NAME, accessible, api, ask, button, check, gone, menu, open, origin, picture } from "./tools.mjs";

export async function redirects({ page }) {
  await menu(page, "Redirects");
  await page.getByRole("heading", { name: "No redirects yet" }).waitFor();
  await button(page, "Add a redirect").click();
  await page.getByLabel("Name", { exact: true }).fill("customer.test");
  await page.getByLabel("Redirect to").fill("www.customer.test");
  await button(page, "Add and show the records").click();
  await page.locator("#to-wrong", { hasText: "http" }).waitFor();
  await accessible(page, "adding a redirect");
  await page.getByLabel("Redirect to").fill("https://www.customer.test");
  await button(page, "Add and show the records").click();
  await page.getByRole("heading", { name: "customer.test", level: 1 }).waitFor();
  check("a redirect's records are shown", (await page.locator(".record").count()) > 0, await page.locator(".record dd").allTextContents());
  await menu(page, "Redirects");
  await page.getByRole("row", { name: /customer.test/ }).waitFor();
  await button(page, "Make a pool…").click();
  await page.getByLabel("Edge group").fill("apex");
  await page.getByLabel("Addresses").fill("192.0.2.80\nnot-an-address");
  await button(page, "Make the pool").click();
  await page.locator("#pool-addresses-wrong", { hasText: "not-an-address" }).waitFor();
  await accessible(page, "making a pool");
  await page.getByLabel("Addresses").fill("192.0.2.80\n2001:db8::80");
  await button(page, "Make the pool").click();
  await gone(page);
  const pool = page.getByRole("region", { name: "Pools" }).locator("li").first();
  await pool.getByText("AAAA 2001:db8::80").waitFor();
  await pool.getByText("nothing yet").waitFor();
  check("a pool shows its records and what it took", true, await pool.textContent());
  await picture(page, "redirects");
  await page.getByRole("button", { name: "End the pool apex" }).click();
  await button(page, "End the pool").click();
  await page.getByRole("heading", { name: "No pools" }).waitFor();
  await page.getByRole("button", { name: "Remove customer.test" }).click();
  await page.locator("dialog").getByRole("button", { name: "Remove customer.test" }).click();
  await gone(page);
  check("both can be removed", (await api(page, "edge-groups")).items.every((each) => !each.pool_to));
}

export async function edges({ page }) {
  await menu(page, "Edges");
  await button(page, "Invite an edge").click();
  await accessible(page, "inviting an edge");
  await button(page, "Make the invitation").click();
  const command = page.locator("dialog .secret code");
  await command.waitFor();
  const text = await command.textContent();
  check("an invitation is a command to copy", /^certwright edge --join https:.* --token \S+\.[0-9a-f]+$/.test(text), text.replace(/--token .*/, "--token ..."));
  await accessible(page, "an invitation");
  await button(page, "I have it").click();
  await ask({ edge: text.split("--token ")[1] });
  const row = page.getByRole("row", { name: /edge-2/ });
  await row.getByText("live").waitFor();
  await row.getByText("up to date").waitFor();
  check("the edge that joined is seen", true, await row.textContent());
  await picture(page, "edges");
  await page.getByRole("button", { name: "Remove edge-2" }).click();
  await page.locator("dialog").getByRole("button", { name: "Remove edge-2" }).click();
  await row.waitFor({ state: "detached" });
  check("and can be removed", true);
  await ask({ edge_gone: true });
}

export async function cas({ page }) {
  const [account] = (await api(page, "ca-accounts")).items;
  const set = (capacity) => page.request.put(`${origin}/v1/ca-accounts/${account.id}/limits/new_orders`, { headers: { "X-Certwright-Dashboard": "1" }, data: { capacity, period_seconds: 10_800 } });
  check("a limit is agreed on", (await set(300)).ok());
  await menu(page, "CAs");
  await page.locator(".gauge meter, .rows b").first().waitFor();
  check("limits are shown with what is left", (await page.locator("main").textContent()).includes("3 hours"), await page.locator(".rows").first().textContent());
  await button(page, "Register with a CA").click();
  await page.getByLabel("CA", { exact: true }).selectOption("");
  await page.getByLabel("Directory").fill(account.directory_url);
  await button(page, "Register").click();
  await page.locator("#ca-name-wrong", { hasText: "name" }).waitFor();
  await accessible(page, "registering with a CA");
  await page.getByLabel("Name here").fill("second");
  await button(page, "Register").click();
  await gone(page);
  const second = page.getByRole("region", { name: "second" });
  await second.waitFor();
  await picture(page, "cas");
  await second.getByRole("button", { name: "Make it the default…" }).click();
  await accessible(page, "another default CA");
  await button(page, "Make it the default").click();
  await page.locator("dialog [role=status]").waitFor();
  check("another CA is made the default", true, await page.locator("dialog [role=status]").textContent());
  await button(page, "Close").click();
  await second.locator(".mark", { hasText: "default" }).waitFor();
}

export async function channels({ page }) {
  await menu(page, "Alerts");
  await button(page, "Channels").click();
  await page.getByRole("heading", { name: "Nobody is told yet" }).waitFor();
  await button(page, "Add a channel").click();
  await page.getByLabel("Webhook").check();
  await page.getByLabel("Name", { exact: true }).fill("on-call");
  await page.getByRole("textbox", { name: "URL" }).fill(await ask({ receiver: true }));
  await accessible(page, "adding a channel");
  await button(page, "Add it").click();
  const secret = page.locator("dialog .secret code");
  await secret.waitFor();
  await ask({ secret: await secret.textContent() });
  await button(page, "I have it").click();
  check("a webhook's secret is shown once", !(await page.content()).includes("whsec"));
  await page.getByRole("button", { name: "Send a test to on-call" }).click();
  await page.getByText("channel.test delivered").waitFor();
  check("a test is delivered", true, await page.locator(".alerts .rows").textContent());
  await picture(page, "channels");
  await page.getByRole("button", { name: "Turn off on-call" }).click();
  await page.locator(".alerts .mark", { hasText: "off" }).waitFor();
  await page.getByRole("button", { name: "Turn on on-call" }).click();
  await page.locator(".alerts .mark", { hasText: /^✓?on$/ }).waitFor();
}

// DNS of a name that works is broken: an alert is there without reloading, can be silenced, and is over when DNS is mended.
export async function alerts({ page }) {
  await button(page, "Open").click();
  await ask({ broken: NAME });
  const entry = page.locator(".alert", { hasText: NAME });
  await entry.waitFor({ timeout: 120_000 });
  check("broken DNS is an alert with a fix", (await entry.textContent()).includes("CNAME"), await entry.textContent());
  await entry.getByRole("button", { name: "Silence…" }).click();
  await page.getByLabel("Why").fill("we know");
  await accessible(page, "silencing an alert");
  await button(page, "Silence").click();
  await entry.getByText("Silenced until").waitFor();
  await picture(page, "alerts-open");
  await entry.getByRole("button", { name: "End the silence" }).click();
  await entry.getByRole("button", { name: "Silence…" }).waitFor();
  await menu(page, "Overview");
  await page.getByRole("heading", { name: /^For / }).first().waitFor();
  await picture(page, "overview-alert");
  await menu(page, "Alerts");
  await ask({ mended: NAME });
  await entry.waitFor({ state: "detached", timeout: 120_000 });
  await button(page, "Open and over").click();
  await page.locator(".alert", { hasText: "over" }).first().waitFor();
  check("it is over when DNS is mended, and in the history", true);
}

export async function events({ page }) {
  await menu(page, "Events");
  await page.locator(".events li").first().waitFor();
  await button(page, "Certificates").click();
  const types = await page.locator(".events code").allTextContents();
  check("events are filtered by kind", types.length > 0 && types.every((each) => each.startsWith("certificate.")), types.length);
  await picture(page, "events");
}

export async function access({ page, wrong }) {
  await menu(page, "Access");
  await page.getByRole("button", { name: "Add a tenant…" }).click();
  await page.getByLabel("Id", { exact: true }).fill("acme");
  await button(page, "Add it").click();
  await gone(page);
  await page.getByRole("row", { name: /acme/ }).first().waitFor();
  await button(page, "Make a token").click();
  await page.getByLabel("What for").fill("reader");
  await page.getByLabel("Tenant", { exact: true }).selectOption("acme");
  await accessible(page, "making a token");
  await button(page, "Make the token").click();
  const secret = page.locator("dialog .secret code");
  await secret.waitFor();
  const token = await secret.textContent();
  await accessible(page, "a token's secret");
  await button(page, "I have it").click();
  await gone(page);
  check("the secret is shown once", !(await page.content()).includes(token));
  await picture(page, "access");
  await readOnly(token, async () => {
    await page.getByRole("button", { name: "Revoke reader" }).click();
    await button(page, "Revoke it").click();
    await gone(page);
  });
  check("no error so far", wrong.length === 0, wrong.join("; ") || "none");
}

// Who may read a tenant sees less, and is out when the token is revoked.
async function readOnly(token, revoke) {
  const { context, page, wrong } = await open("reader");
  await page.goto(new URL(LINK).origin);
  await page.getByLabel("Token").fill(token);
  await button(page, "Sign in").click();
  await page.getByRole("heading", { name: "Overview" }).waitFor();
  const words = await page.getByRole("navigation", { name: "Main" }).getByRole("link").allTextContents();
  check("a tenant's reader has no operator's pages", !["Edges", "CAs", "Access"].some((each) => words.includes(each)), words.join(", "));
  await menu(page, "Redirects");
  await page.getByRole("heading", { name: "No redirects yet" }).waitFor();
  check("and no buttons that change something", (await page.getByRole("button", { name: "Add a redirect" }).count()) === 0);
  await revoke();
  await menu(page, "Endpoints");
  await page.getByLabel("Token").waitFor();
  check("a revoked token ends its session", true, wrong.join("; ") || "no errors");
  await context.close();
}
