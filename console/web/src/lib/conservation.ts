// The conservation law (docs/DELIVERY.md, D6) in numbers: what went in is what came out, was lost for a counted cause, or is on its way.

import type { BooksView, SensorView } from "../api/types";

/** A part of an equation: its text and how many there are. */
export interface Part {
  label: "law.inspected" | "law.lost" | "uplink.spooled" | "uplink.shed" | "books.indexed" | "books.quarantined" | "books.repeated" | "books.unreadable" | "books.in_flight";
  value: number;
}

/** What went in, and what became of it. */
export interface Equation {
  name: "captured" | "emitted" | "spooled";
  total: number;
  parts: readonly Part[];
  holds: boolean;
}

const sum = <T>(items: readonly T[], of: (item: T) => number): number => items.reduce((all, item) => all + of(item), 0);

/** The equations of everything that this node knows the numbers of. */
export function equations(sensors: readonly SensorView[], books: BooksView | null | undefined): Equation[] {
  const all: Equation[] = [];
  if (sensors.length > 0) {
    const lost = sum(sensors, (sensor) => sum(sensor.losses, (loss) => loss.count));
    all.push(
      equation("captured", sum(sensors, (sensor) => sensor.packets_seen), [
        { label: "law.inspected", value: sum(sensors, (sensor) => sensor.packets_inspected) },
        { label: "law.lost", value: lost },
      ]),
    );
    all.push(emitted(sensors, books));
  }
  if (books) {
    const parts = (["indexed", "quarantined", "repeated", "unreadable", "in_flight"] as const).map((part) => ({ label: `books.${part}` as const, value: books[part] }));
    all.push(equation("spooled", books.spooled, parts));
  }
  return all;
}

/** Sensors of other machines say themselves what their spool took; of one of this machine is known what was shed of what it emitted. */
function emitted(sensors: readonly SensorView[], books: BooksView | null | undefined): Equation {
  const far = books?.uplinks ?? [];
  const near = sensors.filter((sensor) => !far.some((uplink) => uplink.sensor === sensor.name));
  const own = sum(near, (sensor) => sensor.events_emitted);
  const total = own + sum(far, (uplink) => uplink.emitted);
  const shed = sum(near, (sensor) => sensor.events_shed) + sum(far, (uplink) => uplink.shed);
  const spooled = own - sum(near, (sensor) => sensor.events_shed) + sum(far, (uplink) => uplink.spooled);
  return equation("emitted", total, [
    { label: "uplink.spooled", value: spooled },
    { label: "uplink.shed", value: shed },
    { label: "books.in_flight", value: Math.max(0, total - spooled - shed) },
  ]);
}

function equation(name: Equation["name"], total: number, parts: readonly Part[]): Equation {
  return { name, total, parts, holds: total === sum(parts, (part) => part.value) && parts.every((part) => part.value >= 0) };
}
