// The CAs: accounts, how each CA does, what is left of its limits, and which one is used.
import { useState } from "preact/hooks";
import type { CaAccount, Limits, NewCaAccount, Reason, Session } from "../../generated/api";
import { call, type Page } from "../api";
import { Ask, Check, Choice, TextField, useDoing } from "../forms";
import { LimitGauges } from "../gauge";
import { useLive } from "../live";
import { Empty, Loading, Notice, When } from "../ui";

const STATES = { healthy: ["good", "✓", "answers"], failing: ["bad", "!", "does not answer"], probing: ["warn", "↻", "is being tried"] } as const;
const KNOWN: [string, string][] = [
  ["https://acme-v02.api.letsencrypt.org/directory", "Let's Encrypt"],
  ["https://acme-staging-v02.api.letsencrypt.org/directory", "Let's Encrypt, staging"],
  ["", "Another one"],
];
type Promoted = CaAccount & { queued: number; only_untrusted: number };

function Condition({ account }: { account: CaAccount }) {
  const [tone, sign, word] = STATES[account.ca.state];
  return (
    <>
      <p class="lead"><span class={`mark ${tone}`}><span class="sign" aria-hidden="true">{sign}</span>{word}</span>
        {account.default && <span class="mark calm"><span class="sign" aria-hidden="true">★</span>default</span>}
        {!account.trusted && <span class="mark warn"><span class="sign" aria-hidden="true">!</span>for tests: not trusted by browsers</span>}
        {account.deactivated && <span class="mark calm"><span class="sign" aria-hidden="true">■</span>closed</span>}</p>
      {account.ca.state !== "healthy" && (
        <p>Since <When at={account.ca.since} />; {account.ca.failures} failures in a row. Nothing new is sent there meanwhile: names with another CA use that one.
          {account.ca.next_probe_at && <> Tried again <When at={account.ca.next_probe_at} />.</>}</p>
      )}
      {account.ca.limited_until && <p>It asked for a pause until <When at={account.ca.limited_until} />.</p>}
      <Notice problem={account.problem as Reason} />
      {account.ca.state !== "healthy" && <Notice problem={account.ca.problem as Reason} tone="warn" />}
    </>
  );
}

function Account({ account, may, onAsk }: { account: CaAccount; may: boolean; onAsk: (what: "promote" | "rotate-key") => void }) {
  const limits = useLive<Limits>(`/v1/ca-accounts/${account.id}/limits?most=5`, (event) => /^(certificate|ca)\./.test(event.type), 15_000);
  return (
    <section aria-label={account.name}>
      <div class="record-head"><h2>{account.name}</h2>
        {may && !account.deactivated && <span class="small actions">
          {!account.default && <button type="button" onClick={() => onAsk("promote")}>Make it the default…</button>}
          {account.key_rotation === "none" && <button type="button" onClick={() => onAsk("rotate-key")}>Change its key…</button>}</span>}
      </div>
      <Condition account={account} />
      <dl>
        <dt>Directory</dt><dd><code>{account.directory_url}</code></dd>
        <dt>Used</dt><dd>{account.default ? "for every name that asks for no other" : account.fallback > 0 ? `when those before it cannot issue (place ${account.fallback})` : "for names that ask for it"}</dd>
        {account.profile && <><dt>Profile</dt><dd>{account.profile}</dd></>}
        {account.contacts.length > 0 && <><dt>Contact</dt><dd>{account.contacts.join(", ")}</dd></>}
        <dt>Key</dt><dd>{account.key_rotation === "none" ? "in use" : `is being changed: ${account.key_rotation}`}</dd>
        {account.caa_identities.length > 0 && <><dt>CAA name</dt><dd>{account.caa_identities.map((each) => <code key={each}>{each}</code>)}</dd></>}
      </dl>
      <h3>What is left</h3>
      {limits.problem && <Notice problem={limits.problem} tone="warn" />}
      {limits.value && <LimitGauges limits={limits.value.limits} most={5} />}
    </section>
  );
}

function PromoteDialog({ account, onClose, onDone }: { account: CaAccount; onClose: () => void; onDone: () => void }) {
  const [made, setMade] = useState<Promoted | null>(null);
  const doing = useDoing();
  const promote = () => doing.run(async () => setMade(await call<Promoted>("POST", `/v1/ca-accounts/${account.id}/promote`)));
  const over = made !== null && made.queued === 0;
  return (
    <Ask title={`Make ${account.name} the default?`} open onClose={made ? onDone : onClose} doing={doing} keep={made ? "Close" : "Cancel"}
      word={made && !over ? "Order the next part" : "Make it the default"} onSubmit={() => void (over ? onDone() : promote())}>
      <p>New names and renewals use it from now on.{account.trusted && " Where only untrusted certificates are, trusted ones are ordered, a part at a time, within its limits; what is served stays until then."}</p>
      {made && <p role="status">{made.queued ? `${made.queued.toLocaleString()} ordered; ${made.only_untrusted.toLocaleString()} names have untrusted certificates only.` : "Nothing is left to order."}</p>}
    </Ask>
  );
}

function KeyDialog({ account, onClose, onDone }: { account: CaAccount; onClose: () => void; onDone: () => void }) {
  const doing = useDoing();
  const change = async () => {
    if (await doing.run(() => call("POST", `/v1/ca-accounts/${account.id}/rotate-key`))) onDone();
  };
  return (
    <Ask title={`Change the key of ${account.name}?`} open onClose={onClose} doing={doing} word="Change the key" onSubmit={() => void change()}>
      <p>Proofs under way end first, then the CA gets the new key, then every edge. Nothing is served differently. The account and its limits stay.</p>
    </Ask>
  );
}

function AddDialog({ onClose, onDone }: { onClose: () => void; onDone: () => void }) {
  const [known, setKnown] = useState(KNOWN[0]?.[0] ?? "");
  const [directory, setDirectory] = useState("https://");
  const [name, setName] = useState("");
  const [contact, setContact] = useState("");
  const [kid, setKid] = useState("");
  const [fallback, setFallback] = useState(false);
  const [told, setTold] = useState(false);
  const key = useState(() => ({ current: null as HTMLInputElement | null }))[0];
  const doing = useDoing();
  const url = known || directory.trim();
  const add = async () => {
    setTold(true);
    if (!name.trim() || !/^https:\/\/[^/]+\//.test(url)) return document.querySelector<HTMLElement>("dialog [aria-invalid=true]")?.focus();
    const body: NewCaAccount = { name: name.trim(), directory_url: url };
    if (contact.trim()) body.contacts = [contact.trim()];
    if (fallback) body.fallback = 1;
    if (kid.trim()) Object.assign(body, { eab_kid: kid.trim(), eab_key: key.current?.value.trim() ?? "" });
    if (await doing.run(() => call("POST", "/v1/ca-accounts", body))) onDone();
  };
  return (
    <Ask title="Register with a CA" open onClose={onClose} doing={doing} word="Register" onSubmit={() => void add()}>
      <p>By registering you accept the CA's terms of service.</p>
      <Choice id="known" label="CA" value={known} onValue={setKnown} options={KNOWN} />
      {!known && <TextField id="directory" label="Directory" type="url" value={directory} onValue={setDirectory} told={told} wrong={/^https:\/\/[^/]+\//.test(directory.trim()) ? "" : "it begins with https:// and has a path"} help="The address of its ACME directory." />}
      <TextField id="ca-name" label="Name here" value={name} onValue={setName} told={told} wrong={name.trim() ? "" : "it needs a name"} help="For example letsencrypt." />
      <TextField id="contact" label="Mail address for the CA" optional type="email" value={contact} onValue={setContact} help="For example admin@example.com." />
      <TextField id="kid" label="Key id of external account binding" optional value={kid} onValue={setKid} help="For CAs that want their accounts tied to one that you have with them." />
      {kid.trim() && <><label for="eab">Its key</label><input id="eab" type="password" autocomplete="off" ref={(input) => { key.current = input; }} /></>}
      <Check label="Use it when the default's CA cannot issue" value={fallback} onValue={setFallback} />
    </Ask>
  );
}

export function Cas({ session }: { session: Session }) {
  const accounts = useLive<Page<CaAccount>>("/v1/ca-accounts", (event) => event.type.startsWith("ca."), 15_000);
  const [asked, setAsked] = useState<{ what: "promote" | "rotate-key"; account: CaAccount } | "add" | null>(null);
  const may = session.scope === "admin";
  const close = () => setAsked(null);
  const done = () => {
    close();
    accounts.refresh();
  };
  return (
    <>
      <div class="title"><h1>CAs</h1>{may && <button type="button" class="primary" onClick={() => setAsked("add")}>Register with a CA</button>}</div>
      {accounts.problem && <Notice problem={accounts.problem} />}
      {!accounts.value && !accounts.problem && <Loading />}
      {accounts.value?.items.length === 0 && <Empty title="No CA account yet"><p>certwright registers with its CA by itself when the CA answers.</p></Empty>}
      {accounts.value?.items.map((each) => <Account key={each.id} account={each} may={may} onAsk={(what) => setAsked({ what, account: each })} />)}
      {asked === "add" && <AddDialog onClose={close} onDone={done} />}
      {asked && asked !== "add" && (asked.what === "promote"
        ? <PromoteDialog account={asked.account} onClose={close} onDone={done} />
        : <KeyDialog account={asked.account} onClose={close} onDone={done} />)}
    </>
  );
}
