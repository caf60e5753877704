import { useState } from "preact/hooks";
import type { Certificate, Endpoint, Event, Problem, Session } from "../../../generated/api";
import { call, problemFrom, query, type Page } from "../../api";
import { useLive } from "../../live";
import { EventList } from "../event-list";
import { Loading, Notice, STATES, StateMark, When } from "../../ui";
import { Records } from "../records";
import { Attempts, Progress, isOpen } from "./attempts";
import { Certificates } from "./certificates";
import { Checks } from "./checks";
import { CertificateRemovalDialog, RemovalDialog, SuspensionDialog } from "./removal";
import { Settings, SettingsDialog } from "./settings";
import { UploadDialog } from "./upload";

const SETTLED = ["active", "suspended", "parked"];
type Asked = "" | "remove" | "suspend" | "upload" | "settings";

function Head({ endpoint, problem }: { endpoint: Endpoint; problem: Problem | null }) {
  return (
    <>
      <p class="crumbs"><a href={endpoint.redirect_to ? "/redirects" : "/endpoints"}>{endpoint.redirect_to ? "Redirects" : "Endpoints"}</a></p>
      <div class="title"><h1>{endpoint.display_names.join(", ")}</h1></div>
      <p class="lead" role="status"><StateMark state={endpoint.state} /> <span class="dim">{STATES[endpoint.state]?.means}, since <When at={endpoint.since} /></span></p>
      {endpoint.reason && (
        <Notice problem={endpoint.reason} tone={["action_required", "degraded"].includes(endpoint.state) ? "bad" : "wait"}>
          {endpoint.next_attempt_at && <p class="dim">certwright tries again <When at={endpoint.next_attempt_at} />.</p>}
        </Notice>
      )}
      {problem && <Notice problem={problem} />}
    </>
  );
}

function Actions({ endpoint, busy, act, ask }: { endpoint: Endpoint; busy: string; act: (verb: string) => void; ask: (what: Asked) => void }) {
  const { state, serving } = endpoint;
  const working = state !== "deleting" && state !== "suspended";
  const button = (verb: string, word: string) => (
    <button type="button" disabled={busy !== ""} onClick={() => act(verb)}>{busy === verb ? "Working…" : word}</button>
  );
  return (
    <div class="actions">
      {working && <>{button("check", "Check now")}{button("retry", "Try again now")}</>}
      {working && serving && button("renew", "Renew now")}
      {state === "suspended" && button("resume", "Resume")}
      {state === "deleting" && button("restore", "Restore")}
      {working && <button type="button" onClick={() => ask("suspend")}>Suspend…</button>}
      {state !== "deleting" && <button type="button" class="danger" onClick={() => ask("remove")}>Remove…</button>}
    </div>
  );
}

export function EndpointPage({ id, session }: { id: string; session: Session }) {
  const [problem, setProblem] = useState<Problem | null>(null);
  const [asked, setAsked] = useState<Asked>("");
  const [doomed, setDoomed] = useState<Certificate | null>(null);
  const [busy, setBusy] = useState("");
  const [pace, setPace] = useState(3_000);
  const path = `/v1/endpoints/${encodeURIComponent(id)}`;
  const { value: endpoint, problem: missing, refresh, put } = useLive<Endpoint>(path, (event) => event.subject === id || event.subject.startsWith("crt_"), pace);
  const events = useLive<Page<Event>>(`/v1/events${query({ endpoint: id, limit: 30 })}`, () => true, pace);
  if (!endpoint) return missing ? <Notice problem={missing}><p><a href="/endpoints">All endpoints</a></p></Notice> : <Loading />;
  // What DNS has, and how far an order is, changes without events.
  const wanted = SETTLED.includes(endpoint.state) ? 30_000 : 3_000;
  if (pace !== wanted) setPace(wanted);
  const act = async (verb: string) => {
    setBusy(verb);
    try {
      await call("POST", `${path}/${verb}`, {});
      setProblem(null);
    } catch (error) {
      setProblem(problemFrom(error));
    }
    setBusy("");
    refresh();
    events.refresh();
  };
  const close = () => setAsked("");
  const done = () => {
    close();
    setDoomed(null);
    refresh();
  };
  const may = session.scope !== "read" && endpoint.state !== "deleting";
  return (
    <>
      <Head endpoint={endpoint} problem={problem} />
      {session.scope !== "read" && <Actions endpoint={endpoint} busy={busy} act={(verb) => void act(verb)} ask={setAsked} />}
      {endpoint.order && isOpen(endpoint.order) && <section aria-label="Order"><h2>Being obtained</h2><Progress order={endpoint.order} /></section>}
      <div class="columns">
        <div><Records endpoint={endpoint} /><Checks endpoint={endpoint} /></div>
        <div>
          <Certificates endpoint={endpoint} onUpload={may ? () => setAsked("upload") : null} onRemove={may ? setDoomed : null} />
          <Settings endpoint={endpoint} onEdit={may ? () => setAsked("settings") : null} />
        </div>
      </div>
      <Attempts id={id} pace={pace} />
      <section aria-label="Events"><h2>Events</h2>{events.value ? <EventList events={[...events.value.items].reverse()} links={false} /> : <Loading />}</section>
      <RemovalDialog endpoint={endpoint} open={asked === "remove"} onClose={close} onDone={done} />
      <SuspensionDialog endpoint={endpoint} open={asked === "suspend"} onClose={close} onDone={done} />
      <UploadDialog endpoint={endpoint} open={asked === "upload"} onClose={close} onDone={done} />
      {asked === "settings" && <SettingsDialog endpoint={endpoint} onClose={close} onDone={(changed) => { put({ ...endpoint, ...changed }); done(); }} />}
      {doomed && <CertificateRemovalDialog certificate={doomed} onClose={() => setDoomed(null)} onDone={done} />}
    </>
  );
}
