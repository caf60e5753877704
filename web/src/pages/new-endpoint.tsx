import { useState } from "preact/hooks";
import type { Endpoint, NewEndpoint, Problem, Session, Tenant } from "../../generated/api";
import { call, problemFrom, type Page } from "../api";
import { split, wrongBlock, wrongName, wrongUrl } from "../check";
import { useLive } from "../live";
import { go } from "../route";
import { Notice, sentence } from "../ui";
import { Picture } from "./records";

type Field = "names" | "upstream" | "ip_filter" | "tenant";

// Where the API's refusals belong.
function fieldOf(problem: Problem): Field | null {
  const { code } = problem;
  if (code.startsWith("name_") || code === "too_many_names" || code === "fanout_limited") return "names";
  if (code.startsWith("upstream_")) return "upstream";
  if (code === "ip_filter_invalid") return "ip_filter";
  return code.startsWith("tenant_") ? "tenant" : null;
}

function Preview({ names, internal }: { names: string[]; internal: boolean }) {
  return (
    <aside class="preview" aria-label="What will be needed">
      <h2>{internal ? "One DNS record" : "Two DNS records"} for each name</h2>
      <Picture name={names[0] || "shop.example.com"} internal={internal} />
      <p class="dim">You create them once, where the domain's DNS is kept. Renewals need nothing more. The next page has the exact values.</p>
    </aside>
  );
}

export function NewEndpointPage({ session }: { session: Session }) {
  const [names, setNames] = useState("");
  const [upstream, setUpstream] = useState("");
  const [kind, setKind] = useState<"external" | "internal">("external");
  const [filter, setFilter] = useState("");
  const [tenant, setTenant] = useState("");
  const [problem, setProblem] = useState<Problem | null>(null);
  const [left, setLeft] = useState<Set<Field>>(new Set());
  const [busy, setBusy] = useState(false);
  const operator = session.tenant === null;
  const tenants = useLive<Page<Tenant>>(operator ? "/v1/tenants" : null);
  const list = split(names);
  const wrong: { [field in Field]: string } = {
    names: list.map(wrongName).find(Boolean) ?? "", upstream: wrongUrl(upstream.trim()),
    ip_filter: split(filter).map(wrongBlock).find(Boolean) ?? "", tenant: "",
  };
  const refused = problem && fieldOf(problem);
  // While typing only what cannot become right by typing on; the rest once the field was left.
  const told = (field: Field) => (left.has(field) && wrong[field]) || (refused === field && problem ? problem.detail : "");
  const leave = (field: Field) => setLeft((before) => new Set(before).add(field));
  const edit = (set: (value: string) => void, field: Field) => (event: { currentTarget: HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement }) => {
    set(event.currentTarget.value);
    if (refused === field) setProblem(null);
  };
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    setLeft(new Set(["names", "upstream", "ip_filter"]));
    if (!list.length || Object.values(wrong).some(Boolean)) {
      document.querySelector<HTMLElement>(`[aria-invalid="true"], #names`)?.focus();
      return;
    }
    setBusy(true);
    const body: NewEndpoint = { names: list, kind };
    if (upstream.trim()) body.upstream = upstream.trim();
    if (split(filter).length) body.ip_filter = split(filter);
    if (tenant) body.tenant = tenant;
    try {
      const made = await call<Endpoint>("POST", "/v1/endpoints", body);
      go(`/endpoints/${made.id}`, true);
    } catch (error) {
      setProblem(problemFrom(error));
      setBusy(false);
    }
  };
  const error = (field: Field) => <p class="wrong" id={`${field}-wrong`} aria-live="polite">{told(field) && sentence(told(field))}</p>;
  const marks = (field: Field) => ({ "aria-invalid": Boolean(told(field)), "aria-describedby": `${field}-help ${field}-wrong`, onBlur: () => leave(field) });
  return (
    <>
      <p class="crumbs"><a href="/endpoints">Endpoints</a></p>
      <h1>Add an endpoint</h1>
      <div class="columns">
        <form onSubmit={(event) => void submit(event)} noValidate>
          <label for="names">Name</label>
          <input id="names" required autofocus autocomplete="off" autocapitalize="none" spellcheck={false} value={names} onInput={edit(setNames, "names")} {...marks("names")} />
          <p class="help" id="names-help">As visitors type it, for example shop.example.com. Several names, parted by spaces, share one certificate.</p>
          {error("names")}
          <label for="upstream">Upstream</label>
          <input id="upstream" type="url" autocomplete="off" spellcheck={false} value={upstream} onInput={edit(setUpstream, "upstream")} {...marks("upstream")} />
          <p class="help" id="upstream-help">Where requests go, for example http://10.0.0.5:3000.</p>
          {error("upstream")}
          <fieldset>
            <legend>Who reaches it</legend>
            <label class="check"><input type="radio" name="kind" checked={kind === "external"} onChange={() => setKind("external")} />
              <span><b>External</b><br /><span class="dim">Visitors come from the Internet through our edge.</span></span></label>
            <label class="check"><input type="radio" name="kind" checked={kind === "internal"} onChange={() => setKind("internal")} />
              <span><b>Internal</b><br /><span class="dim">Only from inside a network. The certificate is proved by DNS alone.</span></span></label>
          </fieldset>
          <label for="ip_filter">Let in only <span class="dim">(optional)</span></label>
          <input id="ip_filter" autocomplete="off" spellcheck={false} value={filter} onInput={edit(setFilter, "ip_filter")} {...marks("ip_filter")} />
          <p class="help" id="ip_filter-help">Addresses and blocks, for example 192.0.2.0/24 2001:db8::/32. Empty: everybody.</p>
          {error("ip_filter")}
          {operator && (tenants.value?.items.length ?? 0) > 1 && (
            <>
              <label for="tenant">Tenant</label>
              <select id="tenant" value={tenant} onChange={edit(setTenant, "tenant")}>
                {tenants.value?.items.map((each) => <option key={each.id} value={each.id === "default" ? "" : each.id}>{each.name}</option>)}
              </select>
              {error("tenant")}
            </>
          )}
          {problem && (!refused || problem.fix) && <Notice problem={problem} />}
          <div class="actions"><button type="submit" class="primary" disabled={busy}>{busy ? "Adding…" : "Add and show the records"}</button></div>
        </form>
        <Preview names={list.filter((each) => !wrongName(each))} internal={kind === "internal"} />
      </div>
    </>
  );
}
