// Small bar charts as SVG: they take the page's colours and sizes, and each is a table too for those who hear it.

export interface Bar {
  word: string; // below the bar, may be empty
  full: string; // the whole of it
  value: number;
  tone?: "bad" | "now";
}

const WIDTH = 560;
const HEIGHT = 150;
const FOOT = 22;
const HEAD = 18;

export function Bars({ caption, unit, bars }: { caption: string; unit: string; bars: Bar[] }) {
  const most = Math.max(1, ...bars.map((each) => each.value));
  const step = WIDTH / bars.length;
  const room = HEIGHT - FOOT - HEAD;
  return (
    <figure class="chart">
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} aria-hidden="true">
        <line x1="0" x2={WIDTH} y1={HEIGHT - FOOT} y2={HEIGHT - FOOT} />
        {bars.map(({ word, full, value, tone }, index) => {
          const tall = value ? Math.max(2, (room * value) / most) : 0;
          const middle = step * (index + 0.5);
          return (
            <g key={full} class={tone}>
              <title>{`${full}: ${value.toLocaleString()} ${unit}`}</title>
              <rect x={step * index} y={0} width={step} height={HEIGHT - FOOT} class="reach" />
              <rect x={middle - step * 0.36} y={HEIGHT - FOOT - tall} width={step * 0.72} height={tall} rx="2" class="bar" />
              {value > 0 && <text x={middle} y={HEIGHT - FOOT - tall - 5}>{short(value)}</text>}
              <text x={middle} y={HEIGHT - 6} class="foot">{word}</text>
            </g>
          );
        })}
      </svg>
      <div class="hidden"><table>
        <caption>{caption}</caption>
        <tbody>{bars.map((each) => <tr key={each.full}><th scope="row">{each.full}</th><td>{each.value} {unit}</td></tr>)}</tbody>
      </table></div>
    </figure>
  );
}

const compact = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });
const short = (value: number) => compact.format(value);
