// A list of any length in which only what is near the window is in the page. All rows have the same height, set by the style sheet.
import type { ComponentChildren, VNode } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";

const BEYOND = 16; // rows above and below the window, so that keys always find the next one
const STEP = 8; // rows that come and go together

interface Props<T> {
  rows: T[];
  idOf: (row: T) => string;
  label: string;
  total: number | null; // when more are to come
  onRange: (first: number, last: number) => void;
  children: (row: T) => ComponentChildren; // of the row alone
}

interface Drawn {
  index: number;
  total: number | null;
  tall: number;
  node: VNode;
}

export function VirtualList<T>({ rows, idOf, label, total, onRange, children }: Props<T>) {
  const list = useRef<HTMLUListElement>(null);
  const [tall, setTall] = useState(42);
  const [[first, last], setRange] = useState<[number, number]>([0, 40]);
  const look = () => {
    if (!list.current) return;
    const top = list.current.getBoundingClientRect().top;
    const from = Math.max(0, Math.floor(-top / tall / STEP) * STEP - BEYOND);
    const to = Math.ceil((innerHeight - top) / tall / STEP) * STEP + BEYOND;
    setRange((before) => (before[0] === from && before[1] === to ? before : [from, to]));
  };
  const measure = () => {
    const height = (list.current?.firstElementChild as HTMLElement | null)?.offsetHeight;
    if (height) setTall(height);
  };
  useLayoutEffect(measure, [rows.length > 0]);
  useEffect(() => {
    const resized = () => {
      measure();
      look();
    };
    look();
    addEventListener("scroll", look, { passive: true });
    addEventListener("resize", resized);
    return () => {
      removeEventListener("scroll", look);
      removeEventListener("resize", resized);
    };
  }, [tall]);
  useEffect(() => onRange(first, last), [first, last]);
  // What is drawn already and the same is left alone: only new rows cost something while scrolling.
  const drawn = useRef(new Map<T, Drawn>());
  const now = new Map<T, Drawn>();
  rows.slice(first, last).forEach((row, offset) => {
    const index = first + offset;
    const before = drawn.current.get(row);
    now.set(row, before?.index === index && before.total === total && before.tall === tall ? before : {
      index, total, tall,
      node: (
        <li key={idOf(row)} aria-posinset={index + 1} aria-setsize={total ?? -1} style={{ top: `${index * tall}px` }}>
          {children(row)}
        </li>
      ),
    });
  });
  drawn.current = now;
  return (
    <ul class="listing" ref={list} aria-label={label} style={{ height: `${rows.length * tall}px` }}>
      {[...now.values()].map((each) => each.node)}
    </ul>
  );
}
