// Times as the console writes them: `11-22 14:03:09`, the full time with its zone on hover, and durations in words.

const two = (value: number): string => String(value).padStart(2, "0");

/** `11-22 14:03:09` in the reader's zone; a dash for a time that is none. */
export function shortTime(time: string | null | undefined): string {
  const date = parse(time);
  if (!date) return "—";
  return `${two(date.getMonth() + 1)}-${two(date.getDate())} ${clockTime(date)}`;
}

/** `2026-11-22 14:03:09.120 UTC+08:00`, for the title of an element. */
export function fullTime(time: string | null | undefined): string {
  const date = parse(time);
  if (!date) return "";
  const milliseconds = String(date.getMilliseconds()).padStart(3, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${clockTime(date)}.${milliseconds} ${zone(date)}`;
}

function clockTime(date: Date): string {
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

function zone(date: Date): string {
  const minutes = -date.getTimezoneOffset();
  const size = Math.abs(minutes);
  return `UTC${minutes < 0 ? "-" : "+"}${two(Math.floor(size / 60))}:${two(size % 60)}`;
}

function parse(time: string | null | undefined): Date | null {
  if (!time) return null;
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? null : date;
}

/** Whole seconds until a time; negative when it has passed. */
export function secondsUntil(time: string, now: number = Date.now()): number {
  return Math.round((new Date(time).getTime() - now) / 1000);
}

/** What days and hours are called. */
export type Units = readonly [day: string, hour: string];

/** A count-down: `2:03:09`, `03:09`, with a minus when the time has passed; from two days on days and hours. */
export function countdown(seconds: number, [day, hour]: Units = ["天", "时"]): string {
  const size = Math.abs(Math.trunc(seconds));
  const sign = seconds < 0 ? "-" : "";
  const days = Math.floor(size / 86_400);
  if (days >= 2) return `${sign}${days}${day} ${Math.floor((size % 86_400) / 3600)}${hour}`;
  const hours = Math.floor(size / 3600);
  const rest = `${two(Math.floor((size % 3600) / 60))}:${two(size % 60)}`;
  return hours > 0 ? `${sign}${hours}:${rest}` : `${sign}${rest}`;
}

/** The value of a `datetime-local` input for a time. */
export function localInput(date: Date): string {
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}T${two(date.getHours())}:${two(date.getMinutes())}`;
}
