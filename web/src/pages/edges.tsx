// Where names are served: groups, their edges, how far each has come, and letting one more in.
import { useState } from "preact/hooks";
import type { EdgeGroup, EdgeNode, Session } from "../../generated/api";
import { call, type Page } from "../api";
import { Ask, Choice, useDoing } from "../forms";
import { useLive } from "../live";
import { Copy, Dialog, Empty, Loading, Notice, When, sentence } from "../ui";

const HEALTH = {
  live: ["good", "✓", "live"], lost: ["bad", "!", "not heard of"], trouble: ["warn", "!", "in trouble"],
} as const;

interface Invitation {
  group: string;
  token: string;
  expires_at: string;
}

export function Health({ edge }: { edge: EdgeNode }) {
  const [tone, sign, word] = HEALTH[edge.health ?? "live"];
  return <span class={`mark ${tone}`}><span class="sign" aria-hidden="true">{sign}</span>{word}</span>;
}

function Row({ edge, newest, onRemove }: { edge: EdgeNode; newest: number; onRemove: (() => void) | null }) {
  const behind = edge.behind ?? Math.max(0, newest - edge.revision);
  return (
    <tr>
      <th scope="row">{edge.name}{edge.trouble && <p class="wrong">{sentence(edge.trouble)}</p>}</th>
      <td><Health edge={edge} /></td>
      <td>{edge.group}</td>
      <td>{behind ? `${behind.toLocaleString()} changes` : "up to date"}</td>
      <td><When at={edge.seen_at} /></td>
      <td>{edge.version}</td>
      <td><When at={edge.certificate_until} none="has none" /></td>
      <td class="end">{onRemove && <button type="button" class="danger" aria-label={`Remove ${edge.name}`} onClick={onRemove}>Remove…</button>}</td>
    </tr>
  );
}

function InviteDialog({ groups, onClose, onInvited }: { groups: EdgeGroup[]; onClose: () => void; onInvited: (made: Invitation) => void }) {
  const [group, setGroup] = useState("default");
  const [hours, setHours] = useState("24");
  const doing = useDoing();
  const invite = () => doing.run(async () => onInvited(await call<Invitation>("POST", "/v1/edge-invitations", { group, hours: Number(hours) })));
  return (
    <Ask title="Invite an edge" open onClose={onClose} doing={doing} word="Make the invitation" onSubmit={() => void invite()}>
      <p>One more machine joins with it, once. It then has a certificate of its own, and gets the names and keys of its group alone.</p>
      <Choice id="group" label="Group" value={group} onValue={setGroup} options={groups.filter((each) => !each.proxies).map((each) => [each.name, each.name])} />
      <Choice id="hours" label="Good for" value={hours} onValue={setHours} options={[["1", "1 hour"], ["24", "1 day"], ["168", "7 days"]]} />
    </Ask>
  );
}

function Invited({ made, onClose }: { made: Invitation; onClose: () => void }) {
  const command = `certwright edge --join https://${location.hostname}:8701${made.group === "default" ? "" : ` --group ${made.group}`} --token ${made.token}`;
  return (
    <Dialog title="The invitation" open onClose={onClose}>
      <p>Run this on the new machine, with the address where it reaches this control node's feed (<code>feed.listen</code>). The token works once, until <When at={made.expires_at} />, and is shown only now.</p>
      <p class="secret"><code>{command}</code> <Copy text={command} what="the command" /></p>
      <div class="actions"><button type="button" class="primary" onClick={onClose}>I have it</button></div>
    </Dialog>
  );
}

function RemoveDialog({ edge, onClose, onDone }: { edge: EdgeNode; onClose: () => void; onDone: () => void }) {
  const doing = useDoing();
  const remove = async () => {
    if (await doing.run(() => call("DELETE", `/v1/edges/${edge.id}`))) onDone();
  };
  return (
    <Ask title={`Remove the edge ${edge.name}?`} open onClose={onClose} doing={doing} danger keep="Keep it" word={`Remove ${edge.name}`} onSubmit={() => void remove()}>
      <p>It gets no more changes and no more keys, its certificate is refused, and nothing waits for it. What it holds it goes on serving until it is stopped:
        stop it first. To come back it needs another invitation.</p>
    </Ask>
  );
}

function Groups({ groups }: { groups: EdgeGroup[] }) {
  return (
    <section aria-label="Groups" class="wide" tabIndex={0}>
      <h2>Groups</h2>
      <table>
        <thead><tr><th scope="col">Group</th><th scope="col">Addresses</th><th scope="col">Served by</th><th scope="col">Pool</th></tr></thead>
        <tbody>{groups.map((each) => (
          <tr key={each.name}>
            <th scope="row">{each.name}</th>
            <td>{each.addresses.map((address) => <code key={address} class="item">{address}</code>)}</td>
            <td>{each.proxies ? "proxies of others" : "edges of ours"}{each.own_challenges && ", which leave challenges to the apps"}</td>
            <td>{each.pool_to ? <a href="/redirects"><code>{each.pool_to}</code></a> : <span class="dim">no</span>}</td>
          </tr>
        ))}</tbody>
      </table>
    </section>
  );
}

export function Edges({ session }: { session: Session }) {
  const edges = useLive<Page<EdgeNode> & { revision?: number }>("/v1/edges", () => true, 5_000);
  const groups = useLive<Page<EdgeGroup>>("/v1/edge-groups", () => false, 30_000);
  const [asked, setAsked] = useState(false);
  const [made, setMade] = useState<Invitation | null>(null);
  const [doomed, setDoomed] = useState<EdgeNode | null>(null);
  const may = session.scope === "admin";
  const items = (edges.value?.items ?? []).filter((each) => !each.removed_at);
  const problem = edges.problem ?? groups.problem;
  return (
    <>
      <div class="title"><h1>Edges</h1>{may && <button type="button" class="primary" onClick={() => setAsked(true)}>Invite an edge</button>}</div>
      {problem && <Notice problem={problem} />}
      {!edges.value && !problem && <Loading />}
      {edges.value && !items.length && <Empty title="No edges"><p>The control node serves by itself unless it was started with <code>--no-edge</code>. More machines join with an invitation.</p></Empty>}
      {items.length > 0 && (
        <section aria-label="Edges" class="wide" tabIndex={0}><table>
          <thead><tr><th scope="col">Edge</th><th scope="col">Health</th><th scope="col">Group</th><th scope="col">Behind</th><th scope="col">Seen</th><th scope="col">Version</th><th scope="col">Its own certificate ends</th><th scope="col"><span class="hidden">Actions</span></th></tr></thead>
          <tbody>{items.map((each) => <Row key={each.id} edge={each} newest={edges.value?.revision ?? 0} onRemove={may ? () => setDoomed(each) : null} />)}</tbody>
        </table></section>
      )}
      {groups.value && <Groups groups={groups.value.items} />}
      {asked && <InviteDialog groups={groups.value?.items ?? []} onClose={() => setAsked(false)} onInvited={(invitation) => { setAsked(false); setMade(invitation); }} />}
      {made && <Invited made={made} onClose={() => setMade(null)} />}
      {doomed && <RemoveDialog edge={doomed} onClose={() => setDoomed(null)} onDone={() => { setDoomed(null); edges.refresh(); }} />}
    </>
  );
}
