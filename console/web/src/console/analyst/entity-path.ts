// Address of an entity's page.

/** The address. */
export const entityPath = (kind: string, value: string): string =>
  `/entities?kind=${encodeURIComponent(kind)}&value=${encodeURIComponent(value)}`;
