// Who is told, and how: mail addresses and webhooks.
import { useState } from "preact/hooks";
import type { Channel, ChannelChange, Delivery, NewChannel, Session, Tenant } from "../../generated/api";
import { call, type Page } from "../api";
import { split } from "../check";
import { Ask, Choice, Radios, Secret, TextField, useDoing } from "../forms";
import { useLive } from "../live";
import { Empty, Loading, Notice, When, sentence } from "../ui";

const AUDIENCES: { [audience in Channel["audience"]]: string } = {
  operators: "what operators must mend", support: "what customers must mend", all: "everything", tenant: "the tenant's own",
};

function NewDialog({ session, onClose, onDone }: { session: Session; onClose: () => void; onDone: (made: Channel) => void }) {
  const operator = session.tenant === null;
  const [kind, setKind] = useState<"email" | "webhook">("email");
  const [name, setName] = useState("");
  const [target, setTarget] = useState("");
  const [audience, setAudience] = useState("operators");
  const [severity, setSeverity] = useState("warning");
  const [events, setEvents] = useState("alert.*");
  const [tenant, setTenant] = useState("");
  const [told, setTold] = useState(false);
  const tenants = useLive<Page<Tenant>>(operator ? "/v1/tenants" : null);
  const doing = useDoing();
  const wrongTarget = kind === "email" ? (/^[^\s@]+@[^\s@]+$/.test(target.trim()) ? "" : "it needs a mail address")
    : /^https?:\/\/[^/]+/.test(target.trim()) ? "" : "it needs an address that begins with https://";
  const submit = async () => {
    setTold(true);
    if (!name.trim() || wrongTarget) return document.querySelector<HTMLElement>("dialog [aria-invalid=true]")?.focus();
    const body: NewChannel = { name: name.trim(), kind, target: target.trim(), severity: severity as "warning", events: split(events) };
    if (tenant) body.tenant = tenant;
    else if (operator) body.audience = audience as "all";
    return void (await doing.run(async () => onDone(await call<Channel>("POST", "/v1/channels", body))));
  };
  return (
    <Ask title="Add a channel" open onClose={onClose} doing={doing} word="Add it" onSubmit={() => void submit()}>
      <Radios name="channel-kind" legend="How" value={kind} onValue={setKind} options={[
        ["email", "Mail", "To one address. A tenant's address is asked first whether it wants them."],
        ["webhook", "Webhook", "Signed JSON to a URL of yours."]]} />
      <TextField id="channel-name" label="Name" value={name} onValue={setName} told={told} wrong={name.trim() ? "" : "it needs a name"} help="For example on-call." />
      <TextField id="target" label={kind === "email" ? "Mail address" : "URL"} type={kind === "email" ? "email" : "url"} value={target} onValue={setTarget} told={told} wrong={wrongTarget} />
      {operator && (tenants.value?.items.length ?? 0) > 0 && <Choice id="whose" label="Whose" value={tenant} onValue={setTenant}
        options={[["", "the operator's"], ...(tenants.value?.items ?? []).map((each): [string, string] => [each.id, each.name])]} />}
      {operator && !tenant && <Choice id="audience" label="About" value={audience} onValue={setAudience} options={[["operators", "what operators must mend"], ["support", "what customers must mend"], ["all", "everything"]]} />}
      <Choice id="severity" label="Alerts from" value={severity} onValue={setSeverity} options={[["warning", "warning on"], ["critical", "critical alone"]]} />
      <TextField id="events" label="Events" value={events} onValue={setEvents} help="Types, parted by spaces, whole or ended by *: alert.*, certificate.*, endpoint.parked." />
    </Ask>
  );
}

function Confirmation({ channel, onDone }: { channel: Channel; onDone: () => void }) {
  const [code, setCode] = useState("");
  const [again, setAgain] = useState(false);
  const doing = useDoing();
  const confirm = async () => {
    if (await doing.run(() => call("POST", `/v1/channels/${channel.id}/confirm`, { code: code.trim() }))) onDone();
  };
  const resend = async () => setAgain(await doing.run(() => call("POST", `/v1/channels/${channel.id}/confirm`, {})));
  return (
    <form class="inner" onSubmit={(event) => { event.preventDefault(); void confirm(); }}>
      <label for={`code-${channel.id}`}>Code from the mail to {channel.target}</label>
      <input id={`code-${channel.id}`} autocomplete="one-time-code" value={code} onInput={(event) => setCode(event.currentTarget.value)} />
      {again && <p role="status">Another one was mailed.</p>}
      {doing.problem && <Notice problem={doing.problem} />}
      <div class="small actions"><button type="submit" class="primary" disabled={doing.busy || !code.trim()}>Confirm</button>
        <button type="button" disabled={doing.busy} onClick={() => void resend()}>Mail another code</button></div>
    </form>
  );
}

function Deliveries({ id }: { id: string }) {
  const { value } = useLive<Channel>(`/v1/channels/${id}`, () => true, 5_000);
  if (!value) return <Loading />;
  if (!value.deliveries.length) return <p class="dim">Nothing was sent yet.</p>;
  const word = (each: Delivery) => ({ waiting: "waits", delivered: "delivered", abandoned: "given up" })[each.state];
  return (
    <ul class="rows">
      {value.deliveries.map((each) => (
        <li key={each.id}><When at={each.created_at} />: {each.type} {word(each)}{each.attempts > 1 && `, ${each.attempts} attempts`}
          {each.error && <p class="wrong">{sentence(each.error)}</p>}</li>
      ))}
    </ul>
  );
}

function One({ channel, may, onChanged, onRemove }: { channel: Channel; may: boolean; onChanged: () => void; onRemove: () => void }) {
  const [open, setOpen] = useState(false);
  const doing = useDoing();
  const act = async (work: () => Promise<unknown>) => {
    if (await doing.run(work)) onChanged();
  };
  const change = (part: ChannelChange) => act(() => call("PATCH", `/v1/channels/${channel.id}`, part));
  const [tone, sign, word] = !channel.enabled ? ["calm", "■", "off"] : !channel.confirmed ? ["wait", "…", "not confirmed"]
    : channel.failures ? ["bad", "!", "fails"] : ["good", "✓", "on"];
  return (
    <li class="alert">
      <div class="record-head"><h3>{channel.name}</h3><span class={`mark ${tone}`}><span class="sign" aria-hidden="true">{sign}</span>{word}</span></div>
      <p>{channel.kind} <code>{channel.target}</code></p>
      <p class="dim">{channel.tenant ? `of ${channel.tenant}` : AUDIENCES[channel.audience]}; {channel.severity === "critical" ? "critical alone" : "from warning on"}; {channel.events.join(", ") || "alert.*"}
        {channel.configured && "; made by the configuration file, and changed there"}</p>
      <p class="dim">Delivered last <When at={channel.succeeded_at} />.</p>
      {channel.failures > 0 && <p class="wrong">Failed <When at={channel.failed_at} />: {sentence(channel.error)}</p>}
      {!channel.confirmed && may && <Confirmation channel={channel} onDone={onChanged} />}
      {doing.problem && <Notice problem={doing.problem} />}
      {may && <div class="small actions">
        <button type="button" disabled={doing.busy} onClick={() => void act(async () => { await call("POST", `/v1/channels/${channel.id}/test`); setOpen(true); })} aria-label={`Send a test to ${channel.name}`}>Send a test</button>
        {!channel.configured && <button type="button" disabled={doing.busy} onClick={() => void change({ enabled: !channel.enabled })} aria-label={`Turn ${channel.enabled ? "off" : "on"} ${channel.name}`}>{channel.enabled ? "Turn off" : "Turn on"}</button>}
        {!channel.configured && <button type="button" class="danger" onClick={onRemove} aria-label={`Remove ${channel.name}`}>Remove…</button>}</div>}
      <details open={open} onToggle={(event) => setOpen(event.currentTarget.open)}><summary>Newest notices</summary>{open && <Deliveries id={channel.id} />}</details>
    </li>
  );
}

function RemoveDialog({ channel, onClose, onDone }: { channel: Channel; onClose: () => void; onDone: () => void }) {
  const doing = useDoing();
  const remove = async () => {
    if (await doing.run(() => call("DELETE", `/v1/channels/${channel.id}`))) onDone();
  };
  return (
    <Ask title={`Remove the channel ${channel.name}?`} open onClose={onClose} doing={doing} danger keep="Keep it" word="Remove the channel" onSubmit={() => void remove()}>
      <p>Nothing more is sent to {channel.target}, not even what waits.</p>
    </Ask>
  );
}

export function Channels({ session }: { session: Session }) {
  const channels = useLive<Page<Channel>>("/v1/channels", (event) => event.type.startsWith("alert."), 10_000);
  const [asked, setAsked] = useState(false);
  const [secret, setSecret] = useState<string | null>(null);
  const [doomed, setDoomed] = useState<Channel | null>(null);
  const may = session.scope !== "read";
  return (
    <>
      {may && <div class="actions"><button type="button" class="primary" onClick={() => setAsked(true)}>Add a channel</button></div>}
      {channels.problem && <Notice problem={channels.problem} />}
      {!channels.value && !channels.problem && <Loading />}
      {channels.value?.items.length === 0 && <Empty title="Nobody is told yet"><p>Add a mail address or a webhook, and whoever has to act hears of it long before something breaks.</p></Empty>}
      <ul class="alerts">{channels.value?.items.map((each) => <One key={each.id} channel={each} may={may} onChanged={channels.refresh} onRemove={() => setDoomed(each)} />)}</ul>
      {asked && <NewDialog session={session} onClose={() => setAsked(false)} onDone={(made) => { setAsked(false); setSecret(made.secret ?? null); channels.refresh(); }} />}
      <Secret what="The webhook's secret" secret={secret} onClose={() => setSecret(null)}><p>Each request is signed with it; docs/alerts.md says how to check that.</p></Secret>
      {doomed && <RemoveDialog channel={doomed} onClose={() => setDoomed(null)} onDone={() => { setDoomed(null); channels.refresh(); }} />}
    </>
  );
}
