/** @jsxImportSource preact */
// Alerts per hour as bars. The chart library is loaded after the first numbers stand.

import { useEffect, useRef } from "preact/hooks";
import type { HourCount } from "../api/types";

const hourOf = (time: string): string => String(new Date(time).getHours());

/** The bars. */
export function Trend({ hours }: { hours: readonly HourCount[] }) {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    let gone = false;
    let dispose = () => undefined as void;
    void import("./chart").then(({ drawBars }) => {
      if (gone || !place.current) return;
      dispose = drawBars(
        place.current,
        hours.map((hour) => hourOf(hour.hour)),
        hours.map((hour) => hour.count),
      );
    });
    return () => {
      gone = true;
      dispose();
    };
  }, [hours]);
  const total = hours.reduce((sum, hour) => sum + hour.count, 0);
  return <div ref={place} class="trend" role="img" aria-label={`近 24 小时共 ${total} 条告警`} />;
}
