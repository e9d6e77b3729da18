// Own translation of the interface: flat catalogues, typed keys, `{name}` in a text stands for a parameter.

/** Languages of the interface; the first is the one users meet. */
export type Locale = "zh" | "en";

/** Values for the `{name}` places of a text. */
export type Parameters = Record<string, string | number>;

/** The text with its places filled, numbers in groups of three. A place without a value stays as it is, so that the lack is seen. */
export function fill(text: string, parameters?: Parameters): string {
  if (!parameters) return text;
  return text.replace(/\{(\w+)\}/g, (place, name: string) => {
    const value = parameters[name] ?? place;
    return typeof value === "number" ? value.toLocaleString("en-US") : value;
  });
}
