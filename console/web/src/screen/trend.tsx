/** @jsxImportSource preact */
// Alerts per hour as bars, and what the next hours will likely bring. The chart library is loaded after the first numbers
// stand.

import { useEffect, useRef, useState } from "preact/hooks";
import * as calls from "../api/calls";
import type { Forecast, HourCount } from "../api/types";

const hourOf = (time: string): string => String(new Date(time).getHours());

/** Hours ahead that are drawn; the sentence below tells of a whole day. */
const AHEAD = 12;
const ASK_EVERY_MS = 600_000;

/** What is expected; null until it is known. */
function useForecast(): Forecast | null {
  const [forecast, setForecast] = useState<Forecast | null>(null);
  useEffect(() => {
    const ask = () => void calls.forecast().then(setForecast, () => undefined);
    ask();
    const timer = setInterval(ask, ASK_EVERY_MS);
    return () => clearInterval(timer);
  }, []);
  return forecast;
}

/** The bars. */
export function Trend({ hours }: { hours: readonly HourCount[] }) {
  const place = useRef<HTMLDivElement>(null);
  const forecast = useForecast();
  useEffect(() => {
    let gone = false;
    let dispose = () => undefined as void;
    const ahead = forecast?.hours.slice(0, AHEAD) ?? [];
    void import("./chart").then(({ drawBars }) => {
      if (gone || !place.current) return;
      dispose = drawBars(
        place.current,
        [...hours, ...ahead].map((hour) => hourOf(hour.hour)),
        hours.map((hour) => hour.count),
        ahead.map((hour) => hour.count),
      );
    });
    return () => {
      gone = true;
      dispose();
    };
  }, [hours, forecast]);
  const total = hours.reduce((sum, hour) => sum + hour.count, 0);
  const words = outlook(forecast);
  return (
    <>
      <div ref={place} class="trend" role="img" aria-label={`近 24 小时共 ${total} 条告警。${words}`} />
      {words && (
        <p class="outlook" data-testid="outlook">
          {words}
        </p>
      )}
    </>
  );
}

/** One sentence of what is expected. */
function outlook(forecast: Forecast | null): string {
  if (!forecast) return "";
  if (forecast.hours.length === 0) return "数据积累满 3 天后给出研判";
  const sum = (name: "low" | "high") => forecast.hours.reduce((total, hour) => total + hour[name], 0);
  const change = forecast.last_day === 0 ? "" : `，${share(forecast.next_day / forecast.last_day - 1)}`;
  return `预计未来 24 小时 ${forecast.next_day} 条（${sum("low")}–${sum("high")}）${change}`;
}

function share(part: number): string {
  const percent = Math.round(Math.abs(part) * 100);
  return percent === 0 ? "持平" : `${part > 0 ? "升" : "降"} ${percent}%`;
}
