// The records that an endpoint needs: what each does, what to type where, and what DNS has.
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

function Way({ who, record, where, status }: { who: string; record: string; where: string; status: Status | undefined }) {
  const tone = status ? WORDS[status].tone : "";
  return (
    <li class={tone}>
      <span>{who}</span><i aria-hidden="true">→</i><code>{record}</code>
      <i aria-hidden="true">{status ? WORDS[status].sign : "→"}</i><span>{where}</span>
      {status && <span class="hidden">: {WORDS[status].word}</span>}
    </li>
  );
}

// Which record does what: two ways for an external name, one for an internal.
export function Picture({ name, internal, records = [] }: { name: string; internal: boolean; records?: DnsRecord[] }) {
  const status = (purpose: DnsRecord["purpose"]) => records.find((each) => each.purpose === purpose)?.status;
  return (
    <ul class="flow" aria-label="Which record does what">
      {!internal && <Way who="Visitors" record={name} where="our edge" status={status("routing")} />}
      <Way who="The CA" record={`_acme-challenge.${name.replace(/^\*\./, "")}`} where="our proof" status={status("challenge")} />
    </ul>
  );
}

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

// The domain that a registrar's form adds to the host by itself.
export function zoneOf(record: DnsRecord | undefined): string {
  if (!record) return "";
  return record.host === "@" ? record.display_name : record.display_name.slice((record.display_host || record.host).length + 1);
}

const line = (record: DnsRecord) =>
  `${record.name}. 3600 IN ${record.type} ${record.type === "CNAME" ? `${record.value}.` : record.type === "TXT" ? `"${record.value}"` : record.value}`;

function Hints({ records, zone }: { records: DnsRecord[]; zone: string }) {
  const apex = records.some((each) => each.host === "@");
  return (
    <details class="hints">
      <summary>How your provider's form wants it</summary>
      <dl>
        <dt>Most forms</dt><dd>The host as above. The form adds <code>.{zone}</code> by itself: typing the whole name makes <code>{records[0]?.host}.{zone}.{zone}</code>.</dd>
        <dt>Cloudflare</dt><dd>Proxy status “DNS only”. Proxied, the record answers with Cloudflare's own addresses, and certwright cannot see where it leads.</dd>
        <dt>Lifetime (TTL)</dt><dd>Any. A short one, such as 300 seconds, makes a mistake shorter too.</dd>
        {apex && <><dt>The bare domain</dt><dd><code>@</code> stands for <code>{zone}</code> itself. A CNAME cannot stand there; use ALIAS, ANAME or
          a flattened CNAME if the form has one, else the addresses under “Other ways”.</dd></>}
        <dt>Zone file</dt><dd>Whole names, with a dot at the end.
          <ul class="plain">{records.map((each) => <li key={each.name + each.type}><code>{line(each)}</code> <Copy text={line(each)} what={`zone line of ${each.name}`} /></li>)}</ul></dd>
      </dl>
    </details>
  );
}

export function Records({ endpoint }: { endpoint: Endpoint }) {
  const all = endpoint.required_records;
  const zone = zoneOf(all[0]);
  const open = all.filter((each) => each.required && each.status !== "ok").length;
  return (
    <section aria-label="DNS records">
      <h2>DNS records</h2>
      <Picture name={endpoint.display_name} internal={endpoint.kind === "internal"} records={all} />
      <p>{open === 0 ? "Everything that is needed is there." : `Create ${open === 1 ? "this record" : "these records"} where the DNS of ${zone || "the domain"} is kept. `}
        {open > 0 && `This page sees ${open === 1 ? "it" : "them"} appear by itself.`}</p>
      <ul class="records" aria-live="polite">{all.map((each) => <One key={each.name + each.type} record={each} />)}</ul>
      {all.length > 0 && <Hints records={all} zone={zone} />}
    </section>
  );
}
