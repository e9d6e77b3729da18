// Hits by the hour as the bars of a chart: hours over a few days, days over more.

/** Hits of an hour. */
export interface HourHits {
  time: string;
  count: number;
}

/** A bar: when it begins, and its hits. */
export interface Step {
  begin: Date;
  count: number;
}

const HOUR_MS = 3_600_000;
/** Longest span that is shown by the hour. */
const BY_THE_HOUR_MS = 72 * HOUR_MS;
/** Most bars. */
const STEPS_MAX = 200;

/** Whether hits over this span are shown by the hour. */
export const isByTheHour = (hours: readonly HourHits[]): boolean => {
  const [first, last] = [hours[0], hours.at(-1)];
  return !first || !last || Date.parse(last.time) - Date.parse(first.time) <= BY_THE_HOUR_MS;
};

/** The bars from the first hit to the last, those without any among them; `hours` is in the order of time. */
export function stepsOf(hours: readonly HourHits[]): Step[] {
  const [first, last] = [hours[0], hours.at(-1)];
  if (!first || !last) return [];
  const byTheHour = isByTheHour(hours);
  const days = (Date.parse(last.time) - Date.parse(first.time)) / (24 * HOUR_MS) + 1;
  const every = byTheHour ? 1 : Math.max(1, Math.ceil(days / STEPS_MAX));
  const steps: Step[] = [];
  let begin = startOf(new Date(first.time), byTheHour);
  let at = 0;
  while (begin.getTime() <= Date.parse(last.time)) {
    const end = after(begin, byTheHour, every);
    let count = 0;
    for (let hour = hours[at]; hour && Date.parse(hour.time) < end.getTime(); hour = hours[at]) {
      count += hour.count;
      at += 1;
    }
    steps.push({ begin, count });
    begin = end;
  }
  return steps;
}

/** The beginning of the hour, or of the reader's day. */
function startOf(time: Date, byTheHour: boolean): Date {
  return byTheHour ? time : new Date(time.getFullYear(), time.getMonth(), time.getDate());
}

function after(begin: Date, byTheHour: boolean, every: number): Date {
  if (byTheHour) return new Date(begin.getTime() + HOUR_MS);
  return new Date(begin.getFullYear(), begin.getMonth(), begin.getDate() + every);
}
