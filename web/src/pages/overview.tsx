import type { Alert, EdgeNode, Endpoint, Event, Overview as Counts, Session, Status } from "../../generated/api";
import type { Page } from "../api";
import { useLive } from "../live";
import { Actor, Copy, Empty, Loading, Notice, STATES, StateMark, When, sentence, type State } from "../ui";

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

function Expiry({ rows }: { rows: Counts["expiry"] }) {
  const most = Math.max(1, ...rows.map((row) => row.certificates));
  const word = (index: number) => {
    const before = rows[index]?.before_days;
    const from = index > 0 ? rows[index - 1]?.before_days : null;
    if (before === 0) return "ended";
    if (before === null || before === undefined) return `over ${from} days`;
    return `${from}–${before} ${before === 1 ? "day" : "days"}`;
  };
  const total = rows.reduce((sum, row) => sum + row.certificates, 0);
  if (total === 0) return <p class="dim">No certificates yet.</p>;
  return (
    <table class="bars">
      <caption class="hidden">Certificates by the time until they end</caption>
      <tbody>
        {rows.map((row, index) => (
          <tr key={index} class={index < 2 && row.certificates ? "soon" : ""}>
            <th scope="row">{word(index)}</th>
            <td><progress max={most} value={row.certificates} aria-hidden="true" /></td>
            <td class="number">{row.certificates.toLocaleString()}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Alerts() {
  const { value } = useLive<Page<Alert>>("/v1/alerts?limit=6", () => true, 15_000);
  if (!value) return <Loading />;
  if (!value.items.length) return <p class="dim">No open alerts. When something needs somebody it is here, and sent to the channels.</p>;
  return (
    <ul class="rows">
      {value.items.map((each) => (
        <li key={each.id}>
          <span class={`mark ${each.severity === "critical" ? "bad" : "warn"}`}><span class="sign" aria-hidden="true">!</span>{each.severity}</span>{" "}
          <strong>{each.display_name}</strong> <Actor actor={each.actor} />
          <p class="dim">{sentence(each.message)}</p>
        </li>
      ))}
    </ul>
  );
}

function Edges({ edges, revision }: { edges: EdgeNode[]; revision: number }) {
  return (
    <table>
      <thead><tr><th scope="col">Edge</th><th scope="col">Group</th><th scope="col">Behind</th><th scope="col">Seen</th></tr></thead>
      <tbody>
        {edges.map((each) => (
          <tr key={each.id}>
            <th scope="row">{each.name}{each.trouble && <p class="wrong">{sentence(each.trouble)}</p>}</th>
            <td>{each.group}</td>
            <td>{each.revision >= revision ? "up to date" : `${(revision - each.revision).toLocaleString()} changes`}</td>
            <td><When at={each.seen_at} /></td>
          </tr>
        ))}
      </tbody>
    </table>
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

export function EventList({ events, links = true }: { events: Event[]; links?: boolean }) {
  if (!events.length) return <p class="dim">Nothing has happened yet.</p>;
  return (
    <ol class="events">
      {events.map((each) => (
        <li key={each.number}>
          <When at={each.created_at} />
          <span>{links && each.subject.startsWith("ep_") ? <a href={`/endpoints/${each.subject}`}>{each.message}</a> : each.message}
            {" "}<code class="dim">{each.type}</code></span>
        </li>
      ))}
    </ol>
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
      {counts.value && total === 0 && (
        <Empty title="No names yet">
          <p>An endpoint is a name that certwright gets a certificate for, renews it, and serves. Add one, create the DNS records it
            shows, and the rest happens by itself.</p>
          <p><a class="button primary" href="/endpoints/new">Add the first endpoint</a></p>
        </Empty>
      )}
      {counts.value && total > 0 && <Tiles counts={states} />}
      <div class="columns">
        <section aria-label="Alerts">
          <h2>Open alerts</h2>
          <Alerts />
          <Waiting title="Action required" state="action_required" />
          <Waiting title="Degraded" state="degraded" />
          <Waiting title="Waiting for DNS" state="pending_dns" />
        </section>
        <section aria-label="Certificates">
          <h2>Certificates end in</h2>
          {counts.value && <Expiry rows={counts.value.expiry} />}
          {operator && status.value && status.value.edges.length > 0 && (
            <><h2>Edges</h2><Edges edges={status.value.edges} revision={status.value.revision} /></>
          )}
        </section>
      </div>
      <section aria-label="Events">
        <h2>Recent events</h2>
        {events.value ? <EventList events={[...events.value.items].reverse()} /> : <Loading />}
      </section>
      {counts.value && <p class="dim foot">certwright {counts.value.version}</p>}
    </>
  );
}
