// Every attempt to get a certificate, the newest first: how far it came, and why it ended.
import type { Order } from "../../../generated/api";
import { query, type Page } from "../../api";
import { useLive } from "../../live";
import { Loading, Notice, When } from "../../ui";

const STEPS: [status: Order["status"], means: string][] = [
  ["queued", "waits for its turn"], ["preflight", "DNS and CAA are looked at as the CA will"], ["reserved", "room in the CA's limits is kept"],
  ["ordered", "the CA knows"], ["answering", "the proof is laid out"], ["proving", "the CA looks at the proof"],
  ["finalizing", "the CA signs"], ["issued", "the certificate is here"], ["deployed", "the edges have it"],
];
const OVER: Order["status"][] = ["deployed", "failed"];

export function isOpen(order: Order | null | undefined): boolean {
  return Boolean(order && !OVER.includes(order.status));
}

export function Progress({ order }: { order: Order }) {
  const at = STEPS.findIndex(([status]) => status === order.status);
  return (
    <>
      <ol class="steps" aria-label="Progress of the order">
        {STEPS.map(([step, means], index) => (
          <li key={step} title={means} class={index < at || order.status === "deployed" ? "done" : index === at ? "now" : ""}
            aria-current={index === at ? "step" : undefined}>{step}</li>
        ))}
      </ol>
      <p class="dim">{at >= 0 && order.status !== "deployed" && `Now: ${STEPS[at]?.[1]}. `}
        {order.challenge ? `Proved by ${order.challenge.replaceAll("_", "-").toUpperCase()}. ` : ""}
        {order.attempt > 0 && `${order.attempt} failed ${order.attempt === 1 ? "attempt" : "attempts"} so far. `}
        {isOpen(order) && <>Next step <When at={order.next_action_at} />.</>}</p>
      {order.problem && <Notice problem={order.problem} tone="warn" />}
    </>
  );
}

function why(order: Order): string {
  if (order.forced) return "asked for";
  return order.replaces ? "renewal" : "first certificate";
}

function Attempt({ order, open }: { order: Order; open: boolean }) {
  const [tone, sign, word] = order.status === "deployed" ? ["good", "✓", "done"] : order.status === "failed" ? ["bad", "!", "failed"] : ["busy", "↻", order.status];
  return (
    <li>
      <details open={open}>
        <summary><span class={`mark ${tone}`}><span class="sign" aria-hidden="true">{sign}</span>{word}</span> {why(order)}, begun <When at={order.created_at} /></summary>
        <Progress order={order} />
        <p class="dim">{order.key_type === "rsa_2048" ? "RSA" : "ECDSA"} for {order.identifiers.join(", ")}; last step <When at={order.updated_at} />. <code>{order.id}</code></p>
      </details>
    </li>
  );
}

const MOST = 50;

export function Attempts({ id, pace }: { id: string; pace: number }) {
  const { value, problem } = useLive<Page<Order>>(`/v1/orders${query({ endpoint: id, limit: MOST })}`,
    (event) => event.subject === id || event.subject.startsWith("crt_"), pace);
  return (
    <section aria-label="Attempts">
      <h2>Attempts</h2>
      {problem && <Notice problem={problem} />}
      {!value && !problem && <Loading />}
      {value?.items.length === 0 && <p class="dim">None yet. The first begins when its DNS records are there.</p>}
      <ul class="rows">{value?.items.map((each, index) => <Attempt key={each.id} order={each} open={index === 0 && each.status !== "deployed"} />)}</ul>
      {value?.items.length === MOST && <p class="dim">Older ones are not shown.</p>}
    </section>
  );
}
