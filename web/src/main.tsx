// The dashboard: signing in, the frame around every page, and which page an address is.
import { render } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Problem, Session } from "../generated/api";
import { call, get, onSignedOut, problemFrom } from "./api";
import { startLive, useConnection } from "./live";
import { Access } from "./pages/access";
import { Alerts } from "./pages/alerts";
import { Cas } from "./pages/cas";
import { Edges } from "./pages/edges";
import { EndpointPage } from "./pages/endpoint/page";
import { Endpoints } from "./pages/endpoints";
import { Events } from "./pages/events";
import { NewEndpointPage } from "./pages/new-endpoint";
import { Overview } from "./pages/overview";
import { Redirects } from "./pages/redirects";
import { SignIn } from "./pages/sign-in";
import { go, takeLinks, useAddress } from "./route";
import { Empty, Notice } from "./ui";

const anybody = () => true;
const operators = (session: Session) => session.tenant === null;
const MENU: { path: string; word: string; for: (session: Session) => boolean }[] = [
  { path: "/", word: "Overview", for: anybody },
  { path: "/endpoints", word: "Endpoints", for: anybody },
  { path: "/redirects", word: "Redirects", for: anybody },
  { path: "/alerts", word: "Alerts", for: anybody },
  { path: "/events", word: "Events", for: anybody },
  { path: "/edges", word: "Edges", for: operators },
  { path: "/cas", word: "CAs", for: operators },
  { path: "/access", word: "Access", for: (session) => session.scope === "admin" },
];

const notFound = () => ({ title: "Not found", page: <Empty title="Nothing is here"><a href="/">Go to the overview</a></Empty> });

// Null for what no address of ours has: a broken percent sign.
function decoded(part: string): string | null {
  try {
    return decodeURIComponent(part);
  } catch {
    return null;
  }
}

// The same paths as page_paths in src/app/web_assets.cc.
function pageAt(address: URL, session: Session) {
  const [first = "", second = ""] = address.pathname.split("/").filter(Boolean);
  if (!first) return { title: "Overview", page: <Overview session={session} /> };
  if (first === "alerts") return { title: "Alerts", page: <Alerts session={session} address={address} /> };
  if (first === "endpoints" && second === "new") return { title: "Add an endpoint", page: <NewEndpointPage session={session} /> };
  if (first === "endpoints" && second) {
    const id = decoded(second);
    if (id === null) return notFound();
    return { title: id, page: <EndpointPage key={id} id={id} session={session} /> };
  }
  if (first === "redirects") return { title: "Redirects", page: <Redirects session={session} address={address} /> };
  if (first === "events") return { title: "Events", page: <Events session={session} address={address} /> };
  if (first === "edges") return { title: "Edges", page: <Edges session={session} /> };
  if (first === "cas") return { title: "CAs", page: <Cas session={session} /> };
  if (first === "access") return { title: "Access", page: <Access session={session} /> };
  if (first === "endpoints") return { title: "Endpoints", page: <Endpoints session={session} address={address} /> };
  return notFound();
}

function Connected() {
  const state = useConnection();
  const words = { live: "Live", connecting: "Connecting", away: "Connection lost; trying again" };
  return <span class={`connection ${state}`} role="status">{words[state]}</span>;
}

function Frame({ session, onLeft }: { session: Session; onLeft: () => void }) {
  const address = useAddress();
  const { title, page } = pageAt(address, session);
  const [problem, setProblem] = useState<Problem | null>(null);
  const main = useRef<HTMLElement>(null);
  const shown = useRef(address.pathname);
  useEffect(startLive, []);
  useEffect(() => {
    document.title = `${title} · certwright`;
    if (shown.current !== address.pathname) {
      main.current?.focus();
      setProblem(null);
    }
    shown.current = address.pathname;
  }, [address.pathname, title]);
  const signOut = async () => {
    try {
      await call("DELETE", "/v1/session");
    } catch (error) {
      const failed = problemFrom(error);
      if (failed.status !== 401) return setProblem(failed);
    }
    return onLeft();
  };
  const here = (path: string) => (path === "/" ? address.pathname === "/" : address.pathname.startsWith(path));
  return (
    <>
      <a class="skip" href="#main" onClick={(event) => { event.preventDefault(); main.current?.focus(); }}>Skip to content</a>
      <header>
        <a class="brand" href="/"><span class="seal" aria-hidden="true">✓</span>certwright</a>
        <nav aria-label="Main">
          {MENU.filter((each) => each.for(session)).map(({ path, word }) => <a key={path} href={path} aria-current={here(path) ? "page" : undefined}>{word}</a>)}
        </nav>
        <Connected />
        <span class="who" title={`Token ${session.token_name || session.token}, scope ${session.scope}`}>{session.tenant ?? "operator"}</span>
        <button type="button" class="quiet" onClick={() => void signOut()}>Sign out</button>
      </header>
      <main id="main" tabIndex={-1} ref={main}>{problem && <Notice problem={problem} />}{page}</main>
    </>
  );
}

function App() {
  const [session, setSession] = useState<Session | null | undefined>(undefined);
  const [why, setWhy] = useState("");
  useEffect(() => {
    onSignedOut((code) => {
      setWhy(code === "session_ended" ? "Your session has ended." : "");
      setSession(null);
    });
    if (location.pathname === "/sign-in") setSession(null);
    else get<Session>("/v1/session").then(setSession, () => setSession(null));
  }, []);
  if (session === undefined) return null;
  if (session === null) {
    return <SignIn why={why} onSignedIn={(made) => {
      setSession(made);
      if (location.pathname === "/sign-in") go("/", true);
    }} />;
  }
  const leave = () => {
    setWhy("You are signed out.");
    setSession(null);
  };
  return <Frame session={session} onLeft={leave} />;
}

takeLinks();
render(<App />, document.getElementById("app") as HTMLElement);
