// Evidence bytes: base64 to bytes to rows of a hex dump, and which of the bytes matched.

/** Bytes per row of the dump. */
export const ROW_BYTES = 16;
/** Rows shown at most; the rest is in the capture. */
export const MAX_ROWS = 512;

/** The bytes of a base64 text; none when it is not base64. */
export function decodeBase64(text: string): Uint8Array {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch {
    return new Uint8Array();
  }
}

/** Base64 of bytes. */
export function encodeBase64(bytes: Uint8Array): string {
  let binary = "";
  // Each call takes a bounded number of arguments.
  for (let at = 0; at < bytes.length; at += 8192) binary += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return btoa(binary);
}

/** One row of a hex dump. */
export interface HexRow {
  offset: string;
  cells: { hex: string; character: string; marked: boolean }[];
}

/** The first rows of a dump, with the bytes in `marked` marked. */
export function hexRows(bytes: Uint8Array, marked: ReadonlySet<number>): HexRow[] {
  const rows: HexRow[] = [];
  for (let start = 0; start < bytes.length && rows.length < MAX_ROWS; start += ROW_BYTES) {
    const cells = [...bytes.subarray(start, start + ROW_BYTES)].map((byte, index) => ({
      hex: byte.toString(16).padStart(2, "0"),
      character: byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : "·",
      marked: marked.has(start + index),
    }));
    rows.push({ offset: start.toString(16).padStart(6, "0"), cells });
  }
  return rows;
}

/** Offsets of every byte that belongs to an occurrence of one of the values (ASCII case-insensitive). */
export function markedOffsets(bytes: Uint8Array, values: readonly string[]): Set<number> {
  const haystack = lower(String.fromCharCode(...bytes.subarray(0, MAX_ROWS * ROW_BYTES)));
  const marked = new Set<number>();
  for (const value of values) markValue(haystack, lower(latin(value)), marked);
  return marked;
}

function markValue(haystack: string, needle: string, marked: Set<number>): void {
  if (needle.length < 2) return;
  for (let at = haystack.indexOf(needle); at >= 0; at = haystack.indexOf(needle, at + needle.length)) {
    for (let offset = 0; offset < needle.length; offset += 1) marked.add(at + offset);
  }
}

const latin = (text: string): string => String.fromCharCode(...new TextEncoder().encode(text));
const lower = (text: string): string => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());

/** The bytes as text: UTF-8, with what is no UTF-8 as `�`. */
export function asText(bytes: Uint8Array): string {
  return new TextDecoder("utf-8", { fatal: false }).decode(bytes.subarray(0, MAX_ROWS * ROW_BYTES));
}

/** A size in words: `812 B`, `3.4 KiB`. */
export function byteSize(size: number): string {
  if (size < 1024) return `${size} B`;
  const units = ["KiB", "MiB", "GiB", "TiB"];
  const step = Math.min(units.length, Math.floor(Math.log2(size) / 10));
  return `${(size / 1024 ** step).toFixed(1)} ${units[step - 1]}`;
}
