// The rows of a long list: pages by cursor, kept as little as a row shows, and read anew where they are seen when something changed.
import { useEffect, useRef, useState } from "preact/hooks";
import type { Endpoint, Problem } from "../../generated/api";
import { get, problemFrom, query, type Page } from "../api";
import { useEvents, usePace, useReconnected } from "../live";

const FIRST = 100;
const PAGE = 200;
const MOST = 200_000; // rows kept; nobody scrolls further

export interface RowOf {
  id: string;
  name: string;
  more: number; // names beside the first
  state: Endpoint["state"];
  reason: string;
  actor: string | undefined;
  kind: string;
  tenant: string;
  since: string;
}

function rowOf(endpoint: Endpoint): RowOf {
  return {
    id: endpoint.id, name: endpoint.display_name, more: endpoint.names.length - 1, state: endpoint.state, reason: endpoint.reason?.message ?? "",
    actor: endpoint.reason?.actor, kind: endpoint.kind + (endpoint.ip_filter.length ? ", filtered" : ""), tenant: endpoint.tenant, since: endpoint.since,
  };
}

interface Part {
  after: string | null;
  rows: RowOf[];
  stale: boolean;
}

export interface Listing {
  rows: RowOf[];
  more: boolean;
  problem: Problem | null;
  busy: boolean;
  loadMore: () => void;
  seen: (first: number, last: number) => void;
}

export interface Filter {
  q: string;
  state: string;
  tenant: string;
}

class Kept {
  parts: Part[] = [];
  next: string | null = null;
  rows: RowOf[] = [];
  first = 0;
  last = FIRST;

  // Parts of which something is seen.
  *inView(): Generator<Part> {
    let from = 0;
    for (const part of this.parts) {
      const to = from + part.rows.length;
      if ((from <= this.last && to > this.first) || part === this.parts.at(-1)) yield part;
      from = to;
    }
  }

  put(part: Part, page: Page<Endpoint>): void {
    const at = this.parts.indexOf(part);
    if (at < 0) return;
    const following = new Set(this.parts[at + 1]?.rows.map((each) => each.id));
    part.rows = page.items.map(rowOf).filter((each) => !following.has(each.id));
    part.stale = false;
    if (at === this.parts.length - 1) this.next = page.next;
    this.rows = this.parts.flatMap((each) => each.rows);
  }

  // `anywhere`: what is new may stand between others.
  touch(ids: Set<string>, anywhere: boolean): void {
    const unknown = new Set(ids);
    for (const part of this.parts) {
      for (const row of part.rows) {
        if (ids.has(row.id)) {
          part.stale = true;
          unknown.delete(row.id);
        }
      }
    }
    if (unknown.size === 0) return;
    for (const part of this.parts) part.stale ||= anywhere;
    const end = this.parts.at(-1);
    if (end && this.next === null) end.stale = true;
  }
}

export function useListing(filter: Filter): Listing {
  const { q, state, tenant } = filter;
  const kept = useRef(new Kept());
  const [problem, setProblem] = useState<Problem | null>(null);
  const [busy, setBusy] = useState(true);
  const [, draw] = useState(0);
  const load = async (part: Part, limit: number) => {
    const mine = kept.current;
    try {
      const page = await get<Page<Endpoint>>(`/v1/endpoints${query({ q, state, tenant, after: part.after, limit })}`);
      if (mine !== kept.current) return;
      mine.put(part, page);
      setProblem(null);
    } catch (error) {
      if (mine === kept.current) setProblem(problemFrom(error));
    }
    if (mine === kept.current) draw((before) => before + 1);
  };
  const begin = async (after: string | null, limit: number) => {
    const mine = kept.current;
    const part: Part = { after, rows: [], stale: false };
    mine.parts.push(part);
    setBusy(true);
    await load(part, limit);
    if (mine !== kept.current) return;
    if (mine.parts.at(-1) === part && part.rows.length === 0 && mine.next === after) mine.parts.pop(); // it failed
    setBusy(false);
  };
  useEffect(() => {
    kept.current = new Kept();
    void begin(null, FIRST);
  }, [q, state, tenant]);

  const changed = useRef(new Set<string>());
  const pace = usePace(async () => {
    const ids = changed.current;
    changed.current = new Set();
    if (ids.size) kept.current.touch(ids, q !== "" || state !== "" || tenant !== "");
    for (const part of [...kept.current.inView()].filter((each) => each.stale)) await load(part, Math.max(part.rows.length, FIRST));
  }, `${q} ${state} ${tenant}`);
  useReconnected(() => {
    for (const part of kept.current.parts) part.stale = true;
    pace.soon();
  });
  useEvents((event) => {
    if (!event.subject.startsWith("ep_")) return;
    changed.current.add(event.subject);
    pace.soon();
  });
  const { rows, next } = kept.current;
  const loadMore = () => {
    if (!busy && kept.current.next && rows.length < MOST) void begin(kept.current.next, PAGE);
  };
  const seen = (first: number, last: number) => {
    kept.current.first = first;
    kept.current.last = last;
    if ([...kept.current.inView()].some((each) => each.stale)) pace.soon();
  };
  return { rows, more: next !== null && rows.length < MOST, problem, busy, loadMore, seen };
}
