// Bands from sources to targets, as wide as what flowed. Two columns are all there is, so no library is needed.

import { visibleText } from "../../lib/text";

/** One band. */
export interface SankeyLink {
  source: string;
  target: string;
  amount: number;
  colour: string;
}

const WIDTH = 960;
const BAR = 10;
const LABEL = 220;
const GAP = 10;
const LEAST = 3;

interface Slot {
  name: string;
  top: number;
  height: number;
  used: number;
}

function slots(links: readonly SankeyLink[], end: "source" | "target", scale: number): Map<string, Slot> {
  const places = new Map<string, Slot>();
  for (const link of links) {
    const slot = places.get(link[end]) ?? { name: link[end], top: 0, height: 0, used: 0 };
    slot.height += Math.max(LEAST, link.amount * scale);
    places.set(link[end], slot);
  }
  let top = 0;
  for (const slot of places.values()) {
    slot.top = top;
    top += Math.max(slot.height, 14) + GAP;
  }
  return places;
}

const heightOf = (places: Map<string, Slot>): number =>
  [...places.values()].reduce((most, slot) => Math.max(most, slot.top + Math.max(slot.height, 14)), 0);

const shortened = (name: string): string => (name.length > 26 ? `${name.slice(0, 14)}…${name.slice(-10)}` : name);

/** The picture. */
export function Sankey({ label, links }: { label: string; links: readonly SankeyLink[] }) {
  const total = Math.max(1, links.reduce((sum, link) => sum + link.amount, 0));
  const scale = 280 / total;
  const sources = slots(links, "source", scale);
  const targets = slots(links, "target", scale);
  const height = Math.max(heightOf(sources), heightOf(targets), 80);
  return (
    <svg className="sankey" viewBox={`0 0 ${WIDTH} ${height}`} role="img" aria-label={label}>
      {links.map((link, index) => {
        const from = sources.get(link.source);
        const to = targets.get(link.target);
        if (!from || !to) return null;
        const band = Math.max(LEAST, link.amount * scale);
        const [y1, y2] = [from.top + from.used + band / 2, to.top + to.used + band / 2];
        from.used += band;
        to.used += band;
        const [x1, x2] = [LABEL + BAR, WIDTH - LABEL - BAR];
        return (
          <path
            key={index}
            d={`M${x1} ${y1}C${(x1 + x2) / 2} ${y1} ${(x1 + x2) / 2} ${y2} ${x2} ${y2}`}
            fill="none"
            stroke={link.colour}
            strokeOpacity={0.42}
            strokeWidth={band}
          >
            <title>{visibleText(`${link.source} → ${link.target}: ${link.amount.toLocaleString("en-US")}`)}</title>
          </path>
        );
      })}
      {[...sources.values()].map((slot) => (
        <Ends key={slot.name} slot={slot} x={LABEL} anchor="end" />
      ))}
      {[...targets.values()].map((slot) => (
        <Ends key={slot.name} slot={slot} x={WIDTH - LABEL - BAR} anchor="start" />
      ))}
    </svg>
  );
}

function Ends({ slot, x, anchor }: { slot: Slot; x: number; anchor: "start" | "end" }) {
  return (
    <g>
      <title>{visibleText(slot.name)}</title>
      <rect x={x} y={slot.top} width={BAR} height={slot.height} fill="var(--ink-3)" />
      <text x={anchor === "end" ? x - 8 : x + BAR + 8} y={slot.top + Math.max(slot.height, 14) / 2} dominantBaseline="central" textAnchor={anchor}>
        {visibleText(shortened(slot.name))}
      </text>
    </g>
  );
}
