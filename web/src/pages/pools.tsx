// Pools: groups of edges that take every domain whose DNS leads to them.
import { useState } from "preact/hooks";
import type { EdgeGroup, Endpoint, NewEdgeGroup } from "../../generated/api";
import { call, query, type Page } from "../api";
import { split, wrongAddress, wrongAny, wrongUrl } from "../check";
import { Ask, Check, Choice, REDIRECT_STATUSES, TextField, useDoing } from "../forms";
import { useLive } from "../live";
import { Copy, Empty } from "../ui";

const LABELS: [string, string][] = [["0", "bare domains alone"], ["1", "one label in front, such as www"], ["2", "two labels in front"], ["3", "three labels in front"]];

function PoolDialog({ pool, groups, onClose, onDone }: { pool: EdgeGroup | null; groups: EdgeGroup[]; onClose: () => void; onDone: () => void }) {
  const [name, setName] = useState(pool?.name ?? "");
  const [addresses, setAddresses] = useState((pool?.addresses ?? []).join("\n"));
  const [to, setTo] = useState(pool?.pool_to ?? "https://www.{name}");
  const [status, setStatus] = useState(String(pool?.pool_status ?? 301));
  const [keep, setKeep] = useState(pool?.pool_keep_path ?? true);
  const [labels, setLabels] = useState(String(pool?.pool_labels ?? 0));
  const [told, setTold] = useState(false);
  const doing = useDoing();
  const known = groups.find((each) => each.name === name.trim());
  const wrongName = /^[a-z0-9-]{1,40}$/.test(name.trim()) ? "" : "it takes 1 to 40 lower-case letters, digits and hyphens";
  const wrongList = wrongAny(split(addresses), wrongAddress) || (!known && !split(addresses).length ? "a new group needs the addresses of its servers" : "");
  const submit = async () => {
    setTold(true);
    if (wrongName || wrongList || wrongUrl(to.trim())) return document.querySelector<HTMLElement>("dialog [aria-invalid=true]")?.focus();
    const body: NewEdgeGroup = { name: name.trim(), pool_to: to.trim(), pool_status: Number(status) as 301, pool_keep_path: keep, pool_labels: Number(labels) };
    if (known ? split(addresses).join() !== known.addresses.join() && split(addresses).length : true) body.addresses = split(addresses);
    if (await doing.run(() => call("POST", "/v1/edge-groups", body))) onDone();
  };
  return (
    <Ask title={pool ? `The pool ${pool.name}` : "Make a pool"} open onClose={onClose} doing={doing} word={pool ? "Save" : "Make the pool"} onSubmit={() => void submit()}>
      {!pool && <TextField id="pool-name" label="Edge group" focus value={name} onValue={setName} wrong={wrongName} told={told}
        help="A new name, or a group that is there: default is this control node's own edge." />}
      {name.trim() !== "default" && <TextField id="pool-addresses" label="Addresses" rows={3} value={addresses} onValue={setAddresses} wrong={wrongList} told={told}
        help="Where its servers are reached, IPv4 and IPv6, one a line: the A and AAAA records of the domains." />}
      <TextField id="pool-to" label="Redirect to" value={to} onValue={setTo} wrong={to.trim() ? wrongUrl(to.trim()) : "it needs an address"} told={told} help="{name} stands for the domain." />
      <Choice id="pool-status" label="Status" value={status} onValue={setStatus} options={REDIRECT_STATUSES} />
      <Check label="Keep path and query" value={keep} onValue={setKeep} />
      <Choice id="pool-labels" label="Which names" value={labels} onValue={setLabels} options={LABELS} />
    </Ask>
  );
}

function EndDialog({ pool, onClose, onDone }: { pool: EdgeGroup; onClose: () => void; onDone: () => void }) {
  const doing = useDoing();
  const end = async () => {
    if (await doing.run(() => call("POST", "/v1/edge-groups", { name: pool.name, pool_to: "" }))) onDone();
  };
  return (
    <Ask title={`End the pool ${pool.name}?`} open onClose={onClose} doing={doing} danger keep="Keep it" word="End the pool" onSubmit={() => void end()}>
      <p>It takes no more names. What it took stays, is served and renewed. The group and its edges stay too.</p>
    </Ask>
  );
}

function Taken({ pool }: { pool: string }) {
  const { value } = useLive<Page<Endpoint>>(`/v1/endpoints${query({ pool, limit: 100 })}`, (event) => event.subject.startsWith("ep_"));
  if (!value) return null;
  const count = value.items.length;
  return count || value.next
    ? <a href={`/redirects?pool=${encodeURIComponent(pool)}`}>{value.next ? `${count} or more names` : `${count} ${count === 1 ? "name" : "names"}`}</a>
    : <span class="dim">nothing yet</span>;
}

export function Pools({ groups, may, onChanged }: { groups: EdgeGroup[]; may: boolean; onChanged: () => void }) {
  const [edited, setEdited] = useState<EdgeGroup | "new" | null>(null);
  const [ended, setEnded] = useState<EdgeGroup | null>(null);
  const pools = groups.filter((each) => each.pool_to);
  const done = () => {
    setEdited(null);
    setEnded(null);
    onChanged();
  };
  return (
    <section aria-label="Pools">
      <div class="record-head"><h2>Pools</h2>{may && <button type="button" onClick={() => setEdited("new")}>Make a pool…</button>}</div>
      {!pools.length && <Empty title="No pools"><p>A pool redirects every domain whose A and AAAA records lead to it, without anybody adding the domain: the certificate
        is obtained when the first visitor comes.</p></Empty>}
      <ul class="rows">
        {pools.map((each) => (
          <li key={each.name}>
            <div class="record-head"><h3>{each.name}</h3>{may && <span class="small actions">
              <button type="button" onClick={() => setEdited(each)} aria-label={`Change the pool ${each.name}`}>Change…</button>
              <button type="button" class="danger" onClick={() => setEnded(each)} aria-label={`End the pool ${each.name}`}>End…</button></span>}</div>
            <dl>
              <dt>Leads to</dt><dd><code>{each.pool_to}</code> <span class="dim">{each.pool_status}</span></dd>
              <dt>Takes</dt><dd>{LABELS[each.pool_labels ?? 0]?.[1] ?? `up to ${each.pool_labels} labels in front`}</dd>
              <dt>Records</dt><dd>{each.addresses.map((address) => <span key={address}><code>{address.includes(":") ? "AAAA" : "A"} {address}</code><Copy text={address} what={address} /> </span>)}</dd>
              <dt>Took</dt><dd><Taken pool={each.name} /></dd>
            </dl>
          </li>
        ))}
      </ul>
      {edited && <PoolDialog pool={edited === "new" ? null : edited} groups={groups} onClose={() => setEdited(null)} onDone={done} />}
      {ended && <EndDialog pool={ended} onClose={() => setEnded(null)} onDone={done} />}
    </section>
  );
}
