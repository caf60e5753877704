// Uploading a certificate. The server looks at it first, and what it saw is shown; only then it is stored.
//
// The key stays in the field it was put into until the dialog closes: it is no state of the page, and is sent and forgotten.
import { useRef, useState } from "preact/hooks";
import type { Certificate, Endpoint, Reason, Upload } from "../../../generated/api";
import { call } from "../../api";
import { Ask, Radios, useDoing } from "../../forms";
import { Notice, When } from "../../ui";

type Seen = Certificate & { warnings: Reason[] };

function PemField({ id, label, help, field, onChange }:
  { id: string; label: string; help: string; field: { current: HTMLTextAreaElement | null }; onChange: () => void }) {
  const fill = async (file: File | undefined) => {
    if (file && field.current) field.current.value = await file.text();
    onChange();
  };
  return (
    <>
      <label for={id}>{label}</label>
      <textarea id={id} ref={field} rows={4} class="pem" autocomplete="off" spellcheck={false} aria-describedby={`${id}-help`} onInput={onChange} />
      <p class="help" id={`${id}-help`}>{help}</p>
      <input type="file" aria-label={`${label} from a file`} accept=".pem,.crt,.cer,.key,.txt"
        onChange={(event) => {
          const input = event.currentTarget;
          void fill(input.files?.[0]).then(() => (input.value = ""));
        }} />
    </>
  );
}

function Preview({ seen }: { seen: Seen }) {
  return (
    <div class="notice good" role="status">
      <p><strong>This certificate fits.</strong> Nothing is stored yet.</p>
      <dl>
        <dt>Names</dt><dd>{seen.identifiers.map((each) => <code key={each}>{each}</code>)}</dd>
        <dt>Issuer</dt><dd>{seen.issuer}</dd>
        <dt>Ends</dt><dd><When at={seen.not_after} /></dd>
        <dt>Key</dt><dd>{seen.key_type === "rsa_2048" ? "RSA 2048" : "ECDSA P-256"}, and it belongs to the certificate</dd>
      </dl>
    </div>
  );
}

export function UploadDialog({ endpoint, open, onClose, onDone }: { endpoint: Endpoint; open: boolean; onClose: () => void; onDone: () => void }) {
  const chain = useRef<HTMLTextAreaElement>(null);
  const key = useRef<HTMLTextAreaElement>(null);
  const [source, setSource] = useState<"transitional" | "uploaded">("transitional");
  const [seen, setSeen] = useState<Seen | null>(null);
  const doing = useDoing();
  const changed = () => {
    setSeen(null);
    doing.clear();
  };
  const leave = () => {
    setSeen(null);
    onClose();
  };
  const send = (preview: boolean) => {
    const body: Upload = { chain: chain.current?.value ?? "", key: key.current?.value ?? "", source, preview };
    return call<Seen>("POST", `/v1/endpoints/${endpoint.id}/certificates`, body);
  };
  const submit = async () => {
    if (!seen) return doing.run(async () => setSeen(await send(true)));
    if (!(await doing.run(() => send(false)))) return setSeen(null);
    leave();
    return onDone();
  };
  return (
    <Ask title={`Upload a certificate for ${endpoint.display_name}`} open={open} onClose={leave} doing={doing}
      word={seen ? "Store and serve it" : "Look at it"} onSubmit={() => void submit()}>
      <PemField id="chain" label="Certificate and chain" help="PEM, the name's own certificate first." field={chain} onChange={changed} />
      <PemField id="key" label="Private key" help="PEM, not encrypted. It is sent to certwright, sealed there, and never shown again." field={key} onChange={changed} />
      <Radios name="source" legend="How long" value={source} onValue={(value) => { setSource(value); changed(); }} options={[
        ["transitional", "Until a managed one is there", "For moving in without a gap: certwright gets its own meanwhile."],
        ["uploaded", "As long as it is valid", "You bring the next one before it ends; certwright warns you in time."],
      ]} />
      {seen && <Preview seen={seen} />}
      {seen?.warnings.map((each) => <Notice key={each?.code} problem={each} tone="warn" />)}
    </Ask>
  );
}
