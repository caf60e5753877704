// What the last looks at an endpoint found, and what to do about it.
import type { Condition, Endpoint } from "../../../generated/api";
import { Copy, Notice, When } from "../../ui";

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

function One({ condition }: { condition: Condition }) {
  const [holds, fails] = CONDITIONS[condition.type] ?? [condition.type, `Not: ${condition.type}`];
  const unknown = condition.status === "unknown";
  // What is not so, and nobody's fault, is still to come.
  const [sign, tone] = condition.status === "true" ? ["✓", "good"] : unknown ? ["?", "calm"] : condition.problem ? ["!", "bad"] : ["…", "wait"];
  return (
    <li>
      <span class={`mark ${tone}`}><span class="sign" aria-hidden="true">{sign}</span>{unknown && "Not known: "}{condition.status === "false" ? fails : holds}</span>
      {" "}<span class="dim"><When at={condition.observed_at} /></span>
      {condition.problem && <Notice problem={condition.problem} tone={condition.status === "false" ? "warn" : "calm"} />}
    </li>
  );
}

function verdict(conditions: Condition[]): string {
  const wrong = conditions.filter((each) => each.status === "false" && each.problem).length;
  const open = conditions.filter((each) => each.status !== "true").length;
  if (wrong) return `${wrong} of ${conditions.length} ${wrong === 1 ? "needs" : "need"} somebody: what to do is said below each.`;
  return open ? "Nothing is wrong; some of it is still to come." : "All of it is as it should be.";
}

export function Checks({ endpoint }: { endpoint: Endpoint }) {
  const { conditions, caa_records: caa = [] } = endpoint;
  return (
    <section aria-label="Checks">
      <h2>Checks</h2>
      {conditions.length ? <p>{verdict(conditions)}</p> : <p class="dim">Nothing was looked at yet.</p>}
      <ul class="rows">{conditions.map((each) => <One key={each.type} condition={each} />)}</ul>
      {caa.length > 0 && (
        <details><summary>If the domain has CAA records</summary>
          <p>They must allow one of these:</p>
          <ul class="plain">{caa.map((each) => <li key={each}><code>{each}</code> <Copy text={each} what={`CAA record ${each}`} /></li>)}</ul>
        </details>
      )}
      <p class="dim">Looked at again <When at={endpoint.next_check_at} none="on demand" />.</p>
    </section>
  );
}
