// What a person wrote and could not send yet. It stays on the phone until the server has it.

import { remember, remembered } from "../lib/storage";

/** How a text will be sent. */
export type SendAs = "progress" | "submit";

/** A text for a task. `send` is set when the person pressed the button while the network was away. */
export interface Draft {
  task: string;
  text: string;
  send: SendAs | null;
}

const NAME = "drafts";

/** Every draft of this phone. */
export function drafts(): Draft[] {
  try {
    const kept: unknown = JSON.parse(remembered(NAME) ?? "[]");
    return Array.isArray(kept) ? (kept as Draft[]) : [];
  } catch {
    return [];
  }
}

/** The draft of a task. */
export function draftOf(task: string): Draft | undefined {
  return drafts().find((draft) => draft.task === task);
}

/** Keeps a draft; an empty one is forgotten. */
export function keepDraft(draft: Draft): void {
  const others = drafts().filter((other) => other.task !== draft.task);
  const next = draft.text === "" && draft.send === null ? others : [...others, draft];
  remember(NAME, next.length > 0 ? JSON.stringify(next) : null);
}

/** Drafts that wait for the network. */
export function waiting(): Draft[] {
  return drafts().filter((draft) => draft.send !== null);
}

/**
 * Sends what waits, in order. Stops at the first that cannot be sent because the network is away; one that the server
 * refuses stays as a draft for its author to look at.
 */
export async function sendWaiting(send: (draft: Draft) => Promise<"sent" | "refused" | "away">): Promise<void> {
  for (const draft of waiting()) {
    const outcome = await send(draft);
    if (outcome === "away") return;
    keepDraft(outcome === "sent" ? { ...draft, text: "", send: null } : { ...draft, send: null });
  }
}
