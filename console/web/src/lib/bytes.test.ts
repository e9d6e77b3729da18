import { describe, expect, it } from "vitest";
import { asText, byteSize, decodeBase64, hexRows, markedOffsets } from "./bytes";

const bytes = decodeBase64(btoa("GET /?id=1 UNION SELECT"));

describe("hex dump", () => {
  it("marks the bytes of a match, in any case", () => {
    const rows = hexRows(bytes, markedOffsets(bytes, ["union"]));
    const marked = rows.flatMap((row) => row.cells.filter((cell) => cell.marked).map((cell) => cell.character));
    expect(marked.join("")).toBe("UNION");
    expect(rows[1]?.offset).toBe("000010");
  });
  it("answers no bytes for what is no base64", () => {
    expect(decodeBase64("%%%")).toHaveLength(0);
  });
  it("reads text that is no UTF-8", () => {
    expect(asText(Uint8Array.of(0x41, 0xff))).toBe("A\ufffd");
  });
});

describe("byteSize", () => {
  it.each([
    [0, "0 B"],
    [1023, "1023 B"],
    [1536, "1.5 KiB"],
    [5 * 1024 * 1024, "5.0 MiB"],
  ])("writes %i as %s", (size, text) => expect(byteSize(size)).toBe(text));
});
