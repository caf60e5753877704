// What people may regret, with its consequences said first.
import { useState } from "preact/hooks";
import type { Certificate, Endpoint } from "../../../generated/api";
import { call, query } from "../../api";
import { Ask, Check, useDoing } from "../../forms";
import { When } from "../../ui";

interface Props {
  open: boolean;
  onClose: () => void;
  onDone: () => void;
}

export function RemovalDialog({ endpoint, open, onClose, onDone }: Props & { endpoint: Endpoint }) {
  const [revoke, setRevoke] = useState(false);
  const doing = useDoing();
  const remove = async () => {
    if (await doing.run(() => call("DELETE", `/v1/endpoints/${endpoint.id}${query({ revoke: revoke ? "true" : null })}`))) onDone();
  };
  return (
    <Ask title={`Remove ${endpoint.display_name}?`} open={open} onClose={onClose} doing={doing} danger keep="Keep it"
      word={`Remove ${endpoint.display_name}`} onSubmit={() => void remove()}>
      <ul class="consequences">
        <li>{endpoint.serving ? "Visitors stop getting this name at once." : "certwright stops trying to get a certificate for it."}</li>
        <li>{endpoint.names.length > 1 ? "Its names are" : "Its name is"} held for {endpoint.tenant} for some days, in which it can be restored; nobody else can add {endpoint.names.length > 1 ? "them" : "it"} meanwhile.</li>
        <li>After that the values of its DNS records are never used again: whoever adds the name anew creates new records.</li>
        <li>Its DNS records stay where they are. Delete them when it is over.</li>
      </ul>
      {endpoint.serving && <>
        <Check label="Also revoke its certificates at the CA" value={revoke} onValue={setRevoke} />
        <p class="help">Needed only when a key may have become known: a revoked certificate cannot come back, even if the endpoint is restored.</p></>}
    </Ask>
  );
}

export function SuspensionDialog({ endpoint, open, onClose, onDone }: Props & { endpoint: Endpoint }) {
  const [reason, setReason] = useState("");
  const doing = useDoing();
  const suspend = async () => {
    if (await doing.run(() => call("POST", `/v1/endpoints/${endpoint.id}/suspend`, reason.trim() ? { reason: reason.trim() } : {}))) onDone();
  };
  return (
    <Ask title={`Suspend ${endpoint.display_name}?`} open={open} onClose={onClose} doing={doing} danger keep="Keep serving" word="Suspend" onSubmit={() => void suspend()}>
      <p>Visitors get an error until it is resumed. Its certificate is kept, and not renewed meanwhile.</p>
      <label for="why">Why <span class="dim">(optional)</span></label>
      <input id="why" value={reason} maxLength={500} onInput={(event) => setReason(event.currentTarget.value)} />
    </Ask>
  );
}

export function CertificateRemovalDialog({ certificate, onClose, onDone }: { certificate: Certificate; onClose: () => void; onDone: () => void }) {
  const doing = useDoing();
  const remove = async () => {
    if (await doing.run(() => call("DELETE", `/v1/certificates/${certificate.id}`))) onDone();
  };
  return (
    <Ask title="Remove this certificate?" open onClose={onClose} doing={doing} danger keep="Keep it" word="Remove the certificate" onSubmit={() => void remove()}>
      <p>It ends <When at={certificate.not_after} />. {certificate.served ? "It is served now; visitors get the next best one at once, or the platform's." : "It is not served now."} Its key is deleted.</p>
    </Ask>
  );
}
