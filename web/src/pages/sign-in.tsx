import { useEffect, useState } from "preact/hooks";
import type { Problem, Session } from "../../generated/api";
import { call, problemFrom } from "../api";
import { Notice } from "../ui";

// By a token, or by the code in the address, which never reaches a server's log: it is behind the #.
export function SignIn({ why, onSignedIn }: { why: string; onSignedIn: (session: Session) => void }) {
  const [token, setToken] = useState("");
  const [problem, setProblem] = useState<Problem | null>(null);
  const [busy, setBusy] = useState(false);
  const enter = async (body: { token: string } | { code: string }) => {
    setBusy(true);
    try {
      onSignedIn(await call<Session>("POST", "/v1/sessions", body));
    } catch (error) {
      setProblem(problemFrom(error));
      setBusy(false);
    }
  };
  useEffect(() => {
    document.title = "Sign in · certwright";
    const code = location.pathname === "/sign-in" ? location.hash.slice(1) : "";
    if (!code) return;
    history.replaceState(null, "", "/sign-in");
    void enter({ code });
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
