import { useState } from "preact/hooks";
import type { Certificate, Condition, Endpoint, Event, Order, Problem, Session } from "../../generated/api";
import { call, problemFrom, query, type Page } from "../api";
import { useLive } from "../live";
import { Dialog, Loading, Notice, STATES, StateMark, When } from "../ui";
import { EventList } from "./overview";
import { Records } from "./records";

// What it is when it holds, and when it does not.
const CONDITIONS: { [type: string]: [string, string] } = {
  Ownership: ["The name is proved to be this tenant's", "The name is not proved to be this tenant's"],
  DnsRouting: ["DNS leads here", "DNS does not lead here"],
  ChallengeDelegation: ["The certificate's record is there", "The certificate's record is not right"],
  CaaAllows: ["CAA records allow our CA", "CAA records forbid our CA"],
  Certificate: ["A certificate is there", "No certificate yet"],
  Deployed: ["Every edge has the certificate", "Not on every edge yet"],
  Reachable: ["The name answers from outside", "The name does not answer from outside"],
  Origin: ["The upstream answers", "The upstream does not answer"],
};
const STEPS: Order["status"][] = ["queued", "preflight", "reserved", "ordered", "answering", "proving", "finalizing", "issued", "deployed"];

function Conditions({ conditions }: { conditions: Condition[] }) {
  if (!conditions.length) return <p class="dim">Nothing was looked at yet.</p>;
  return (
    <ul class="rows">
      {conditions.map((each) => {
        const [holds, fails] = CONDITIONS[each.type] ?? [each.type, `Not: ${each.type}`];
        const good = each.status === "true";
        // What is not so, and nobody's fault, is still to come.
        const [sign, tone] = good ? ["✓", "good"] : each.status === "unknown" ? ["?", "calm"] : each.problem ? ["!", "bad"] : ["…", "wait"];
        return (
          <li key={each.type}>
            <span class={`mark ${tone}`}><span class="sign" aria-hidden="true">{sign}</span>{each.status === "unknown" && "Not known: "}{each.status === "false" ? fails : holds}</span>
            {" "}<span class="dim"><When at={each.observed_at} /></span>
            {each.problem && <Notice problem={each.problem} tone={each.status === "false" ? "warn" : "calm"} />}
          </li>
        );
      })}
    </ul>
  );
}

function Life({ certificate }: { certificate: Certificate }) {
  const begin = Date.parse(certificate.not_before);
  const life = Date.parse(certificate.not_after) - begin;
  return (
    <div class="certificate">
      <p><strong>{certificate.source}</strong>{certificate.served && <span class="mark good"><span class="sign" aria-hidden="true">✓</span>served</span>}
        {!certificate.trusted && <span class="mark warn"><span class="sign" aria-hidden="true">!</span>not trusted by browsers</span>}</p>
      <progress max={life} value={Math.min(life, Date.now() - begin)} aria-label="Of its life passed" />
      <dl>
        <dt>Issued</dt><dd><When at={certificate.not_before} /></dd>
        <dt>Renewal</dt><dd><When at={certificate.renew_at} none="none planned" /></dd>
        <dt>Ends</dt><dd><When at={certificate.not_after} /></dd>
        <dt>Issuer</dt><dd>{certificate.issuer}</dd>
        <dt>Key</dt><dd>{certificate.key_type === "rsa_2048" ? "RSA 2048" : "ECDSA P-256"}</dd>
        <dt>Serial</dt><dd><code>{certificate.serial}</code></dd>
      </dl>
      <a href={`/v1/certificates/${certificate.id}/chain`} download={`${certificate.identifiers[0]}.pem`}>Download the chain</a>
    </div>
  );
}

function Progress({ order }: { order: Order }) {
  const at = STEPS.indexOf(order.status);
  return (
    <>
      <ol class="steps" aria-label="Progress of the order">
        {STEPS.map((step, index) => (
          <li key={step} class={index < at || order.status === "deployed" ? "done" : index === at ? "now" : ""} aria-current={index === at ? "step" : undefined}>{step}</li>
        ))}
      </ol>
      <p class="dim">{order.challenge ? `Proved by ${order.challenge.replaceAll("_", "-").toUpperCase()}. ` : ""}
        {order.attempt > 0 && `${order.attempt} failed ${order.attempt === 1 ? "attempt" : "attempts"} so far. `}
        {!["deployed", "failed"].includes(order.status) && <>Next step <When at={order.next_action_at} />.</>}</p>
      {order.problem && <Notice problem={order.problem} tone="warn" />}
    </>
  );
}

function Removal({ endpoint, onDone, onClose }: { endpoint: Endpoint; onDone: () => void; onClose: () => void }) {
  const [revoke, setRevoke] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const remove = async () => {
    try {
      await call("DELETE", `/v1/endpoints/${endpoint.id}${query({ revoke: revoke ? "true" : null })}`);
      onDone();
    } catch (error) {
      setProblem(problemFrom(error));
    }
  };
  return (
    <>
      <p>{endpoint.serving ? "Visitors stop getting this name at once." : "certwright stops trying to get a certificate for it."} Its names are held
        for {endpoint.tenant} for some days, in which it can be restored. After that they are free, and the values of its DNS records are never used again.</p>
      <label class="check"><input type="checkbox" checked={revoke} onChange={(event) => setRevoke(event.currentTarget.checked)} /> Also revoke its certificates at the CA</label>
      {problem && <Notice problem={problem} />}
      <div class="actions"><button type="button" onClick={onClose}>Keep it</button><button type="button" class="danger" onClick={() => void remove()}>Remove {endpoint.display_name}</button></div>
    </>
  );
}

function Suspension({ endpoint, onDone, onClose }: { endpoint: Endpoint; onDone: () => void; onClose: () => void }) {
  return (
    <>
      <p>Visitors of {endpoint.display_name} get an error until it is resumed. Its certificate is kept, and not renewed meanwhile.</p>
      <div class="actions"><button type="button" onClick={onClose}>Keep serving</button><button type="button" class="danger" onClick={onDone}>Suspend</button></div>
    </>
  );
}

const SETTLED = ["active", "suspended", "parked"];

export function EndpointPage({ id, session }: { id: string; session: Session }) {
  const [problem, setProblem] = useState<Problem | null>(null);
  const [asked, setAsked] = useState<"" | "remove" | "suspend">("");
  const [busy, setBusy] = useState("");
  const [pace, setPace] = useState(3_000);
  const path = `/v1/endpoints/${encodeURIComponent(id)}`;
  const { value: endpoint, problem: missing, refresh } = useLive<Endpoint>(path, (event) => event.subject === id || event.subject.startsWith("crt_"), pace);
  const events = useLive<Page<Event>>(`/v1/events${query({ endpoint: id, limit: 30 })}`, () => true, pace);
  if (!endpoint) return missing ? <Notice problem={missing}><p><a href="/endpoints">All endpoints</a></p></Notice> : <Loading />;
  // What DNS has, and how far an order is, changes without events.
  const wanted = SETTLED.includes(endpoint.state) ? 30_000 : 3_000;
  if (pace !== wanted) setPace(wanted);
  const act = async (verb: string) => {
    setBusy(verb);
    setAsked("");
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
  const button = (verb: string, word: string) => (
    <button type="button" disabled={busy !== ""} onClick={() => void act(verb)}>{busy === verb ? "Working…" : word}</button>
  );
  const may = session.scope !== "read";
  const certificates = [...(endpoint.certificates ?? [])].sort((a, b) => Number(b.served ?? false) - Number(a.served ?? false));
  return (
    <>
      <p class="crumbs"><a href="/endpoints">Endpoints</a></p>
      <div class="title"><h1>{endpoint.display_names.join(", ")}</h1></div>
      <p class="lead" role="status"><StateMark state={endpoint.state} /> <span class="dim">{STATES[endpoint.state]?.means}, since <When at={endpoint.since} /></span></p>
      {endpoint.reason && (
        <Notice problem={endpoint.reason} tone={["action_required", "degraded"].includes(endpoint.state) ? "bad" : "wait"}>
          {endpoint.next_attempt_at && <p class="dim">certwright tries again <When at={endpoint.next_attempt_at} />.</p>}
        </Notice>
      )}
      {problem && <Notice problem={problem} />}
      {may && (
        <div class="actions">
          {endpoint.state !== "deleting" && endpoint.state !== "suspended" && <>{button("check", "Check now")}{button("retry", "Try again now")}</>}
          {endpoint.serving && endpoint.state !== "suspended" && button("renew", "Renew now")}
          {endpoint.state === "suspended" && button("resume", "Resume")}
          {endpoint.state === "deleting" && button("restore", "Restore")}
          {endpoint.state !== "suspended" && endpoint.state !== "deleting" && <button type="button" onClick={() => setAsked("suspend")}>Suspend…</button>}
          {endpoint.state !== "deleting" && <button type="button" class="danger" onClick={() => setAsked("remove")}>Remove…</button>}
        </div>
      )}
      <div class="columns">
        <div>
          <Records endpoint={endpoint} />
          <section aria-label="Checks"><h2>Checks</h2><Conditions conditions={endpoint.conditions} />
            <p class="dim">Looked at again <When at={endpoint.next_check_at} none="on demand" />.</p></section>
        </div>
        <div>
          {endpoint.order && !(endpoint.order.status === "deployed" && endpoint.state === "active") && (
            <section aria-label="Order"><h2>Order</h2><Progress order={endpoint.order} /></section>
          )}
          <section aria-label="Certificates"><h2>Certificates</h2>
            {certificates.length ? certificates.map((each) => <Life key={each.id} certificate={each} />)
              : <p class="dim">None of its own yet. Until then visitors get the platform's certificate.</p>}</section>
          <section aria-label="Settings"><h2>Settings</h2>
            <dl>
              <dt>Kind</dt><dd>{endpoint.kind}</dd>
              {endpoint.redirect_to ? <><dt>Redirect</dt><dd><code>{endpoint.redirect_to}</code> {endpoint.redirect_status}</dd></>
                : <><dt>Upstream</dt><dd>{endpoint.upstream ? <code>{endpoint.upstream}</code> : <span class="dim">known by its proxies</span>}</dd></>}
              <dt>Who may come</dt><dd>{endpoint.ip_filter.length ? endpoint.ip_filter.map((each) => <code key={each}>{each}</code>) : "everybody"}</dd>
              <dt>Tenant</dt><dd>{endpoint.tenant}</dd>
              <dt>Added</dt><dd><When at={endpoint.created_at} /></dd>
              <dt>Id</dt><dd><code>{endpoint.id}</code></dd>
            </dl></section>
        </div>
      </div>
      <section aria-label="Events"><h2>Events</h2>{events.value ? <EventList events={[...events.value.items].reverse()} links={false} /> : <Loading />}</section>
      <Dialog title={`Remove ${endpoint.display_name}?`} open={asked === "remove"} onClose={() => setAsked("")}>
        <Removal endpoint={endpoint} onClose={() => setAsked("")} onDone={() => { setAsked(""); refresh(); }} />
      </Dialog>
      <Dialog title={`Suspend ${endpoint.display_name}?`} open={asked === "suspend"} onClose={() => setAsked("")}>
        <Suspension endpoint={endpoint} onClose={() => setAsked("")} onDone={() => void act("suspend")} />
      </Dialog>
    </>
  );
}

