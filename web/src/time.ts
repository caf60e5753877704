// Times for people: relative, brought up to date by themselves.
import { useEffect, useState } from "preact/hooks";

const listeners = new Set<(now: number) => void>();
setInterval(() => {
  for (const each of listeners) each(Date.now());
}, 5_000);

export function useNow(): number {
  const [now, set] = useState(Date.now());
  useEffect(() => {
    listeners.add(set);
    return () => void listeners.delete(set);
  }, []);
  return now;
}

const UNITS: [Intl.RelativeTimeFormatUnit, number][] = [["day", 86_400], ["hour", 3_600], ["minute", 60], ["second", 1]];
const format = new Intl.RelativeTimeFormat("en", { numeric: "auto" });

export function relative(time: Date, now: number): string {
  const seconds = (time.getTime() - now) / 1000;
  if (Math.abs(seconds) < 5) return "now";
  for (const [unit, size] of UNITS) {
    if (Math.abs(seconds) >= size) return format.format(Math.round(seconds / size), unit);
  }
  return "now";
}
