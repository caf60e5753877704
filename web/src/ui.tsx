// Small parts that every page is made of.
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Endpoint, Problem, Reason } from "../generated/api";
import { relative, useNow } from "./time";

export type State = Endpoint["state"];

// Never told by colour alone: each has a sign and a word.
export const STATES: Record<State, { word: string; sign: string; tone: Tone; means: string }> = {
  active: { word: "Active", sign: "✓", tone: "good", means: "served, and will be renewed" },
  issuing: { word: "Issuing", sign: "↻", tone: "busy", means: "a certificate is being obtained" },
  pending_dns: { word: "Waiting for DNS", sign: "…", tone: "wait", means: "its records are not there yet" },
  degraded: { word: "Degraded", sign: "!", tone: "warn", means: "served, but something will break" },
  action_required: { word: "Action required", sign: "!", tone: "bad", means: "somebody has to act" },
  parked: { word: "Parked", sign: "‖", tone: "calm", means: "not tried until its DNS comes back" },
  suspended: { word: "Suspended", sign: "■", tone: "calm", means: "not served, by request" },
  deleting: { word: "Being removed", sign: "×", tone: "calm", means: "not served; can be restored for a while" },
};
export type Tone = "good" | "busy" | "wait" | "warn" | "bad" | "calm";

export function StateMark({ state }: { state: State }) {
  const { word, sign, tone, means } = STATES[state] ?? { word: state, sign: "?", tone: "calm", means: "" };
  return <span class={`mark ${tone}`} title={means}><span class="sign" aria-hidden="true">{sign}</span>{word}</span>;
}

const ACTORS: Record<string, string> = { customer: "the customer", platform: "the operator", ca: "the CA", none: "nobody" };

export function Actor({ actor }: { actor: string | undefined }) {
  if (!actor || actor === "none") return null;
  return <span class="actor">for {ACTORS[actor] ?? actor}</span>;
}

// What is wrong, who acts, and how.
export function Notice({ problem, tone = "bad", children }: { problem: Reason | Problem; tone?: Tone; children?: ComponentChildren }) {
  if (!problem) return null;
  const text = "detail" in problem ? problem.detail : problem.message;
  return (
    <div class={`notice ${tone}`} role={tone === "bad" ? "alert" : undefined}>
      <p><strong>{sentence(text)}</strong> <Actor actor={problem.actor} /></p>
      {problem.fix && <p>{sentence(problem.fix)}</p>}
      {"errors" in problem && problem.errors && (
        <ul class="plain">{problem.errors.map((each) => <li key={each.pointer}>{each.pointer.replace("/", "")} {each.detail}</li>)}</ul>
      )}
      {children}
    </div>
  );
}

export function sentence(text: string): string {
  const trimmed = text.trim();
  if (!trimmed) return "";
  const first = trimmed.charAt(0).toUpperCase() + trimmed.slice(1);
  // Names stay as they are: "shop.example.com is ..." must not begin with a capital.
  const body = /^[^\s]+\.[^\s]/.test(trimmed) ? trimmed : first;
  return /[.!?:]$/.test(body) ? body : `${body}.`;
}

export function When({ at, none = "never" }: { at: string | null | undefined; none?: string }) {
  const now = useNow();
  if (!at) return <span class="dim">{none}</span>;
  const time = new Date(at);
  return <time dateTime={at} title={time.toLocaleString(undefined, { dateStyle: "full", timeStyle: "long" })}>{relative(time, now)}</time>;
}

async function copy(text: string): Promise<void> {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const field = document.createElement("textarea"); // pages without TLS
  field.value = text;
  document.body.append(field);
  field.select();
  document.execCommand("copy");
  field.remove();
  return undefined;
}

export function Copy({ text, what }: { text: string; what: string }) {
  const [done, setDone] = useState(false);
  useEffect(() => {
    if (!done) return undefined;
    const timer = setTimeout(() => setDone(false), 1500);
    return () => clearTimeout(timer);
  }, [done]);
  return (
    <button type="button" class="copy" aria-label={`Copy ${what}`} onClick={() => void copy(text).then(() => setDone(true))}>
      {done ? "Copied" : "Copy"}<span class="hidden" role="status">{done ? `${what} copied` : ""}</span>
    </button>
  );
}

export function Empty({ title, children }: { title: string; children: ComponentChildren }) {
  return <div class="empty"><h3>{title}</h3><div>{children}</div></div>;
}

export function Loading() {
  return <p class="dim loading" role="status">Loading…</p>;
}

// Asks before something is done that people may regret.
export function Dialog({ title, open, onClose, children }: { title: string; open: boolean; onClose: () => void; children: ComponentChildren }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    if (open && !dialog.current?.open) dialog.current?.showModal();
    if (!open && dialog.current?.open) dialog.current.close();
  }, [open]);
  return (
    <dialog ref={dialog} onClose={onClose} aria-labelledby="dialog-title">
      {open && <h2 id="dialog-title">{title}</h2>}
      {open && children}
    </dialog>
  );
}
