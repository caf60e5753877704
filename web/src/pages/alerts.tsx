import { useState } from "preact/hooks";
import type { Alert, NewSilence, Problem, Session, Silence } from "../../generated/api";
import { call, problemFrom, query, type Page } from "../api";
import { useLive } from "../live";
import { go } from "../route";
import { Actor, Dialog, Empty, Loading, Notice, When, sentence } from "../ui";

function Silencing({ alert, onDone }: { alert: Alert; onDone: () => void }) {
  const [hours, setHours] = useState("24");
  const [reason, setReason] = useState("");
  const [problem, setProblem] = useState<Problem | null>(null);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const until = new Date(Date.now() + Number(hours) * 3_600_000).toISOString();
    try {
      const body: NewSilence = { alert: alert.id, until, reason } as NewSilence;
      await call("POST", "/v1/silences", body);
      onDone();
    } catch (error) {
      setProblem(problemFrom(error));
    }
  };
  return (
    <form onSubmit={(event) => void submit(event)}>
      <p>No notices about this are sent meanwhile. The alert stays in the list.</p>
      <label for="hours">For</label>
      <select id="hours" value={hours} onChange={(event) => setHours(event.currentTarget.value)}>
        <option value="1">1 hour</option><option value="8">8 hours</option><option value="24">1 day</option><option value="168">7 days</option>
      </select>
      <label for="reason">Why <span class="dim">(optional)</span></label>
      <input id="reason" value={reason} maxLength={200} onInput={(event) => setReason(event.currentTarget.value)} />
      {problem && <Notice problem={problem} />}
      <div class="actions"><button type="button" onClick={onDone}>Cancel</button><button type="submit" class="primary">Silence</button></div>
    </form>
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

export function Alerts({ session, address }: { session: Session; address: URL }) {
  const past = address.searchParams.get("past") === "1";
  const [after, setAfter] = useState<string | null>(null);
  const [chosen, setChosen] = useState<Alert | null>(null);
  const alerts = useLive<Page<Alert>>(`/v1/alerts${query({ resolved: past ? "true" : null, after, limit: 50 })}`, () => true, 10_000);
  const silences = useLive<Page<Silence>>("/v1/silences", () => false);
  const may = session.scope !== "read";
  const end = (silence: Silence) => void call("DELETE", `/v1/silences/${silence.id}`).catch(() => undefined).then(silences.refresh);
  const tab = (word: string, on: boolean, to: string) => <button type="button" aria-pressed={on} onClick={() => { setAfter(null); go(to, true); }}>{word}</button>;
  return (
    <>
      <h1>Alerts</h1>
      <div class="chips" role="group" aria-label="Which">{tab("Open", !past, "/alerts")}{tab("Open and over", past, "/alerts?past=1")}</div>
      {alerts.problem && <Notice problem={alerts.problem} />}
      {!alerts.value && !alerts.problem && <Loading />}
      {alerts.value && !alerts.value.items.length && (
        <Empty title={past ? "There were none" : "Nothing needs anybody"}>
          <p>certwright looks at DNS, CAA, the CAs, edges and the ends of certificates by itself, long before something breaks. What needs
            somebody is told here and by mail or webhook: <code>certwright channel add</code>.</p>
        </Empty>
      )}
      <ul class="alerts">
        {alerts.value?.items.map((each) => {
          const silence = silences.value?.items.find((one) => one.alert === each.id || one.endpoint === each.subject || one.rule === each.rule);
          return <Entry key={each.id} alert={each} silence={silence} may={may} onSilence={() => setChosen(each)} onEnd={() => silence && end(silence)} />;
        })}
      </ul>
      {alerts.value?.next && <button type="button" onClick={() => setAfter(alerts.value?.next ?? null)}>Older ones</button>}
      <Dialog title={chosen ? `Silence ${chosen.display_name}` : ""} open={chosen !== null} onClose={() => setChosen(null)}>
        {chosen && <Silencing alert={chosen} onDone={() => { setChosen(null); silences.refresh(); }} />}
      </Dialog>
    </>
  );
}
