import { useEffect, useRef, useState } from "preact/hooks";
import type { Endpoint, Overview, Problem, Session } from "../../generated/api";
import { get, problemFrom, query, type Page } from "../api";
import { useEvents, useLive, usePace, useReconnected } from "../live";
import { go } from "../route";
import { Actor, Empty, Loading, Notice, STATES, StateMark, When, sentence, type State } from "../ui";

const PAGE = 100;
const MOST = 500; // rows in one answer
const MOST_SINGLE = 20; // rows asked for one by one; when more have changed the list is asked for anew

interface Listing {
  items: Endpoint[];
  next: string | null;
  problem: Problem | null;
  busy: boolean;
  more: () => void;
}

// Pages by cursor, and the rows that events concern asked for again.
function useListing(q: string, state: string): Listing {
  const [items, setItems] = useState<Endpoint[]>([]);
  const [next, setNext] = useState<string | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [busy, setBusy] = useState(true);
  const turn = useRef(0);
  const load = async (after: string | null, limit = PAGE) => {
    const mine = ++turn.current;
    setBusy(true);
    try {
      const page = await get<Page<Endpoint>>(`/v1/endpoints${query({ q, state, after, limit })}`);
      if (mine !== turn.current) return;
      setItems((before) => (after ? [...before, ...page.items] : page.items));
      setNext(page.next);
      setProblem(null);
    } catch (error) {
      if (mine === turn.current) setProblem(problemFrom(error));
    }
    if (mine === turn.current) setBusy(false);
  };
  useEffect(() => void load(null), [q, state]);

  const stale = useRef({ all: false, ids: new Set<string>() });
  const again = async () => {
    const { all, ids } = stale.current;
    stale.current = { all: false, ids: new Set() };
    const known = new Set(items.map((each) => each.id));
    const single = [...ids].filter((id) => known.has(id));
    if (all || single.length > MOST_SINGLE || (single.length < ids.size && items.length < PAGE)) {
      return load(null, Math.min(Math.max(items.length, PAGE), MOST)); // who has scrolled stays there
    }
    for (const id of single) {
      try {
        const fresh = await get<Endpoint>(`/v1/endpoints/${id}`);
        setItems((before) => before.map((each) => (each.id === id ? fresh : each)));
      } catch {
        setItems((before) => before.filter((each) => each.id !== id));
      }
    }
    return undefined;
  };
  const pace = usePace(again);
  useReconnected(() => {
    stale.current.all = true;
    pace.soon();
  });
  useEvents((event) => {
    if (!event.subject.startsWith("ep_")) return;
    stale.current.ids.add(event.subject);
    pace.soon();
  });
  return { items, next, problem, busy, more: () => { if (!busy && next) void load(next); } };
}

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

function Row({ endpoint, tenant }: { endpoint: Endpoint; tenant: boolean }) {
  const more = endpoint.names.length - 1;
  return (
    <li>
      <a class="row" href={`/endpoints/${endpoint.id}`}>
        <span class="name">{endpoint.display_name}{more > 0 && <span class="dim"> and {more} more</span>}</span>
        <span><StateMark state={endpoint.state} /></span>
        <span class="why">{endpoint.reason && <><Actor actor={endpoint.reason.actor} /> {sentence(endpoint.reason.message ?? "")}</>}</span>
        <span class="dim kind">{endpoint.kind}{endpoint.ip_filter.length > 0 && ", filtered"}{tenant && ` · ${endpoint.tenant}`}</span>
        <span class="dim since"><When at={endpoint.since} /></span>
      </a>
    </li>
  );
}

export function Endpoints({ session, address }: { session: Session; address: URL }) {
  const q = address.searchParams.get("q") ?? "";
  const state = address.searchParams.get("state") ?? "";
  const [text, setText] = useState(q);
  const search = useRef<HTMLInputElement>(null);
  const listing = useListing(q, state);
  const counts = useLive<Overview>("/v1/overview", () => true, 30_000);
  useKeys(search);
  const show = (values: { q?: string; state?: string }) => go(`/endpoints${query({ q, state, ...values })}`, true);
  useEffect(() => {
    if (text === q) return undefined;
    const timer = setTimeout(() => show({ q: text.trim() }), 250);
    return () => clearTimeout(timer);
  }, [text]);
  const end = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!end.current || listing.problem) return undefined; // after a failure only by the button
    const seen = new IntersectionObserver((entries) => { if (entries.some((each) => each.isIntersecting)) listing.more(); }, { rootMargin: "600px" });
    seen.observe(end.current);
    return () => seen.disconnect();
  });
  const states = (Object.keys(STATES) as State[]).filter((each) => counts.value?.endpoints[each] || each === state);
  return (
    <>
      <div class="title"><h1>Endpoints</h1><a class="button primary" href="/endpoints/new">Add an endpoint</a></div>
      <search class="filters">
        <label class="hidden" for="search">Search names</label>
        <input id="search" ref={search} type="search" placeholder="Search names ( / )" value={text} onInput={(event) => setText(event.currentTarget.value)} />
        <div class="chips" role="group" aria-label="State">
          <button type="button" aria-pressed={!state} onClick={() => show({ state: "" })}>All</button>
          {states.map((each) => (
            <button key={each} type="button" aria-pressed={state === each} onClick={() => show({ state: state === each ? "" : each })}>
              {STATES[each].word} <b>{(counts.value?.endpoints[each] ?? 0).toLocaleString()}</b>
            </button>
          ))}
        </div>
      </search>
      {listing.problem && <Notice problem={listing.problem} />}
      {listing.items.length > 0 && <ul class="listing">{listing.items.map((each) => <Row key={each.id} endpoint={each} tenant={session.tenant === null} />)}</ul>}
      {!listing.busy && !listing.items.length && !listing.problem && (
        q || state
          ? <Empty title="No name fits"><p>Nothing {q && <>has <code>{q}</code> in its name</>}{q && state && " and "}{state && <>is in the state “{STATES[state as State]?.word ?? state}”</>}.</p>
            <button type="button" onClick={() => { setText(""); go("/endpoints", true); }}>Show all names</button></Empty>
          : <Empty title="No names yet"><p>Add a name; certwright says which DNS records to create and does the rest.</p></Empty>
      )}
      {listing.busy && <Loading />}
      <div ref={end} />
      {listing.next && !listing.busy && <button type="button" onClick={listing.more}>Show more</button>}
    </>
  );
}
