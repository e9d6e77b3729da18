// Which lines of two texts are the same, were taken out or came in.

/** A line of a comparison. */
export interface DiffLine {
  kind: "same" | "out" | "in";
  text: string;
}

/** Pairs of lines that are compared at most; beyond, all that differs is shown as taken out and put in. */
const MOST_PAIRS = 4_000_000;

/** The lines of both texts in the order in which they are read, with as many the same as there can be. */
export function diffLines(before: string, after: string): DiffLine[] {
  const [old, now] = [before.split("\n"), after.split("\n")];
  let head = 0;
  while (head < old.length && head < now.length && old[head] === now[head]) head += 1;
  let tail = 0;
  while (tail < old.length - head && tail < now.length - head && old.at(-1 - tail) === now.at(-1 - tail)) tail += 1;
  const same = (lines: string[]): DiffLine[] => lines.map((text) => ({ kind: "same", text }));
  const middle = between(old.slice(head, old.length - tail), now.slice(head, now.length - tail));
  return [...same(old.slice(0, head)), ...middle, ...same(old.slice(old.length - tail))];
}

/** By the longest sequence of lines that both have. */
function between(old: string[], now: string[]): DiffLine[] {
  const wide = now.length + 1;
  const out = (text: string): DiffLine => ({ kind: "out", text });
  const into = (text: string): DiffLine => ({ kind: "in", text });
  if ((old.length + 1) * wide > MOST_PAIRS) return [...old.map(out), ...now.map(into)];
  const common = new Uint32Array((old.length + 1) * wide);
  const at = (row: number, column: number): number => common[row * wide + column] ?? 0;
  for (let row = old.length - 1; row >= 0; row -= 1) {
    for (let column = now.length - 1; column >= 0; column -= 1) {
      common[row * wide + column] =
        old[row] === now[column] ? at(row + 1, column + 1) + 1 : Math.max(at(row + 1, column), at(row, column + 1));
    }
  }
  const lines: DiffLine[] = [];
  let [row, column] = [0, 0];
  while (row < old.length || column < now.length) {
    const [left, right] = [old[row], now[column]];
    if (left !== undefined && left === right) {
      lines.push({ kind: "same", text: left });
      row += 1;
      column += 1;
    } else if (left !== undefined && (right === undefined || at(row + 1, column) >= at(row, column + 1))) {
      lines.push(out(left));
      row += 1;
    } else {
      lines.push(into(right ?? ""));
      column += 1;
    }
  }
  return lines;
}
