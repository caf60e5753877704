// What an endpoint does with its visitors, and changing that. A change is tried first: what it would need is said before it is made.
import { useState } from "preact/hooks";
import type { Endpoint, EndpointChange, Reason } from "../../../generated/api";
import { call } from "../../api";
import { split, wrongAny, wrongBlock, wrongUrl } from "../../check";
import { Ask, Check, Choice, REDIRECT_STATUSES, Radios, TextField, useDoing } from "../../forms";
import { Notice } from "../../ui";

const DAY = 86_400;
const HSTS: [seconds: number, word: string][] = [
  [0, "Off"], [300, "5 minutes, to try it"], [DAY, "1 day"], [30 * DAY, "30 days"], [183 * DAY, "half a year"], [365 * DAY, "1 year"], [730 * DAY, "2 years"],
];
const PLAIN: { [mode in Endpoint["plain_http"]]: string } = {
  redirect: "Redirect to HTTPS", serve: "Serve it without TLS too", refuse: "Refuse it",
};

function hstsWord(hsts: Endpoint["hsts"]): string {
  const age = hsts.max_age ?? 0;
  const word = HSTS.find(([seconds]) => seconds === age)?.[1] ?? `${Math.round(age / DAY)} days`;
  return [word, hsts.subdomains && "subdomains too", hsts.preload && "for preload lists"].filter(Boolean).join(", ");
}

export function Settings({ endpoint, onEdit }: { endpoint: Endpoint; onEdit: (() => void) | null }) {
  return (
    <section aria-label="Settings">
      <div class="record-head"><h2>Settings</h2>{onEdit && <button type="button" onClick={onEdit}>Change…</button>}</div>
      <dl>
        <dt>Kind</dt><dd>{endpoint.kind}</dd>
        {endpoint.redirect_to
          ? <><dt>Redirect</dt><dd><code>{endpoint.redirect_to}</code> {endpoint.redirect_status}{endpoint.redirect_keep_path ? ", path kept" : ", path dropped"}{endpoint.on_demand && ", taken by its pool"}</dd></>
          : <><dt>Upstream</dt><dd>{endpoint.upstream ? <code>{endpoint.upstream}</code> : <span class="dim">known by its proxies</span>}
            {endpoint.forwarding.more_upstreams?.map((each) => <code key={each}>{each}</code>)}</dd></>}
        <dt>Who may come</dt><dd>{endpoint.ip_filter.length ? <>{endpoint.ip_filter.map((each) => <code key={each}>{each}</code>)} <span class="dim">kept by {endpoint.filter_at === "edge" ? "our edge" : "the network"}</span></> : "everybody"}</dd>
        <dt>Plain HTTP</dt><dd>{PLAIN[endpoint.plain_http]}</dd>
        <dt>HSTS</dt><dd>{hstsWord(endpoint.hsts)}</dd>
        <dt>Edge group</dt><dd>{endpoint.edge_group}</dd>
        <dt>Tenant</dt><dd>{endpoint.tenant}</dd>
        <dt>Id</dt><dd><code>{endpoint.id}</code></dd>
      </dl>
    </section>
  );
}

interface Form {
  upstream: string;
  redirect_to: string;
  redirect_status: string;
  keep_path: boolean;
  kind: Endpoint["kind"];
  filter: string;
  filter_at: Endpoint["filter_at"];
  plain_http: Endpoint["plain_http"];
  max_age: string;
  subdomains: boolean;
  preload: boolean;
}

const formOf = (endpoint: Endpoint): Form => ({
  upstream: endpoint.upstream ?? "", redirect_to: endpoint.redirect_to ?? "", redirect_status: String(endpoint.redirect_status ?? 301),
  keep_path: endpoint.redirect_keep_path ?? true, kind: endpoint.kind, filter: endpoint.ip_filter.join("\n"), filter_at: endpoint.filter_at,
  plain_http: endpoint.plain_http, max_age: String(endpoint.hsts.max_age ?? 0), subdomains: endpoint.hsts.subdomains ?? false, preload: endpoint.hsts.preload ?? false,
});

// What differs alone, so that nobody's other change is undone.
function changeOf(endpoint: Endpoint, form: Form): EndpointChange {
  const before = formOf(endpoint);
  const differs = (...names: (keyof Form)[]) => names.some((name) => before[name] !== form[name]);
  const change: EndpointChange = {};
  if (endpoint.redirect_to) {
    if (differs("redirect_to")) change.redirect_to = form.redirect_to.trim();
    if (differs("redirect_status")) change.redirect_status = Number(form.redirect_status) as 301;
    if (differs("keep_path")) change.redirect_keep_path = form.keep_path;
  } else if (differs("upstream")) change.upstream = form.upstream.trim();
  if (differs("kind")) change.kind = form.kind;
  if (differs("filter")) change.ip_filter = split(form.filter);
  if (differs("filter_at")) change.filter_at = form.filter_at;
  if (differs("plain_http")) change.plain_http = form.plain_http;
  if (differs("max_age", "subdomains", "preload")) {
    const max_age = Number(form.max_age);
    change.hsts = max_age ? { max_age, subdomains: form.subdomains, preload: form.preload } : { max_age: 0, subdomains: false, preload: false };
  }
  return change;
}

function Fields({ endpoint, form, told, set }: { endpoint: Endpoint; form: Form; told: boolean; set: (part: Partial<Form>) => void }) {
  const ages: [string, string][] = HSTS.map(([seconds, word]) => [String(seconds), word]);
  if (!ages.some(([each]) => each === form.max_age)) ages.push([form.max_age, `${form.max_age} seconds`]);
  return (
    <>
      {endpoint.redirect_to ? (
        <>
          <TextField id="to" label="Redirect to" type="url" value={form.redirect_to} onValue={(redirect_to) => set({ redirect_to })} wrong={wrongUrl(form.redirect_to.trim())} told={told} />
          <Choice id="status" label="Status" value={form.redirect_status} onValue={(redirect_status) => set({ redirect_status })} options={REDIRECT_STATUSES} />
          <Check label="Keep path and query" value={form.keep_path} onValue={(keep_path) => set({ keep_path })} />
        </>
      ) : (
        <TextField id="upstream" label="Upstream" type="url" value={form.upstream} onValue={(upstream) => set({ upstream })} wrong={wrongUrl(form.upstream.trim())} told={told}
          help="Where requests go, for example http://10.0.0.5:3000." />
      )}
      <Radios name="kind" legend="Who reaches it" value={form.kind} onValue={(kind) => set({ kind })} options={[
        ["external", "External", "Visitors come from the Internet through our edge."],
        ["internal", "Internal", "Only from inside a network. The certificate is proved by DNS alone."]]} />
      <TextField id="ip_filter" label="Let in only" optional rows={3} value={form.filter} onValue={(filter) => set({ filter })} told={told}
        wrong={wrongAny(split(form.filter), wrongBlock)} help="An address or a block a line, for example 192.0.2.0/24 or 2001:db8::/32. Empty: everybody." />
      {split(form.filter).length > 0 && (
        <Radios name="filter_at" legend="Who keeps the others out" value={form.filter_at} onValue={(filter_at) => set({ filter_at })} options={[
          ["edge", "Our edge", "It lets the CA's challenge through, so the name can still be proved by HTTP."],
          ["network", "A network in front of it", "The CA cannot come in: the certificate is proved by DNS alone."]]} />
      )}
      <Choice id="plain" label="Plain HTTP (port 80)" value={form.plain_http} onValue={(mode) => set({ plain_http: mode as Form["plain_http"] })}
        options={Object.entries(PLAIN)} help="The CA's challenges are answered whatever it is." />
      <Choice id="hsts" label="Browsers remember to use HTTPS alone (HSTS)" value={form.max_age} onValue={(max_age) => set({ max_age })} options={ages}
        help="They cannot be made to forget it before the time is over." />
      {form.max_age !== "0" && (
        <>
          <Check label="For all subdomains too" value={form.subdomains} onValue={(subdomains) => set({ subdomains })} />
          <Check label="Allow the browsers' preload lists" value={form.preload} onValue={(preload) => set({ preload })} />
        </>
      )}
    </>
  );
}

interface Props {
  endpoint: Endpoint;
  onClose: () => void;
  onDone: (endpoint: Endpoint) => void;
}

// Shown while it is open only: it begins with what the endpoint has then.
export function SettingsDialog({ endpoint, onClose, onDone }: Props) {
  const [begun] = useState(endpoint);
  const [form, setForm] = useState<Form>(() => formOf(endpoint));
  const [told, setTold] = useState(false);
  const [warnings, setWarnings] = useState<Reason[] | null>(null);
  const doing = useDoing();
  const set = (part: Partial<Form>) => {
    setForm({ ...form, ...part });
    setWarnings(null);
    doing.clear();
  };
  const send = (preview: boolean) => call<Endpoint>("PATCH", `/v1/endpoints/${begun.id}`, { ...changeOf(begun, form), ...(preview ? { preview } : {}) });
  const submit = async () => {
    setTold(true);
    const wrong = wrongAny(split(form.filter), wrongBlock) || wrongUrl(begun.redirect_to ? form.redirect_to.trim() : form.upstream.trim());
    if (wrong) return document.querySelector<HTMLElement>("dialog [aria-invalid=true]")?.focus();
    if (Object.keys(changeOf(begun, form)).length === 0) return onClose();
    return void (await doing.run(async () => {
      if (!warnings) {
        const would = (await send(true)).warnings ?? [];
        if (would.length) return setWarnings(would);
      }
      return onDone(await send(false));
    }));
  };
  return (
    <Ask title={`Settings of ${begun.display_name}`} open onClose={onClose} doing={doing} word={warnings ? "Save all the same" : "Save"} onSubmit={() => void submit()}>
      <Fields endpoint={begun} form={form} told={told} set={set} />
      {warnings?.map((each) => <Notice key={each?.code} problem={each} tone="warn" />)}
    </Ask>
  );
}
