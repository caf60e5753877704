import type { Endpoint, Record as DnsRecord } from "../../generated/api";
import { Copy } from "../ui";

type Status = DnsRecord["status"];
const WORDS: { [status in Status]: { sign: string; word: string; tone: string } } = {
  ok: { sign: "✓", word: "found", tone: "good" },
  missing: { sign: "…", word: "not there yet", tone: "wait" },
  wrong: { sign: "!", word: "another value", tone: "bad" },
  conflict: { sign: "!", word: "in conflict", tone: "bad" },
  unknown: { sign: "?", word: "not looked at", tone: "calm" },
};

const PURPOSES: { [purpose in DnsRecord["purpose"]]: { title: string; means: string } } = {
  routing: { title: "Visitors", means: "leads visitors of the name to our edge" },
  challenge: { title: "Certificate", means: "lets certwright prove the name to the CA, now and at every renewal" },
  ownership: { title: "Ownership", means: "shows that the name is yours" },
};

// The domain's own address stands as @ in registrars' forms.
function One({ record }: { record: DnsRecord }) {
  const { sign, word, tone } = WORDS[record.status];
  const { title, means } = PURPOSES[record.purpose];
  return (
    <li class={`record ${tone}`}>
      <div class="record-head">
        <h3>{title}{!record.required && <span class="dim"> (optional)</span>}</h3>
        <span class={`mark ${tone}`}><span class="sign" aria-hidden="true">{sign}</span>{word}</span>
      </div>
      <p class="dim">This record {means}.</p>
      <dl>
        <dt>Type</dt><dd><code>{record.type}</code></dd>
        <dt>Host</dt><dd><code>{record.display_host || record.host}</code> <Copy text={record.host} what={`host of the ${title} record`} /></dd>
        <dt>Value</dt><dd><code>{record.value}</code> <Copy text={record.value} what={`value of the ${title} record`} /></dd>
        {record.found.length > 0 && record.status !== "ok" && (
          <><dt>Found</dt><dd>{record.found.map((each) => <code key={each} class="wrong">{each}</code>)}</dd></>
        )}
      </dl>
      {record.alternatives.length > 0 && (
        <details><summary>Other ways</summary><ul class="plain">
          {record.alternatives.map((each) => <li key={`${each.type}${each.value}`}><code>{each.type} {each.value}</code> <Copy text={each.value} what={`${each.type} value`} /></li>)}
        </ul></details>
      )}
    </li>
  );
}

export function Records({ endpoint }: { endpoint: Endpoint }) {
  const all = endpoint.required_records;
  const first = all[0];
  const zone = first ? first.name.slice(first.host === "@" ? 0 : first.host.length + 1) : "";
  const open = all.filter((each) => each.required && each.status !== "ok").length;
  return (
    <section aria-label="DNS records">
      <h2>DNS records</h2>
      <p>{open === 0 ? "Everything that is needed is there." : `Create ${open === 1 ? "this record" : "these records"} where the DNS of ${zone || "the domain"} is kept. `}
        {open > 0 && "Many forms want the host without the domain, as it is here. This page sees them appear by itself."}</p>
      <ul class="records" aria-live="polite">{all.map((each) => <One key={each.name + each.type} record={each} />)}</ul>
    </section>
  );
}
