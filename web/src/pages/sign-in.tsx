import { useEffect, useState } from "preact/hooks";
import type { Problem, Session } from "../../generated/api";
import { call, get, problemFrom } from "../api";
import { Notice } from "../ui";

// A code over a session is asked about: another site may have led here, to have its own account used.
function Instead({ session, onStay, onUse }: { session: Session; onStay: () => void; onUse: () => void }) {
  return (
    <div class="notice warn" role="alert">
      <p><strong>You are signed in already, as {session.tenant ?? "operator"}.</strong></p>
      <p>This link signs you in anew, perhaps as somebody else. Use it only when you asked for it yourself.</p>
      <button type="button" class="primary" onClick={onStay}>Stay signed in as {session.tenant ?? "operator"}</button>
      <button type="button" onClick={onUse}>Use the link</button>
    </div>
  );
}

// By a token, or by the code in the address, which never reaches a server's log: it is behind the #.
export function SignIn({ why, onSignedIn }: { why: string; onSignedIn: (session: Session) => void }) {
  const [token, setToken] = useState("");
  const [problem, setProblem] = useState<Problem | null>(null);
  const [busy, setBusy] = useState(false);
  const [asked, setAsked] = useState<{ code: string; session: Session } | null>(null);
  const enter = async (body: { token: string } | { code: string }) => {
    setBusy(true);
    setAsked(null);
    try {
      onSignedIn(await call<Session>("POST", "/v1/sessions", body));
    } catch (error) {
      setProblem(problemFrom(error));
      setBusy(false);
    }
  };
  const follow = async () => {
    const code = location.pathname === "/sign-in" ? location.hash.slice(1) : "";
    if (!code) return;
    history.replaceState(null, "", "/sign-in");
    setBusy(true);
    setProblem(null);
    try {
      setAsked({ code, session: await get<Session>("/v1/session") });
    } catch (error) {
      const none = problemFrom(error);
      if (none.status === 401) return enter({ code });
      setProblem(none);
    }
    return setBusy(false);
  };
  useEffect(() => {
    document.title = "Sign in · certwright";
    const changed = () => void follow();
    changed();
    addEventListener("hashchange", changed); // a link pasted into this very page
    return () => removeEventListener("hashchange", changed);
  }, []);
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    if (token.trim()) void enter({ token: token.trim() });
  };
  return (
    <main class="sign-in">
      <h1><span class="seal" aria-hidden="true">✓</span>certwright</h1>
      {why && !problem && <p role="status">{why}</p>}
      {problem && <Notice problem={problem} />}
      {asked && <Instead session={asked.session} onStay={() => onSignedIn(asked.session)} onUse={() => void enter({ code: asked.code })} />}
      <form onSubmit={submit}>
        <label for="token">Token</label>
        <input id="token" type="password" autocomplete="current-password" autofocus required value={token}
          onInput={(event) => setToken(event.currentTarget.value)} />
        <button type="submit" class="primary" disabled={busy}>{busy ? "Signing in…" : "Sign in"}</button>
      </form>
      <p class="dim">On the machine that runs certwright, <code>certwright dashboard</code> prints a link that signs in once.
        The operator's token is in <code>operator.token</code> in the data folder; tenants get theirs from the operator.</p>
    </main>
  );
}
