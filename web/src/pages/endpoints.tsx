import { useEffect, useRef, useState } from "preact/hooks";
import type { Overview, Session, Tenant } from "../../generated/api";
import { query, type Page } from "../api";
import { useLive } from "../live";
import { go } from "../route";
import { Actor, Empty, Loading, Notice, STATES, StateMark, When, sentence, type State } from "../ui";
import { VirtualList } from "../virtual";
import { useListing, type Filter, type RowOf } from "./listing";

// j and k or the arrows go from row to row, / goes to the search.
function useKeys(search: { current: HTMLInputElement | null }): void {
  useEffect(() => {
    const act = (event: KeyboardEvent) => {
      const typing = event.target instanceof HTMLElement && /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName);
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const rows = [...document.querySelectorAll<HTMLAnchorElement>("a.row")];
      const at = rows.indexOf(document.activeElement as HTMLAnchorElement);
      const down = event.key === "ArrowDown" || (!typing && event.key === "j");
      const up = event.key === "ArrowUp" || (!typing && event.key === "k");
      if (event.key === "/" && !typing) search.current?.focus();
      else if (down && (at >= 0 || typing || event.key === "j")) rows[Math.min(at + 1, rows.length - 1)]?.focus();
      else if (up && at > 0) rows[at - 1]?.focus();
      else if (up && at === 0) search.current?.focus();
      else return;
      event.preventDefault();
    };
    addEventListener("keydown", act);
    return () => removeEventListener("keydown", act);
  }, []);
}

function Row({ row, tenant }: { row: RowOf; tenant: boolean }) {
  return (
    <a class="row" href={`/endpoints/${row.id}`}>
      <span class="name">{row.name}{row.more > 0 && <span class="dim"> and {row.more} more</span>}</span>
      <span><StateMark state={row.state} /></span>
      <span class="why">{row.reason && <><Actor actor={row.actor} /> {sentence(row.reason)}</>}</span>
      <span class="dim kind">{row.kind}{tenant && ` · ${row.tenant}`}</span>
      <span class="dim since"><When at={row.since} /></span>
    </a>
  );
}

// Asks for more when its end comes near; after a failure only the button does.
function End({ more, busy, failed, onMore }: { more: boolean; busy: boolean; failed: boolean; onMore: () => void }) {
  const end = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!end.current || failed || busy) return undefined;
    const near = new IntersectionObserver((entries) => { if (entries.some((each) => each.isIntersecting)) onMore(); }, { rootMargin: "2500px" });
    near.observe(end.current);
    return () => near.disconnect();
  });
  return (
    <>
      <div ref={end} />
      {busy && <Loading />}
      {more && !busy && <button type="button" onClick={onMore}>Show more</button>}
    </>
  );
}

function Filters({ session, filter, search, onFilter }: {
  session: Session; filter: Filter; search: { current: HTMLInputElement | null }; onFilter: (part: Partial<Filter>) => void;
}) {
  const [text, setText] = useState(filter.q);
  const counts = useLive<Overview>("/v1/overview", () => true, 30_000);
  const tenants = useLive<Page<Tenant>>(session.tenant === null ? "/v1/tenants" : null, () => false);
  useEffect(() => setText(filter.q), [filter.q]);
  useEffect(() => {
    if (text.trim() === filter.q) return undefined;
    const timer = setTimeout(() => onFilter({ q: text.trim() }), 250);
    return () => clearTimeout(timer);
  }, [text]);
  const states = (Object.keys(STATES) as State[]).filter((each) => counts.value?.endpoints[each] || each === filter.state);
  const known = tenants.value?.items ?? [];
  return (
    <search class="filters">
      <label class="hidden" for="search">Search names</label>
      <input id="search" ref={search} type="search" placeholder="Search names ( / )" value={text} onInput={(event) => setText(event.currentTarget.value)} />
      <div class="chips" role="group" aria-label="State">
        <button type="button" aria-pressed={!filter.state} onClick={() => onFilter({ state: "" })}>All</button>
        {states.map((each) => (
          <button key={each} type="button" aria-pressed={filter.state === each} onClick={() => onFilter({ state: filter.state === each ? "" : each })}>
            {STATES[each].word} <b>{(counts.value?.endpoints[each] ?? 0).toLocaleString()}</b>
          </button>
        ))}
        {(known.length > 1 || filter.tenant) && (
          <select aria-label="Tenant" value={filter.tenant} onChange={(event) => onFilter({ tenant: event.currentTarget.value })}>
            <option value="">All tenants</option>
            {known.map((each) => <option key={each.id} value={each.id}>{each.name}</option>)}
          </select>
        )}
      </div>
    </search>
  );
}

export function Endpoints({ session, address }: { session: Session; address: URL }) {
  const value = (name: keyof Filter) => address.searchParams.get(name) ?? "";
  const filter: Filter = { q: value("q"), state: value("state"), tenant: value("tenant") };
  const search = useRef<HTMLInputElement>(null);
  const listing = useListing(filter);
  useKeys(search);
  const show = (part: Partial<Filter>) => go(`/endpoints${query({ ...filter, ...part })}`, true);
  const { q, state, tenant } = filter;
  return (
    <>
      <div class="title"><h1>Endpoints</h1><a class="button primary" href="/endpoints/new">Add an endpoint</a></div>
      <Filters session={session} filter={filter} search={search} onFilter={show} />
      {listing.problem && <Notice problem={listing.problem} />}
      {listing.rows.length > 0 && (
        <VirtualList rows={listing.rows} idOf={(row) => row.id} label="Endpoints" total={listing.more ? null : listing.rows.length} onRange={listing.seen}>
          {(row) => <Row row={row} tenant={session.tenant === null} />}
        </VirtualList>
      )}
      {!listing.busy && !listing.more && !listing.rows.length && !listing.problem && (
        q || state || tenant
          ? <Empty title="No name fits"><p>Nothing {q && <>has <code>{q}</code> in its name</>}{q && state && " and "}{state && <>is in the state “{STATES[state as State]?.word ?? state}”</>}{tenant && ` of ${tenant}`}.</p>
            <button type="button" onClick={() => go("/endpoints", true)}>Show all names</button></Empty>
          : <Empty title="No names yet"><p>Add a name; certwright says which DNS records to create and does the rest.</p></Empty>
      )}
      <End more={listing.more} busy={listing.busy} failed={listing.problem !== null} onMore={listing.loadMore} />
    </>
  );
}
