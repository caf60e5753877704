// Names that lead elsewhere, and pools: edges that redirect every domain whose DNS leads to them.
import { useEffect, useState } from "preact/hooks";
import type { EdgeGroup, Endpoint, NewEndpoint, Session, Tenant } from "../../generated/api";
import { call, query, type Page } from "../api";
import { split, wrongAny, wrongName, wrongUrl } from "../check";
import { Ask, Check, Choice, REDIRECT_STATUSES, TextField, useDoing } from "../forms";
import { useLive } from "../live";
import { go } from "../route";
import { Empty, Loading, Notice, StateMark, When } from "../ui";
import { RemovalDialog } from "./endpoint/removal";
import { Pools } from "./pools";

function NewRedirect({ session, open, onClose, onDone }: { session: Session; open: boolean; onClose: () => void; onDone: (made: Endpoint) => void }) {
  const [names, setNames] = useState("");
  const [to, setTo] = useState("");
  const [status, setStatus] = useState("301");
  const [keep, setKeep] = useState(true);
  const [tenant, setTenant] = useState("");
  const [told, setTold] = useState(false);
  const operator = session.tenant === null;
  const tenants = useLive<Page<Tenant>>(operator && open ? "/v1/tenants" : null);
  const doing = useDoing();
  const list = split(names);
  const submit = async () => {
    setTold(true);
    if (!list.length || !to.trim() || wrongAny(list, wrongName) || wrongUrl(to.trim())) {
      return document.querySelector<HTMLElement>("dialog [aria-invalid=true]")?.focus();
    }
    const body: NewEndpoint = { names: list, redirect_to: to.trim(), redirect_status: Number(status) as 301, redirect_keep_path: keep, ...(tenant ? { tenant } : {}) };
    return void (await doing.run(async () => onDone(await call<Endpoint>("POST", "/v1/endpoints", body))));
  };
  return (
    <Ask title="Add a redirect" open={open} onClose={onClose} doing={doing} word="Add and show the records" onSubmit={() => void submit()}>
      <TextField id="names" label="Name" focus value={names} onValue={setNames} told={told} wrong={list.length ? wrongAny(list, wrongName) : "it needs a name"}
        help="What visitors type, for example example.com. Several names, parted by spaces, share one certificate." />
      <TextField id="to" label="Redirect to" type="url" value={to} onValue={setTo} told={told} wrong={to.trim() ? wrongUrl(to.trim()) : "it needs an address"} help="For example https://www.example.com." />
      <Choice id="status" label="Status" value={status} onValue={setStatus} options={REDIRECT_STATUSES} />
      <Check label="Keep path and query" value={keep} onValue={setKeep} />
      {(tenants.value?.items.length ?? 0) > 1 && (
        <Choice id="tenant" label="Tenant" value={tenant} onValue={setTenant}
          options={(tenants.value?.items ?? []).map((each) => [each.id === "default" ? "" : each.id, each.name])} />
      )}
    </Ask>
  );
}

function Row({ endpoint, onRemove }: { endpoint: Endpoint; onRemove: (() => void) | null }) {
  return (
    <tr>
      <th scope="row"><a href={`/endpoints/${endpoint.id}`}>{endpoint.display_names.join(", ")}</a></th>
      <td><code>{endpoint.redirect_to}</code> <span class="dim">{endpoint.redirect_status}</span></td>
      <td><StateMark state={endpoint.state} /></td>
      <td>{endpoint.on_demand ? <>taken by the pool {endpoint.edge_group}</> : endpoint.tenant}</td>
      <td class="dim"><When at={endpoint.created_at} /></td>
      <td class="end">{onRemove && endpoint.state !== "deleting" && <button type="button" class="danger" aria-label={`Remove ${endpoint.display_name}`} onClick={onRemove}>Remove…</button>}</td>
    </tr>
  );
}

export function Redirects({ session, address }: { session: Session; address: URL }) {
  const q = address.searchParams.get("q") ?? "";
  const pool = address.searchParams.get("pool") ?? "";
  const [text, setText] = useState(q);
  const [after, setAfter] = useState<string[]>([]);
  const [asked, setAsked] = useState<"" | "new">("");
  const [doomed, setDoomed] = useState<Endpoint | null>(null);
  const operator = session.tenant === null;
  const concerns = (event: { subject: string }) => event.subject.startsWith("ep_");
  const list = useLive<Page<Endpoint>>(`/v1/endpoints${query({ redirects: "true", q, pool, after: after.at(-1), limit: 50 })}`, concerns);
  const groups = useLive<Page<EdgeGroup>>(operator ? "/v1/edge-groups" : null, () => false);
  useEffect(() => {
    if (text === q) return undefined;
    const timer = setTimeout(() => { setAfter([]); go(`/redirects${query({ q: text.trim(), pool })}`, true); }, 250);
    return () => clearTimeout(timer);
  }, [text]);
  const may = session.scope !== "read";
  const items = list.value?.items ?? [];
  return (
    <>
      <div class="title"><h1>Redirects</h1>{may && <button type="button" class="primary" onClick={() => setAsked("new")}>Add a redirect</button>}</div>
      <search class="filters">
        <label class="hidden" for="search">Search names</label>
        <input id="search" type="search" placeholder="Search names" value={text} onInput={(event) => setText(event.currentTarget.value)} />
        {pool && <div class="chips"><button type="button" aria-pressed="true" onClick={() => { setAfter([]); go(`/redirects${query({ q })}`, true); }}>Taken by the pool {pool} ×</button></div>}
      </search>
      {list.problem && <Notice problem={list.problem} />}
      {!list.value && !list.problem && <Loading />}
      {items.length > 0 && (
        <section aria-label="Redirects" class="wide" tabIndex={0}><table>
          <thead><tr><th scope="col">Name</th><th scope="col">Leads to</th><th scope="col">State</th><th scope="col">Whose</th><th scope="col">Added</th><th scope="col"><span class="hidden">Actions</span></th></tr></thead>
          <tbody>{items.map((each) => <Row key={each.id} endpoint={each} onRemove={may ? () => setDoomed(each) : null} />)}</tbody>
        </table></section>
      )}
      {list.value && !items.length && !list.value.next && (
        <Empty title={q || pool ? "No redirect fits" : "No redirects yet"}><p>A redirect answers for a name with another address, over HTTP and HTTPS, and
          certwright keeps its certificate. Typical: example.com leads to www.example.com.</p></Empty>
      )}
      <div class="actions">
        {after.length > 0 && <button type="button" onClick={() => setAfter(after.slice(0, -1))}>Previous page</button>}
        {list.value?.next && <button type="button" onClick={() => setAfter([...after, list.value?.next ?? ""])}>Next page</button>}
      </div>
      {operator && <Pools groups={groups.value?.items ?? []} may={session.scope === "admin"} onChanged={groups.refresh} />}
      <NewRedirect session={session} open={asked === "new"} onClose={() => setAsked("")} onDone={(made) => go(`/endpoints/${made.id}`)} />
      {doomed && <RemovalDialog endpoint={doomed} open onClose={() => setDoomed(null)} onDone={() => { setDoomed(null); list.refresh(); }} />}
    </>
  );
}
