// Which rows of the queue are ticked and where the cursor is; pure, so that every key is tested without a browser.

/** Cursor and ticks, by id. */
export interface Selection {
  cursor: string | null;
  ticked: ReadonlySet<string>;
}

/** Nothing chosen. */
export const NOTHING: Selection = { cursor: null, ticked: new Set() };

/** The cursor moved by some rows; it stops at both ends and starts at the first row. */
export function moveCursor(selection: Selection, ids: readonly string[], step: number): Selection {
  const at = selection.cursor === null ? -1 : ids.indexOf(selection.cursor);
  const next = at < 0 ? 0 : Math.min(ids.length - 1, Math.max(0, at + step));
  return { ...selection, cursor: ids[next] ?? null };
}

/** The tick of a row turned over. */
export function toggle(selection: Selection, id: string): Selection {
  const ticked = new Set(selection.ticked);
  if (!ticked.delete(id)) ticked.add(id);
  return { cursor: id, ticked };
}

/** Every row ticked, or none when every row was. */
export function toggleAll(selection: Selection, ids: readonly string[]): Selection {
  const all = ids.length > 0 && ids.every((id) => selection.ticked.has(id));
  return { ...selection, ticked: new Set(all ? [] : ids) };
}

/** The rows a verb acts on: the ticked ones, else the one under the cursor. */
export function targets(selection: Selection): string[] {
  if (selection.ticked.size > 0) return [...selection.ticked];
  return selection.cursor === null ? [] : [selection.cursor];
}

/** After rows left the list: the cursor stays at its place, so that the next row comes under it. */
export function withoutRows(selection: Selection, ids: readonly string[], gone: ReadonlySet<string>): Selection {
  const ticked = new Set([...selection.ticked].filter((id) => !gone.has(id)));
  if (selection.cursor === null || !gone.has(selection.cursor)) return { cursor: selection.cursor, ticked };
  const at = ids.indexOf(selection.cursor);
  const below = ids.slice(at).find((id) => !gone.has(id));
  const above = ids.slice(0, at).findLast((id) => !gone.has(id));
  return { cursor: below ?? above ?? null, ticked };
}
