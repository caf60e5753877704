// How much of a CA's limits is left.
import type { Limit } from "../generated/api";
import { When } from "./ui";

const WORDS: { [limit in Limit["limit"]]: string } = {
  new_orders: "New orders", registered_domain: "Certificates of a domain", exact_set: "The same set of names", failed_validations: "Failed proofs of a name",
  consecutive_failures: "Failures of a name in a row", registrations: "New accounts", learned: "Said by the CA", anything: "Everything at this CA",
};

function period(seconds: number): string {
  const units: [number, string][] = [[86_400, "day"], [3_600, "hour"], [60, "minute"], [1, "second"]];
  const [size, word] = units.find(([each]) => seconds % each === 0) ?? [1, "second"];
  const count = seconds / size;
  return count === 1 ? word : `${count.toLocaleString()} ${word}s`;
}

type Use = Limit["uses"][number];

function Gauge({ use, name }: { use: Use; name: string }) {
  const left = Math.max(0, Math.floor(use.remaining));
  const tight = left <= use.capacity / 10;
  return (
    <div class={`gauge ${tight ? "soon" : ""}`}>
      <span>{use.subject && <code>{use.subject}</code>} {left.toLocaleString()} of {use.capacity.toLocaleString()} left in {period(use.period_seconds)}
        {use.reserved > 0 && <span class="dim">, {use.reserved} kept for work under way</span>}
        {use.blocked_until ? <>; none before <When at={use.blocked_until} /></> : left === 0 && <>; the next <When at={use.next_free_at} /></>}</span>
      <meter min={0} max={use.capacity} value={left} aria-label={`Left of ${name}${use.subject ? ` for ${use.subject}` : ""}`} />
    </div>
  );
}

// `most`: gauges of one limit.
export function LimitGauges({ limits, most }: { limits: Limit[]; most: number }) {
  const shown = limits.filter((each) => each.capacity !== null || each.uses.length);
  if (!shown.length) return <p class="dim">Its limits are not published: certwright learns them from its answers, and there were no complaints.</p>;
  return (
    <ul class="rows">
      {shown.map((each) => {
        const name = WORDS[each.limit] ?? each.limit;
        return (
          <li key={each.limit}>
            <b>{name}</b>{each.overridden && <span class="dim"> (agreed with the CA)</span>}{each.shared && <span class="dim"> (others may spend of it too)</span>}
            {each.uses.slice(0, most).map((use) => <Gauge key={use.subject ?? ""} use={use} name={name} />)}
            {!each.uses.length && each.capacity !== null && each.period_seconds !== null && <p class="dim">Nothing spent: {each.capacity.toLocaleString()} in {period(each.period_seconds)}.</p>}
            {(each.more || each.uses.length > most) && <p class="dim">Those with the least left are shown.</p>}
          </li>
        );
      })}
    </ul>
  );
}
