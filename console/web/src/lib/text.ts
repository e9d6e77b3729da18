// Text of attackers (user agents, file names, host names) is inert in React; what is left to do is to make visible
// what a reader cannot see: control characters and the marks that turn text around.

/** Characters that change how text around them reads, and therefore are shown by their number. */
const HIDDEN =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g;

/** The text with hidden characters written as `‹U+202E›`. Tabs and line ends stay. */
export function visibleText(text: string): string {
  return text.replace(/\r\n/g, "\n").replace(HIDDEN, (character) => {
    const number = character.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0");
    return `‹U+${number}›`;
  });
}

/** The text with its middle left out when it is longer than `limit` characters. */
export function middleTruncate(text: string, limit: number): string {
  if (text.length <= limit) return text;
  const head = Math.ceil((limit - 1) / 2);
  return `${text.slice(0, head)}…${text.slice(text.length - (limit - 1 - head))}`;
}

/** A run of text that did or did not match. */
export interface Run {
  text: string;
  marked: boolean;
}

/** Splits a text into runs, marking every occurrence of any of the values (case-insensitive, longest first). */
export function markRuns(text: string, values: readonly string[]): Run[] {
  const wanted = [...new Set(values.filter((value) => value.length > 1))].sort((a, b) => b.length - a.length);
  if (wanted.length === 0) return [{ text, marked: false }];
  const pattern = new RegExp(wanted.map((value) => value.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("|"), "gi");
  return runsOf(text, pattern);
}

function runsOf(text: string, pattern: RegExp): Run[] {
  const runs: Run[] = [];
  let end = 0;
  for (const match of text.matchAll(pattern)) {
    if (match.index > end) runs.push({ text: text.slice(end, match.index), marked: false });
    runs.push({ text: match[0], marked: true });
    end = match.index + match[0].length;
  }
  if (end < text.length) runs.push({ text: text.slice(end), marked: false });
  return runs;
}
