// What forms are made of: fields that say what is wrong once they were left, and dialogs that ask the API.
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import type { Problem } from "../generated/api";
import { problemFrom } from "./api";
import { Copy, Dialog, Notice, sentence } from "./ui";

// How a redirect answers, with its words.
export const REDIRECT_STATUSES: [string, string][] =
  [["301", "301 moved for good"], ["308", "308 the same, method kept"], ["302", "302 for now"], ["307", "307 for now, method kept"]];

export interface Doing {
  busy: boolean;
  problem: Problem | null;
  clear: () => void;
  // Whether it went well.
  run: (work: () => Promise<unknown>) => Promise<boolean>;
}

export function useDoing(): Doing {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const run = async (work: () => Promise<unknown>) => {
    setBusy(true);
    setProblem(null);
    try {
      await work();
      return true;
    } catch (error) {
      setProblem(problemFrom(error));
      return false;
    } finally {
      setBusy(false);
    }
  };
  return { busy, problem, run, clear: () => setProblem(null) };
}

interface Named {
  id: string;
  label: string;
  help?: ComponentChildren;
  optional?: boolean;
}

interface TextProps extends Named {
  value: string;
  onValue: (value: string) => void;
  wrong?: string;
  told?: boolean; // say what is wrong at once
  type?: "text" | "url" | "email" | "password";
  rows?: number;
  required?: boolean;
  focus?: boolean;
}

export function TextField({ id, label, help, optional, value, onValue, wrong = "", told = false, type = "text", rows, required, focus }: TextProps) {
  const [left, setLeft] = useState(false);
  const shown = (left || told) && wrong ? sentence(wrong) : "";
  const common = {
    id, value, autocomplete: "off" as const, autocapitalize: "none" as const, spellcheck: false, autofocus: focus ?? false, required: required ?? false,
    "aria-invalid": shown !== "", "aria-describedby": `${id}-help ${id}-wrong`, onBlur: () => setLeft(true),
  };
  return (
    <>
      <label for={id}>{label}{optional && <span class="dim"> (optional)</span>}</label>
      {rows ? <textarea {...common} rows={rows} onInput={(event) => onValue(event.currentTarget.value)} />
        : <input {...common} type={type as "text"} onInput={(event) => onValue(event.currentTarget.value)} />}
      <p class="help" id={`${id}-help`}>{help}</p>
      <p class="wrong" id={`${id}-wrong`} aria-live="polite">{shown}</p>
    </>
  );
}

export function Choice({ id, label, help, optional, value, onValue, options }:
  Named & { value: string; onValue: (value: string) => void; options: [value: string, word: string][] }) {
  return (
    <>
      <label for={id}>{label}{optional && <span class="dim"> (optional)</span>}</label>
      <select id={id} value={value} aria-describedby={help ? `${id}-help` : undefined} onChange={(event) => onValue(event.currentTarget.value)}>
        {options.map(([each, word]) => <option key={each} value={each}>{word}</option>)}
      </select>
      {help && <p class="help" id={`${id}-help`}>{help}</p>}
    </>
  );
}

export function Radios<T extends string>({ name, legend, value, onValue, options }:
  { name: string; legend: string; value: T; onValue: (value: T) => void; options: [value: T, word: string, means: string][] }) {
  return (
    <fieldset>
      <legend>{legend}</legend>
      {options.map(([each, word, means]) => (
        <label key={each} class="check">
          <input type="radio" name={name} value={each} checked={value === each} onChange={() => onValue(each)} />
          <span><b>{word}</b><br /><span class="dim">{means}</span></span>
        </label>
      ))}
    </fieldset>
  );
}

export function Check({ label, value, onValue }: { label: string; value: boolean; onValue: (value: boolean) => void }) {
  return <label class="check"><input type="checkbox" checked={value} onChange={(event) => onValue(event.currentTarget.checked)} /> {label}</label>;
}

interface AskProps {
  title: string;
  open: boolean;
  onClose: () => void;
  doing: Doing;
  word: string; // of the button that does it
  danger?: boolean;
  keep?: string; // of the button that does not
  onSubmit: () => void;
  children: ComponentChildren;
}

// A form in a dialog: nothing happens before its button is pressed.
export function Ask({ title, open, onClose, doing, word, danger, keep = "Cancel", onSubmit, children }: AskProps) {
  const close = () => {
    doing.clear();
    onClose();
  };
  return (
    <Dialog title={title} open={open} onClose={close}>
      <form noValidate onSubmit={(event) => { event.preventDefault(); onSubmit(); }}>
        {children}
        {doing.problem && <Notice problem={doing.problem} />}
        <div class="actions">
          <button type="button" onClick={close}>{keep}</button>
          <button type="submit" class={danger ? "danger" : "primary"} disabled={doing.busy}>{doing.busy ? "Working…" : word}</button>
        </div>
      </form>
    </Dialog>
  );
}

// Shown once: the API gives it once, and nothing here keeps it.
export function Secret({ what, secret, onClose, children }:
  { what: string; secret: string | null; onClose: () => void; children?: ComponentChildren }) {
  return (
    <Dialog title={what} open={secret !== null} onClose={onClose}>
      <p>Copy it now: it is shown only this once.</p>
      <p class="secret"><code>{secret}</code> <Copy text={secret ?? ""} what={what} /></p>
      {children}
      <div class="actions"><button type="button" class="primary" onClick={onClose}>I have it</button></div>
    </Dialog>
  );
}
