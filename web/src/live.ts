// Live data: one event stream for the page, and values that are asked for again when an event concerns them.
//
// The stream goes on after the last event that was seen, however it broke off. Whenever it was away, every value
// is asked for anew, so that what is shown is never older than the connection.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Event, Problem } from "../generated/api";
import { get, problemFrom, type Page } from "./api";

export type Connection = "connecting" | "live" | "away";
type Listener = (event: Event) => void;

const SILENCE = 40_000; // the server gives a sign of life every 15 seconds
const listeners = new Set<Listener>();
const refreshers = new Set<() => void>();
const watchers = new Set<(state: Connection) => void>();
let connection: Connection = "connecting";
let running: AbortController | null = null;
let last: string | null = null;

function become(state: Connection): void {
  connection = state;
  for (const each of watchers) each(state);
}

function take(frame: string): void {
  const data: string[] = [];
  for (const line of frame.split("\n")) {
    if (line.startsWith("data: ")) data.push(line.slice(6));
    if (line.startsWith("id: ")) last = line.slice(4);
  }
  if (data.length === 0) return;
  const event = JSON.parse(data.join("\n")) as Event;
  for (const each of listeners) each(event);
}

async function read(body: ReadableStream<Uint8Array>, alive: () => void): Promise<void> {
  const reader = body.pipeThrough(new TextDecoderStream() as unknown as ReadableWritablePair<string, Uint8Array>).getReader();
  let held = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    alive();
    held += value;
    for (let end = held.indexOf("\n\n"); end >= 0; end = held.indexOf("\n\n")) {
      take(held.slice(0, end));
      held = held.slice(end + 2);
    }
  }
}

async function follow(stop: AbortSignal): Promise<void> {
  const attempt = new AbortController();
  const end = () => attempt.abort();
  stop.addEventListener("abort", end);
  let timer = setTimeout(end, SILENCE);
  const alive = () => {
    clearTimeout(timer);
    timer = setTimeout(end, SILENCE);
  };
  try {
    if (last === null) last = (await get<Page<Event>>("/v1/events?limit=1")).next;
    const response = await fetch(`/v1/events?after=${last ?? 0}`, {
      headers: { Accept: "text/event-stream" }, credentials: "same-origin", cache: "no-store", signal: attempt.signal,
    });
    if (!response.ok || !response.body) throw new Error(String(response.status));
    become("live");
    for (const each of refreshers) each();
    await read(response.body, alive);
  } finally {
    clearTimeout(timer);
    stop.removeEventListener("abort", end);
  }
}

async function run(stop: AbortSignal): Promise<void> {
  for (let failures = 0; !stop.aborted; ) {
    try {
      await follow(stop);
      failures = 0; // the server ends a stream after some minutes
    } catch {
      if (stop.aborted) return;
      failures += 1;
      become("away");
    }
    if (!stop.aborted) await new Promise((done) => setTimeout(done, Math.min(15_000, 500 * 2 ** Math.min(failures, 5))));
  }
}

// A hidden page holds no connection: browsers have few of them for one server.
function match(): void {
  if (document.hidden) {
    running?.abort();
    running = null;
  } else if (!running) {
    running = new AbortController();
    void run(running.signal);
  }
}

export function startLive(): () => void {
  last = null;
  become("connecting");
  document.addEventListener("visibilitychange", match);
  match();
  return () => {
    document.removeEventListener("visibilitychange", match);
    running?.abort();
    running = null;
  };
}

export function useConnection(): Connection {
  const [state, set] = useState(connection);
  useEffect(() => {
    watchers.add(set);
    return () => void watchers.delete(set);
  }, []);
  return state;
}

export function useEvents(listener: Listener): void {
  const held = useRef(listener);
  held.current = listener;
  useEffect(() => {
    const call: Listener = (event) => held.current(event);
    listeners.add(call);
    return () => void listeners.delete(call);
  }, []);
}

// After each new connection: what was missed may be more than events tell.
export function useReconnected(listener: () => void): void {
  const held = useRef(listener);
  held.current = listener;
  useEffect(() => {
    const call = () => held.current();
    refreshers.add(call);
    return () => void refreshers.delete(call);
  }, []);
}

const GATHER = 250; // many events at once are one question
const GAP = 2_000;

// Loads, one at a time. Each begins after whatever asked for it, so that none is lost.
export class Pace {
  private timer: ReturnType<typeof setTimeout> | undefined;
  private busy = false;
  private again: "soon" | "now" | null = null;
  private ended = -Infinity;
  private stopped = false;

  constructor(private readonly load: () => Promise<void>) {}

  // For events: GAP after the last load.
  soon = (): void => {
    if (this.busy) this.again ??= "soon";
    else this.timer ??= setTimeout(() => void this.run(), Math.max(GATHER, this.ended + GAP - performance.now()));
  };

  // For what a person does: at once, or after the load under way.
  now = (): void => {
    if (this.busy) this.again = "now";
    else void this.run();
  };

  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
  }

  private async run(): Promise<void> {
    if (this.stopped) return;
    clearTimeout(this.timer);
    this.timer = undefined;
    this.busy = true;
    await this.load();
    this.busy = false;
    this.ended = performance.now();
    const again = this.again;
    this.again = null;
    if (again) this[again]();
  }
}

// `load` must not fail. Another `subject` waits for nothing of the one before.
export function usePace(load: () => Promise<void>, subject: unknown = null): Pace {
  const held = useRef(load);
  held.current = load;
  const pace = useMemo(() => new Pace(() => held.current()), [subject]);
  useEffect(() => () => pace.stop(), [pace]);
  return pace;
}

export interface Live<T> {
  value: T | null;
  problem: Problem | null;
  refresh: () => void;
  put: (value: T) => void;
}

// `path`: null asks for nothing. `concerns`: which events make it stale. `every`: asked for again after so many
// milliseconds too, while the page is seen; for what changes without an event.
export function useLive<T>(path: string | null, concerns: (event: Event) => boolean = () => true, every = 0): Live<T> {
  const [value, setValue] = useState<T | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const current = useRef(0);
  const load = async () => {
    if (path === null) return;
    const mine = ++current.current;
    try {
      const got = await get<T>(path);
      if (mine !== current.current) return;
      setValue(got);
      setProblem(null);
    } catch (error) {
      if (mine === current.current) setProblem(problemFrom(error));
    }
  };
  const pace = usePace(load, path);
  useEffect(() => {
    setValue(null);
    pace.now();
    return () => void (current.current += 1);
  }, [pace]);
  useEffect(() => {
    if (every <= 0) return undefined;
    const repeat = setInterval(() => document.hidden || pace.soon(), every);
    return () => clearInterval(repeat);
  }, [every, pace]);
  useReconnected(pace.soon);
  useEvents((event) => concerns(event) && pace.soon());
  return { value, problem, refresh: pace.now, put: setValue };
}
