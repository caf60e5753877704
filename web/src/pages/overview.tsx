import type { Alert, CaAccount, EdgeNode, Endpoint, Event, Limits, Overview as Counts, Session, Status } from "../../generated/api";
import type { Page } from "../api";
import { Bars, type Bar } from "../charts";
import { LimitGauges } from "../gauge";
import { useLive } from "../live";
import { Actor, Copy, Empty, Loading, Notice, STATES, StateMark, When, sentence, type State } from "../ui";
import { Health } from "./edges";
import { EventList } from "./event-list";

const ORDER: State[] = ["action_required", "degraded", "pending_dns", "issuing", "active", "parked", "suspended", "deleting"];

function Tiles({ counts }: { counts: Record<string, number> }) {
  return (
    <ul class="tiles">
      {ORDER.filter((state) => counts[state] || ["active", "action_required", "pending_dns"].includes(state)).map((state) => (
        <li key={state}>
          <a href={`/endpoints?state=${state}`} class={`tile ${counts[state] ? STATES[state].tone : "none"}`}>
            <b>{(counts[state] ?? 0).toLocaleString()}</b><StateMark state={state} />
          </a>
        </li>
      ))}
    </ul>
  );
}

function Waiting({ title, state }: { title: string; state: State }) {
  const { value } = useLive<Page<Endpoint>>(`/v1/endpoints?state=${state}&limit=5`);
  if (!value?.items.length) return null;
  return (
    <>
      <h3>{title}</h3>
      <ul class="rows">
        {value.items.map((each) => (
          <li key={each.id}>
            <a href={`/endpoints/${each.id}`}>{each.display_name}</a> <Actor actor={each.reason?.actor} />
            {each.reason && <p class="dim">{sentence(each.reason.message ?? "")}</p>}
          </li>
        ))}
      </ul>
      {value.next && <a href={`/endpoints?state=${state}`}>All of them</a>}
    </>
  );
}

const ACTORS: [Alert["actor"], string][] = [["platform", "For the operator"], ["customer", "For customers"], ["ca", "For the CA"], ["none", "For nobody, to know"]];
const SHOWN = 4;

// Open alerts by who must act.
function Needs() {
  const { value } = useLive<Page<Alert>>("/v1/alerts?limit=100", () => true, 15_000);
  if (!value) return <Loading />;
  if (!value.items.length) return <p class="dim">No open alerts. When something needs somebody it is here, and sent to the <a href="/alerts?show=channels">channels</a>.</p>;
  return (
    <>
      {ACTORS.map(([actor, title]) => {
        const mine = value.items.filter((each) => each.actor === actor);
        return mine.length > 0 && (
          <div key={actor}>
            <h3>{title} <span class="dim">({mine.length}{value.next && " or more"})</span></h3>
            <ul class="rows">
              {mine.slice(0, SHOWN).map((each) => (
                <li key={each.id}>
                  <span class={`mark ${each.severity === "critical" ? "bad" : "warn"}`}><span class="sign" aria-hidden="true">!</span>{each.severity}</span>{" "}
                  {each.subject.startsWith("ep_") ? <a href={`/endpoints/${each.subject}`}>{each.display_name}</a> : <strong>{each.display_name}</strong>}
                  <p class="dim">{sentence(each.message)}</p>
                </li>
              ))}
            </ul>
          </div>
        );
      })}
      <a href="/alerts">All alerts</a>
    </>
  );
}

function expiryBars(rows: Counts["expiry"]): Bar[] {
  return rows.map(({ before_days: before, certificates }, index): Bar => {
    const from = index > 0 ? (rows[index - 1]?.before_days ?? 0) : 0;
    const tone = index < 2 ? { tone: "bad" as const } : {};
    if (before === 0) return { word: "ended", full: "ended", value: certificates, ...tone };
    if (before === null) return { word: `${from} d +`, full: `over ${from} days`, value: certificates };
    return { word: `${before} d`, full: `${from} to ${before} ${before === 1 ? "day" : "days"}`, value: certificates, ...tone };
  });
}

const day = new Intl.DateTimeFormat("en", { day: "numeric", month: "short", timeZone: "UTC" });

function issuedBars(rows: Counts["issued"]): Bar[] {
  return rows.map(({ from, certificates }, index): Bar => {
    const full = day.format(new Date(from));
    const today = index === rows.length - 1;
    return { word: today ? "today" : (rows.length - 1 - index) % 3 === 0 ? full : "", full, value: certificates, ...(today ? { tone: "now" as const } : {}) };
  });
}

function Certificates({ counts }: { counts: Counts }) {
  if (!counts.expiry.some((each) => each.certificates) && !counts.issued.some((each) => each.certificates)) {
    return <section aria-label="Certificates"><h2>Certificates</h2><p class="dim">None yet.</p></section>;
  }
  return (
    <section aria-label="Certificates">
      <h2>Certificates end within</h2>
      <Bars caption="Certificates by the time until they end" unit="certificates" bars={expiryBars(counts.expiry)} />
      <h2>Issued each day</h2>
      <Bars caption="Certificates issued or uploaded on each of the last days" unit="certificates" bars={issuedBars(counts.issued)} />
    </section>
  );
}

function Budget() {
  const accounts = useLive<Page<CaAccount>>("/v1/ca-accounts", (event) => event.type.startsWith("ca."), 30_000);
  const account = accounts.value?.items.find((each) => each.default);
  return account ? <BudgetOf account={account} /> : null;
}

function BudgetOf({ account }: { account: CaAccount }) {
  const { value } = useLive<Limits>(`/v1/ca-accounts/${account.id}/limits?most=1`, (event) => /^(certificate|ca)\./.test(event.type), 15_000);
  return (
    <section aria-label="CA">
      <div class="record-head"><h2>{account.name}</h2><a href="/cas">All CAs</a></div>
      {account.ca.state !== "healthy" && <p class="wrong">It does not answer since <When at={account.ca.since} />.</p>}
      {value ? <LimitGauges limits={value.limits} most={1} /> : <Loading />}
    </section>
  );
}

function Edges({ revision }: { revision: number }) {
  const { value } = useLive<Page<EdgeNode>>("/v1/edges", () => true, 10_000);
  const edges = (value?.items ?? []).filter((each) => !each.removed_at);
  if (!edges.length) return null;
  return (
    <section aria-label="Edges">
      <div class="record-head"><h2>Edges</h2><a href="/edges">All of it</a></div>
      <table>
        <thead><tr><th scope="col">Edge</th><th scope="col">Health</th><th scope="col">Behind</th><th scope="col">Seen</th></tr></thead>
        <tbody>
          {edges.slice(0, 10).map((each) => (
            <tr key={each.id}>
              <th scope="row">{each.name} <span class="dim">{each.group}</span>{each.trouble && <p class="wrong">{sentence(each.trouble)}</p>}</th>
              <td><Health edge={each} /></td>
              <td>{each.revision >= revision || !each.behind ? "up to date" : `${each.behind.toLocaleString()} changes`}</td>
              <td><When at={each.seen_at} /></td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function Zones({ zones }: { zones: Status["zones"] }) {
  return (
    <>
      {zones.filter((zone) => !zone.ok).map((zone) => (
        <Notice key={zone.zone} tone="warn"
          problem={{ code: "zone", message: `${zone.zone}: ${zone.message}`, actor: "platform", fix: zone.fix }}>
          {zone.records.length > 0 && (
            <ul class="plain">{zone.records.map((record) => <li key={record}><code>{record}</code> <Copy text={record} what={record} /></li>)}</ul>
          )}
        </Notice>
      ))}
    </>
  );
}

function NoNames() {
  return (
    <Empty title="No names yet">
      <p>An endpoint is a name that certwright gets a certificate for, renews it, and serves. Add one, create the DNS records it
        shows, and the rest happens by itself.</p>
      <p><a class="button primary" href="/endpoints/new">Add the first endpoint</a></p>
    </Empty>
  );
}

export function Overview({ session }: { session: Session }) {
  const operator = session.tenant === null;
  const counts = useLive<Counts>("/v1/overview", () => true, 30_000);
  const status = useLive<Status>(operator ? "/v1/status" : null, () => true, 10_000);
  const events = useLive<Page<Event>>("/v1/events?limit=15");
  const states = counts.value?.endpoints ?? {};
  const total = Object.values(states).reduce((sum, each) => sum + each, 0);
  return (
    <>
      <div class="title"><h1>Overview</h1><a class="button primary" href="/endpoints/new">Add an endpoint</a></div>
      {counts.problem && <Notice problem={counts.problem} />}
      {operator && status.value && <Zones zones={status.value.zones} />}
      {!counts.value && !counts.problem && <Loading />}
      {counts.value && total === 0 && <NoNames />}
      {counts.value && total > 0 && <Tiles counts={states} />}
      <div class="columns">
        <div>
          <section aria-label="What needs whom">
            <h2>What needs whom</h2>
            <Needs />
            <Waiting title="Action required" state="action_required" />
            <Waiting title="Degraded" state="degraded" />
            <Waiting title="Waiting for DNS" state="pending_dns" />
          </section>
          {operator && <Edges revision={status.value?.revision ?? 0} />}
        </div>
        <div>
          {counts.value && <Certificates counts={counts.value} />}
          {operator && <Budget />}
        </div>
      </div>
      <section aria-label="Events">
        <div class="record-head"><h2>Recent events</h2><a href="/events">All events</a></div>
        {events.value ? <EventList events={[...events.value.items].reverse()} /> : <Loading />}
      </section>
      {counts.value && <p class="dim foot">certwright {counts.value.version}</p>}
    </>
  );
}
