// What a browser keeps for its user. A browser that forbids storage loses the choice, nothing else.

/** A kept text, or null. */
export function remembered(name: string): string | null {
  try {
    return localStorage.getItem(`fengsui.${name}`);
  } catch {
    return null;
  }
}

/** Keeps a text; null forgets it. */
export function remember(name: string, value: string | null): void {
  try {
    if (value === null) localStorage.removeItem(`fengsui.${name}`);
    else localStorage.setItem(`fengsui.${name}`, value);
  } catch {
    // Nothing is lost but the choice.
  }
}
