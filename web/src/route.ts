// Where we are: the address bar, and links that change it without loading the page again.
import { useEffect, useState } from "preact/hooks";

const listeners = new Set<() => void>();

function changed(): void {
  for (const each of listeners) each();
}
addEventListener("popstate", changed);

export function go(address: string, replace = false): void {
  if (replace) history.replaceState(null, "", address);
  else history.pushState(null, "", address);
  changed();
  if (!replace) scrollTo(0, 0);
}

export function useAddress(): URL {
  const [address, set] = useState(location.href);
  useEffect(() => {
    const update = () => set(location.href);
    listeners.add(update);
    return () => void listeners.delete(update);
  }, []);
  return new URL(address);
}

// One listener for all links of ours; others, new tabs and downloads are the browser's.
export function takeLinks(): void {
  document.addEventListener("click", (event) => {
    const link = (event.target as Element).closest("a");
    if (!link || event.defaultPrevented || event.button !== 0 || link.target || link.hasAttribute("download")) return;
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    if (link.origin !== location.origin || link.pathname.startsWith("/v1/") || link.hash) return;
    event.preventDefault();
    go(link.pathname + link.search);
  });
}
