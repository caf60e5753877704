import { useState } from "preact/hooks";
import type { Alert, NewSilence, Session, Silence } from "../../generated/api";
import { call, query, type Page } from "../api";
import { Ask, Choice, useDoing } from "../forms";
import { useLive } from "../live";
import { go } from "../route";
import { Actor, Empty, Loading, Notice, When, sentence } from "../ui";
import { Channels } from "./channels";

function Silencing({ alert, onClose, onDone }: { alert: Alert; onClose: () => void; onDone: () => void }) {
  const [hours, setHours] = useState("24");
  const [reason, setReason] = useState("");
  const doing = useDoing();
  const submit = async () => {
    const body: NewSilence = { alert: alert.id, until: new Date(Date.now() + Number(hours) * 3_600_000).toISOString(), reason };
    if (await doing.run(() => call("POST", "/v1/silences", body))) onDone();
  };
  return (
    <Ask title={`Silence ${alert.display_name}`} open onClose={onClose} doing={doing} word="Silence" onSubmit={() => void submit()}>
      <p>No notices about this are sent meanwhile. The alert stays in the list.</p>
      <Choice id="hours" label="For" value={hours} onValue={setHours} options={[["1", "1 hour"], ["8", "8 hours"], ["24", "1 day"], ["168", "7 days"]]} />
      <label for="reason">Why <span class="dim">(optional)</span></label>
      <input id="reason" value={reason} maxLength={200} onInput={(event) => setReason(event.currentTarget.value)} />
    </Ask>
  );
}

function Entry({ alert, silence, may, onSilence, onEnd }: { alert: Alert; silence: Silence | undefined; may: boolean; onSilence: () => void; onEnd: () => void }) {
  const name = alert.subject.startsWith("ep_") ? <a href={`/endpoints/${alert.subject}`}>{alert.display_name}</a> : alert.display_name;
  return (
    <li class="alert">
      <div class="record-head">
        <h2>{name}</h2>
        {alert.resolved_at ? <span class="mark good"><span class="sign" aria-hidden="true">✓</span>over</span>
          : <span class={`mark ${alert.severity === "critical" ? "bad" : "warn"}`}><span class="sign" aria-hidden="true">!</span>{alert.severity}</span>}
      </div>
      <p>{sentence(alert.message)} <Actor actor={alert.actor} /></p>
      {!alert.resolved_at && alert.fix && <p>{sentence(alert.fix)}</p>}
      <p class="dim"><code>{alert.rule}</code> · opened <When at={alert.opened_at} />
        {alert.resolved_at ? <> · over <When at={alert.resolved_at} /></> : <> · seen <When at={alert.seen_at} /></>}
        {alert.deadline && !alert.resolved_at && <> · gets worse <When at={alert.deadline} /></>}</p>
      {!alert.resolved_at && (silence
        ? <p>Silenced until <When at={silence.until} />. {may && <button type="button" onClick={onEnd}>End the silence</button>}</p>
        : may && <button type="button" onClick={onSilence}>Silence…</button>)}
    </li>
  );
}

function List({ session, past }: { session: Session; past: boolean }) {
  const [after, setAfter] = useState<string[]>([]);
  const [chosen, setChosen] = useState<Alert | null>(null);
  const alerts = useLive<Page<Alert>>(`/v1/alerts${query({ resolved: past ? "true" : null, after: after.at(-1), limit: 50 })}`, () => true, 10_000);
  const silences = useLive<Page<Silence>>("/v1/silences", () => false);
  const may = session.scope !== "read";
  const end = (silence: Silence) => void call("DELETE", `/v1/silences/${silence.id}`).catch(() => undefined).then(silences.refresh);
  return (
    <>
      {alerts.problem && <Notice problem={alerts.problem} />}
      {!alerts.value && !alerts.problem && <Loading />}
      {alerts.value && !alerts.value.items.length && (
        <Empty title={past ? "There were none" : "Nothing needs anybody"}>
          <p>certwright looks at DNS, CAA, the CAs, edges and the ends of certificates by itself, long before something breaks. What needs
            somebody is told here and through the <a href="/alerts?show=channels">channels</a>.</p>
        </Empty>
      )}
      <ul class="alerts">
        {alerts.value?.items.map((each) => {
          const silence = silences.value?.items.find((one) => one.alert === each.id || one.endpoint === each.subject || one.rule === each.rule);
          return <Entry key={each.id} alert={each} silence={silence} may={may} onSilence={() => setChosen(each)} onEnd={() => silence && end(silence)} />;
        })}
      </ul>
      <div class="actions">
        {after.length > 0 && <button type="button" onClick={() => setAfter(after.slice(0, -1))}>Newer ones</button>}
        {alerts.value?.next && <button type="button" onClick={() => setAfter([...after, alerts.value?.next ?? ""])}>Older ones</button>}
      </div>
      {chosen && <Silencing alert={chosen} onClose={() => setChosen(null)} onDone={() => { setChosen(null); silences.refresh(); }} />}
    </>
  );
}

const TABS: [show: string, word: string][] = [["", "Open"], ["past", "Open and over"], ["channels", "Channels"]];

export function Alerts({ session, address }: { session: Session; address: URL }) {
  const show = address.searchParams.get("show") ?? "";
  return (
    <>
      <h1>Alerts</h1>
      <div class="chips" role="group" aria-label="Which">
        {TABS.map(([each, word]) => <button key={each} type="button" aria-pressed={show === each} onClick={() => go(`/alerts${query({ show: each })}`, true)}>{word}</button>)}
      </div>
      {show === "channels" ? <Channels session={session} /> : <List key={show} session={session} past={show === "past"} />}
    </>
  );
}
