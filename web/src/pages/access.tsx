// Who may do what: tokens with their roles, and tenants.
import { useState } from "preact/hooks";
import type { NewToken, Session, Tenant, Token } from "../../generated/api";
import { call, type Page } from "../api";
import { Ask, Choice, Radios, Secret, TextField, useDoing } from "../forms";
import { useLive } from "../live";
import { Empty, Loading, Notice, When } from "../ui";

type Role = "read" | "write" | "admin";
const ROLES: [Role, string, string][] = [
  ["read", "Read", "Sees everything of its tenant and changes nothing."],
  ["write", "Write", "Also adds, changes and removes names, and looks after alerts."],
  ["admin", "Admin", "Also makes and revokes tokens."],
];
const DAY = 86_400_000;

function TokenDialog({ session, tenants, onClose, onDone }: { session: Session; tenants: Tenant[]; onClose: () => void; onDone: (secret: string) => void }) {
  const [name, setName] = useState("");
  const [role, setRole] = useState<Role>("read");
  const [tenant, setTenant] = useState(session.tenant ?? "");
  const [days, setDays] = useState("0");
  const doing = useDoing();
  const create = () => doing.run(async () => {
    const body: NewToken = { name: name.trim(), scopes: [role] };
    if (tenant) body.tenant = tenant;
    if (days !== "0") body.expires_at = new Date(Date.now() + Number(days) * DAY).toISOString();
    onDone((await call<Token>("POST", "/v1/tokens", body)).token ?? "");
  });
  return (
    <Ask title="Make a token" open onClose={onClose} doing={doing} word="Make the token" onSubmit={() => void create()}>
      <TextField id="token-name" label="What for" value={name} onValue={setName} help="For example: deploy script of the shop." />
      <Radios name="role" legend="Role" value={role} onValue={setRole} options={ROLES} />
      {session.tenant === null && <Choice id="token-tenant" label="Tenant" value={tenant} onValue={setTenant}
        options={[["", "none: the operator's, for all tenants"], ...tenants.map((each): [string, string] => [each.id, each.name])]} />}
      <Choice id="days" label="Good for" value={days} onValue={setDays} options={[["0", "as long as it is not revoked"], ["1", "1 day"], ["30", "30 days"], ["90", "90 days"], ["365", "1 year"]]} />
    </Ask>
  );
}

function RevokeDialog({ token, own, onClose, onDone }: { token: Token; own: boolean; onClose: () => void; onDone: () => void }) {
  const doing = useDoing();
  const revoke = async () => {
    if (await doing.run(() => call("DELETE", `/v1/tokens/${token.id}`))) onDone();
  };
  return (
    <Ask title={`Revoke ${token.name || token.id}?`} open onClose={onClose} doing={doing} danger keep="Keep it" word="Revoke it" onSubmit={() => void revoke()}>
      <p>Whatever uses it is refused from now on, sessions of this dashboard included. It cannot be taken back.</p>
      {own && <Notice tone="warn" problem={{ code: "own_token", message: "You are signed in with this token: you will be signed out.", actor: "none", fix: "" }} />}
    </Ask>
  );
}

function TenantDialog({ onClose, onDone }: { onClose: () => void; onDone: () => void }) {
  const [id, setId] = useState("");
  const [name, setName] = useState("");
  const [told, setTold] = useState(false);
  const doing = useDoing();
  const wrong = /^[a-z0-9][a-z0-9-]{0,39}$/.test(id.trim()) ? "" : "it takes up to 40 lower-case letters, digits and hyphens";
  const create = async () => {
    setTold(true);
    if (!wrong && (await doing.run(() => call("POST", "/v1/tenants", { id: id.trim(), ...(name.trim() ? { name: name.trim() } : {}) })))) onDone();
  };
  return (
    <Ask title="Add a tenant" open onClose={onClose} doing={doing} word="Add it" onSubmit={() => void create()}>
      <TextField id="tenant-id" label="Id" focus value={id} onValue={setId} wrong={wrong} told={told} help="It never changes. For example acme." />
      <TextField id="tenant-name" label="Name" optional value={name} onValue={setName} help="For people, for example Acme Ltd." />
    </Ask>
  );
}

function standing(token: Token): [tone: string, sign: string, word: string] {
  if (token.revoked_at) return ["calm", "■", "revoked"];
  if (token.expires_at && Date.parse(token.expires_at) < Date.now()) return ["calm", "■", "over"];
  return ["good", "✓", "good"];
}

function Tokens({ tokens, session, onRevoke }: { tokens: Token[]; session: Session; onRevoke: (token: Token) => void }) {
  return (
    <table>
      <thead><tr><th scope="col">Token</th><th scope="col">Role</th><th scope="col">Tenant</th><th scope="col">Standing</th><th scope="col">Made</th><th scope="col">Ends</th><th scope="col"><span class="hidden">Actions</span></th></tr></thead>
      <tbody>{tokens.map((each) => {
        const [tone, sign, word] = standing(each);
        return (
          <tr key={each.id}>
            <th scope="row">{each.name || <span class="dim">without a name</span>}{each.id === session.token && <span class="dim"> (yours)</span>}</th>
            <td>{each.scopes.join(", ")}</td>
            <td>{each.tenant ?? "operator"}</td>
            <td><span class={`mark ${tone}`}><span class="sign" aria-hidden="true">{sign}</span>{word}</span></td>
            <td class="dim"><When at={each.created_at} /></td>
            <td class="dim"><When at={each.expires_at} /></td>
            <td class="end">{tone === "good" && <button type="button" class="danger" aria-label={`Revoke ${each.name || each.id}`} onClick={() => onRevoke(each)}>Revoke…</button>}</td>
          </tr>
        );
      })}</tbody>
    </table>
  );
}

export function Access({ session }: { session: Session }) {
  const operator = session.tenant === null;
  const tokens = useLive<Page<Token>>("/v1/tokens", () => false, 30_000);
  const tenants = useLive<Page<Tenant>>(operator ? "/v1/tenants" : null, () => false, 30_000);
  const [asked, setAsked] = useState<"" | "token" | "tenant">("");
  const [secret, setSecret] = useState<string | null>(null);
  const [doomed, setDoomed] = useState<Token | null>(null);
  const [all, setAll] = useState(false);
  const items = tokens.value?.items ?? [];
  const shown = all ? items : items.filter((each) => standing(each)[0] === "good");
  const list = tenants.value?.items ?? [];
  return (
    <>
      <div class="title"><h1>Access</h1><button type="button" class="primary" onClick={() => setAsked("token")}>Make a token</button></div>
      {tokens.problem && <Notice problem={tokens.problem} />}
      {!tokens.value && !tokens.problem && <Loading />}
      {tokens.value && (
        <section aria-label="Tokens" class="wide" tabIndex={0}>
          <h2>Tokens</h2>
          {shown.length ? <Tokens tokens={shown} session={session} onRevoke={setDoomed} /> : <Empty title="No tokens"><p>A token lets a person, a script or this dashboard in, with one role.</p></Empty>}
          {items.length > shown.length || all ? <button type="button" aria-pressed={all} onClick={() => setAll(!all)}>Revoked and ended ones too</button> : null}
        </section>
      )}
      {operator && tenants.value && (
        <section aria-label="Tenants" class="wide" tabIndex={0}>
          <div class="record-head"><h2>Tenants</h2>{session.scope === "admin" && <button type="button" onClick={() => setAsked("tenant")}>Add a tenant…</button>}</div>
          <table>
            <thead><tr><th scope="col">Tenant</th><th scope="col">Name</th><th scope="col">Added</th></tr></thead>
            <tbody>{list.map((each) => <tr key={each.id}><th scope="row">{each.id}</th><td>{each.name}</td><td class="dim">{Date.parse(each.created_at) > 0 ? <When at={each.created_at} /> : "from the beginning"}</td></tr>)}</tbody>
          </table>
        </section>
      )}
      {asked === "token" && <TokenDialog session={session} tenants={list} onClose={() => setAsked("")} onDone={(made) => { setAsked(""); setSecret(made); tokens.refresh(); }} />}
      {asked === "tenant" && <TenantDialog onClose={() => setAsked("")} onDone={() => { setAsked(""); tenants.refresh(); }} />}
      {doomed && <RevokeDialog token={doomed} own={doomed.id === session.token} onClose={() => setDoomed(null)} onDone={() => { setDoomed(null); tokens.refresh(); }} />}
      <Secret what="The token" secret={secret} onClose={() => setSecret(null)} />
    </>
  );
}
