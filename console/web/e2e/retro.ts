// Answers about hunts over the past of a server that is not there.

import type { RetroHuntReport, RetroHuntView } from "../src/api/types";
import { ago, hex, TITLES } from "./fixtures-base";

const HOURS = Array.from({ length: 240 }, (_, index) => ({ time: ago((240 - index) * 60), count: (index * 7) % 23 === 0 ? 0 : ((index * 13) % 19) + 1 }))
  .filter(({ count }) => count > 0)
  .map(({ time, count }) => ({ time: `${time.slice(0, 13)}:00:00.000Z`, count }));

export const REPORT: RetroHuntReport = {
  coverage: {
    first_day: "2026-11-12",
    last_day: "2026-11-22",
    days: 11,
    days_done: 11,
    stored: 8_412_906,
    candidates: 8_412_906,
    events: 8_412_906,
    narrowed: false,
    reached: ago(1),
    unread: [],
  },
  hits: HOURS.reduce((sum, hour) => sum + hour.count, 0),
  suppressed: 18,
  events_hit: 2_014,
  first: HOURS[0]?.time ?? null,
  last: HOURS.at(-1)?.time ?? null,
  hours: HOURS,
  rules: [
    { id: "sigma:7c3f0001-0000-4000-8000-000000000001", title: "访问网页木马 <img src=x onerror=alert(1)>", hits: 1_802 },
    { id: "indicator:banking-phish/bad.example", title: "indicator of list banking-phish", hits: 214 },
    { id: "indicator:indicators/203.0.113.66", title: "indicator of list indicators", hits: 31 },
  ],
  rules_total: 3,
  entities: [
    { kind: "address", value: "203.0.113.21", hits: 1_204 },
    { kind: "host", value: "www.yuzhong.example", hits: 640 },
    { kind: "user", value: "ma\u202Excod.exe", hits: 12 },
  ],
  entities_total: 140,
  uncounted: 0,
  listed: Array.from({ length: 140 }, (_, index) => {
    const [severity, title_zh, title_en] = TITLES[index % TITLES.length] ?? ["info", "", ""];
    return { event: hex(500 + index), time: ago(14_400 - index * 9), rule: "sigma:7c3f0001-0000-4000-8000-000000000001", severity, title_zh, title_en };
  }),
  unlisted: 1_907,
  refused: [{ kind: "correlation", subject: "五分钟内多次访问网页木马", reason: "a correlation looks at many events" }],
};

/** A hunt that came to its end. */
export const HUNT: RetroHuntView = {
  id: "7",
  state: "done",
  from: ago(14_400),
  to: null,
  sigma_rules: 1,
  indicators: 42,
  started_at: ago(12),
  ended_at: ago(2),
  progress: { counting: false, days: 11, days_done: 11, events: 8_412_906, expected: 8_412_906, hits: 2_047, reached: ago(1) },
  report: REPORT,
};

/** Earlier ones, whose reports are read when they are asked for. */
export const EARLIER: RetroHuntView[] = [6, 5].map((id) => ({ ...HUNT, id: String(id), sigma_rules: id, started_at: ago(id * 1_000), report: null }));

/** One that is under way. */
export const RUNNING: RetroHuntView = {
  ...HUNT,
  state: "running",
  started_at: new Date(Date.now() - 312_000).toISOString(),
  ended_at: null,
  progress: { counting: false, days: 11, days_done: 4, events: 3_120_000, expected: 8_412_906, hits: 612, reached: ago(9_000) },
  report: null,
};

/** One that was ended before its time, with a day that can't be read. */
export const CUT: RetroHuntView = {
  ...HUNT,
  state: "cancelled",
  report: {
    ...REPORT,
    hits: 0,
    coverage: {
      ...REPORT.coverage,
      days_done: 4,
      events: 1_204,
      candidates: 3_410,
      narrowed: true,
      unread: [{ day: "2026-11-15", reason: "event index of 2026-11-15: meta.json is missing" }],
    },
    refused: [{ kind: "not_loaded", subject: "indicators", reason: 'line 3: "nothing" is no address, range, domain, web address or hash; write type,value' }],
    unlisted: 0,
  },
};
