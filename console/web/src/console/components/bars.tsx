// Bars over time as SVG: no library, so that the first page is light; every number is also in a table for readers of it.

/** One bar, its parts from the bottom up. */
export interface Bar {
  label: string;
  parts: { name: string; colour: string; count: number }[];
}

interface BarsProps {
  label: string;
  bars: readonly Bar[];
  height: number;
  onChoose?: (index: number) => void;
}

const GAP = 0.18;

const sum = (bar: Bar): number => bar.parts.reduce((total, part) => total + part.count, 0);

/** A round number at or above the highest bar. */
function niceTop(highest: number): number {
  if (highest <= 5) return 5;
  const unit = 10 ** Math.floor(Math.log10(highest));
  return [1, 2, 5, 10].map((step) => step * unit).find((top) => top >= highest) ?? highest;
}

/** The chart. */
export function Bars({ label, bars, height, onChoose }: BarsProps) {
  const top = niceTop(Math.max(0, ...bars.map(sum)));
  const every = Math.max(1, Math.ceil(bars.length / 8));
  return (
    <figure className="bars" aria-label={label}>
      <div className="bars-scale" style={{ height }} aria-hidden="true">
        <span>{top}</span>
        <span>{top / 2}</span>
        <span>0</span>
      </div>
      <div className="bars-plot">
        <svg viewBox={`0 0 ${Math.max(1, bars.length)} 1`} preserveAspectRatio="none" style={{ height }} aria-hidden="true">
          {bars.map((bar, index) => (
            <OneBar key={index} bar={bar} index={index} top={top} onChoose={onChoose} />
          ))}
        </svg>
        <div className="bars-labels" aria-hidden="true">
          {bars.map((bar, index) => (
            <span key={index}>{index % every === 0 ? bar.label : ""}</span>
          ))}
        </div>
      </div>
      <BarsTable label={label} bars={bars} />
    </figure>
  );
}

function OneBar({ bar, index, top, onChoose }: { bar: Bar; index: number; top: number; onChoose?: (index: number) => void }) {
  const told = bar.parts.filter((part) => part.count > 0);
  const bottoms = told.map((_, at) => told.slice(0, at + 1).reduce((total, part) => total + part.count, 0));
  return (
    <g onClick={onChoose && (() => onChoose(index))} className={onChoose ? "bar-choosable" : undefined}>
      <title>{[bar.label, ...told.map((part) => `${part.name} ${part.count}`)].join("\n")}</title>
      <rect x={index} y={0} width={1} height={1} fill="transparent" />
      {told.map((part, at) => (
        <rect
          key={part.name}
          x={index + GAP / 2}
          width={1 - GAP}
          y={1 - (bottoms[at] ?? 0) / top}
          height={part.count / top}
          fill={part.colour}
        />
      ))}
    </g>
  );
}

function BarsTable({ label, bars }: { label: string; bars: readonly Bar[] }) {
  return (
    <table className="only-read">
      <caption>{label}</caption>
      <tbody>
        {bars
          .filter((bar) => sum(bar) > 0)
          .map((bar, index) => (
            <tr key={index}>
              <th scope="row">{bar.label}</th>
              <td>{sum(bar)}</td>
            </tr>
          ))}
      </tbody>
    </table>
  );
}
