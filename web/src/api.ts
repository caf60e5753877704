// The API as the pages see it: calls, problem documents, and who is signed in.
import type { Problem } from "../generated/api";

export class Refused extends Error {
  constructor(readonly problem: Problem) {
    super(problem.detail);
  }
}

export interface Page<T> {
  items: T[];
  next: string | null;
}

let signedOut: (code: string) => void = () => undefined;
// Called when the API no longer knows the session.
export function onSignedOut(listener: (code: string) => void): void {
  signedOut = listener;
}

function unreachable(): Refused {
  return new Refused({
    type: "about:blank", title: "No answer", status: 0, code: "unreachable",
    detail: "certwright does not answer.", actor: "platform",
    fix: "Look whether it runs and whether this machine reaches it. The page tries again by itself.",
  } as Problem);
}

async function problemOf(response: Response): Promise<Problem> {
  try {
    return (await response.json()) as Problem;
  } catch {
    return {
      type: "about:blank", title: response.statusText, status: response.status, code: "unexpected",
      detail: `The answer was ${response.status} ${response.statusText}, and not from certwright.`,
      actor: "platform", fix: "Look at the proxy between this browser and certwright.",
    } as Problem;
  }
}

const PATIENCE = 30_000; // with an answer that changes nothing

export async function call<T>(method: string, path: string, body?: unknown): Promise<T> {
  const headers: Record<string, string> = { "X-Certwright-Dashboard": "1" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  let response: Response;
  try {
    response = await fetch(path, {
      method, headers, credentials: "same-origin", cache: "no-store",
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(method === "GET" ? { signal: AbortSignal.timeout(PATIENCE) } : {}),
    });
  } catch {
    throw unreachable();
  }
  if (response.ok) return (response.status === 204 ? undefined : await response.json()) as T;
  const problem = await problemOf(response);
  if (response.status === 401 && path !== "/v1/sessions") signedOut(problem.code);
  throw new Refused(problem);
}

export const get = <T>(path: string): Promise<T> => call<T>("GET", path);

export function query(values: Record<string, string | number | null | undefined>): string {
  const made = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    if (value !== undefined && value !== null && value !== "") made.set(name, String(value));
  }
  const text = made.toString();
  return text ? `?${text}` : "";
}

export function problemFrom(error: unknown): Problem {
  return error instanceof Refused
    ? error.problem
    : ({ type: "about:blank", title: "Error", status: 0, code: "page", detail: String(error) } as Problem);
}
