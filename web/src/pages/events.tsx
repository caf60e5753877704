// What happened, for whoever asks later: the newest first, older ones on demand.
import { useEffect, useRef, useState } from "preact/hooks";
import type { Event, Problem, Session } from "../../generated/api";
import { get, problemFrom, query, type Page } from "../api";
import { useEvents, useReconnected } from "../live";
import { go } from "../route";
import { Empty, Loading, Notice } from "../ui";
import { EventList } from "./event-list";

const KINDS: [prefix: string, word: string][] = [
  ["", "All"], ["endpoint.", "Endpoints"], ["certificate.", "Certificates"], ["alert.", "Alerts"], ["ca.", "CAs"], ["edge.", "Edges"],
];
const PAGE = 200;
const MOST = 5_000; // kept here; who wants more asks the API

// Numbers go up by one over all tenants: a tenant's own are thinner, so the window grows until something is in it.
async function before(first: number): Promise<{ found: Event[]; all: boolean }> {
  for (let window = PAGE; ; window *= 4) {
    const begin = Math.max(0, first - 1 - window);
    const found: Event[] = [];
    for (let after = begin, full = true; full; ) {
      const { items } = await get<Page<Event>>(`/v1/events${query({ after, limit: 1000 })}`);
      found.push(...items.filter((each) => each.number < first));
      after = items.at(-1)?.number ?? first;
      full = items.length === 1000 && after < first;
    }
    if (found.length || begin === 0) return { found: found.slice(-1000), all: begin === 0 && found.length <= 1000 };
  }
}

export function Events({ session, address }: { session: Session; address: URL }) {
  const kind = address.searchParams.get("kind") ?? "";
  const [events, setEvents] = useState<Event[] | null>(null); // ascending
  const [oldest, setOldest] = useState(false);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const turn = useRef(0);
  const newest = async () => {
    const mine = ++turn.current;
    try {
      const { items } = await get<Page<Event>>(`/v1/events${query({ limit: PAGE })}`);
      if (mine !== turn.current) return;
      setEvents(items);
      setOldest(items.length < PAGE);
      setProblem(null);
    } catch (error) {
      if (mine === turn.current) setProblem(problemFrom(error));
    }
  };
  useEffect(() => void newest(), []);
  useReconnected(() => void newest());
  useEvents((event) => setEvents((before) => before && (before.some((each) => each.number === event.number) ? before : [...before, event].slice(-MOST))));
  const older = async () => {
    setBusy(true);
    try {
      const { found, all } = await before(events?.[0]?.number ?? 0);
      setEvents([...found, ...(events ?? [])]);
      setOldest(all);
      setProblem(null);
    } catch (error) {
      setProblem(problemFrom(error));
    }
    setBusy(false);
  };
  const shown = (events ?? []).filter((each) => each.type.startsWith(kind)).reverse();
  const kinds = KINDS.filter(([prefix]) => session.tenant === null || !["ca.", "edge."].includes(prefix));
  return (
    <>
      <h1>Events</h1>
      <p class="dim">What certwright and people did, as it happens.</p>
      <div class="chips" role="group" aria-label="Kind">
        {kinds.map(([prefix, word]) => <button key={word} type="button" aria-pressed={kind === prefix} onClick={() => go(`/events${query({ kind: prefix })}`, true)}>{word}</button>)}
      </div>
      {problem && <Notice problem={problem} />}
      {!events && !problem && <Loading />}
      {events && !shown.length && <Empty title="None here"><p>{kind ? "None of this kind among those that were read. Older ones may have some." : "Nothing has happened yet."}</p></Empty>}
      {shown.length > 0 && <section aria-label="Events"><EventList events={shown} /></section>}
      {events && !oldest && events.length < MOST && <button type="button" disabled={busy} onClick={() => void older()}>{busy ? "Reading…" : "Older ones"}</button>}
    </>
  );
}
