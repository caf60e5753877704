// The life of an endpoint's certificates: issued, on how many edges, when renewed, when it ends.
import type { ComponentChildren } from "preact";
import type { Certificate, Endpoint } from "../../../generated/api";
import { useNow } from "../../time";
import { When } from "../../ui";

type Point = { word: string; state: "done" | "now" | "next" | "late"; at: ComponentChildren };

const SOURCES: { [source in Certificate["source"]]: string } = {
  managed: "Managed by certwright", uploaded: "Uploaded", transitional: "Transitional, until a managed one is there", platform: "The platform's",
};

function deployed(endpoint: Endpoint): Point {
  const edges = endpoint.edges;
  if (!edges) return { word: "Deployed", state: "now", at: null };
  const behind = [...(edges.behind ?? []), ...(edges.lost ?? []).map((each) => `${each.name} (not heard of)`)];
  return {
    word: "Deployed", state: edges.serving > 0 && edges.serving >= edges.live ? "done" : "now",
    at: <>{edges.serving} of {edges.live} {edges.live === 1 ? "edge" : "edges"}{behind.length > 0 && <span class="dim">; not on {behind.join(", ")}</span>}</>,
  };
}

function points(certificate: Certificate, endpoint: Endpoint, now: number): Point[] {
  const passed = (at: string | null) => at !== null && Date.parse(at) <= now;
  const renewal = certificate.renew_at;
  const made: Point[] = [{ word: certificate.source === "managed" ? "Issued" : "Valid since", state: "done", at: <When at={certificate.not_before} /> }];
  if (certificate.served) made.push(deployed(endpoint));
  if (renewal) made.push({ word: "Renewal", state: passed(renewal) ? "now" : "next", at: <When at={renewal} /> });
  made.push({ word: "Ends", state: passed(certificate.not_after) ? "late" : "next", at: <When at={certificate.not_after} /> });
  return made;
}

function Life({ certificate, endpoint, onRemove }: { certificate: Certificate; endpoint: Endpoint; onRemove: (() => void) | null }) {
  const now = useNow();
  const begin = Date.parse(certificate.not_before);
  const life = Date.parse(certificate.not_after) - begin;
  return (
    <div class="certificate">
      <p><strong>{SOURCES[certificate.source]}</strong>
        {certificate.served && <span class="mark good"><span class="sign" aria-hidden="true">✓</span>served</span>}
        {!certificate.trusted && <span class="mark warn"><span class="sign" aria-hidden="true">!</span>not trusted by browsers</span>}</p>
      <ol class="timeline" aria-label="Its life">
        {points(certificate, endpoint, now).map(({ word, state, at }) => <li key={word} class={state}><b>{word}</b> <span>{at}</span></li>)}
      </ol>
      <progress max={life} value={Math.min(life, now - begin)} aria-label="Of its life passed" />
      <details><summary>Issuer, key, serial number</summary>
        <dl>
          <dt>Names</dt><dd>{certificate.identifiers.map((each) => <code key={each}>{each}</code>)}</dd>
          <dt>Issuer</dt><dd>{certificate.issuer}</dd>
          <dt>Key</dt><dd>{certificate.key_type === "rsa_2048" ? "RSA 2048" : "ECDSA P-256"}</dd>
          <dt>Serial</dt><dd><code>{certificate.serial}</code></dd>
          <dt>SHA-256</dt><dd><code>{certificate.sha256}</code></dd>
        </dl>
      </details>
      <div class="small actions">
        <a class="button" href={`/v1/certificates/${certificate.id}/chain`} download={`${certificate.identifiers[0]}.pem`}>Download the chain</a>
        {onRemove && <button type="button" class="danger" onClick={onRemove}>Remove it…</button>}
      </div>
    </div>
  );
}

interface Props {
  endpoint: Endpoint;
  onUpload: (() => void) | null;
  onRemove: ((certificate: Certificate) => void) | null;
}

export function Certificates({ endpoint, onUpload, onRemove }: Props) {
  const all = [...(endpoint.certificates ?? [])].sort((a, b) => Number(b.served ?? false) - Number(a.served ?? false));
  const brought = (each: Certificate) => each.source === "uploaded" || each.source === "transitional";
  return (
    <section aria-label="Certificates">
      <div class="record-head"><h2>Certificates</h2>{onUpload && <button type="button" onClick={onUpload}>Upload one…</button>}</div>
      {all.length === 0 && <p class="dim">None of its own yet. Until then visitors get the platform's certificate. One from elsewhere can be
        uploaded, so that nobody notices the move.</p>}
      {all.map((each) => <Life key={each.id} certificate={each} endpoint={endpoint} onRemove={onRemove && brought(each) ? () => onRemove(each) : null} />)}
    </section>
  );
}
