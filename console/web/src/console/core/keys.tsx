// The keyboard layer: views register keys, the newest layer that knows a key gets it, `?` lists them.

import { useEffect, useRef, useSyncExternalStore } from "react";
import type { TextKey } from "./preferences";

/** One key of a view. */
export interface KeyBinding {
  /** As `KeyboardEvent.key` names it; `Ctrl+` before it for a chord. */
  key: string;
  /** What it does, for the help. */
  label: TextKey;
  run: () => void;
}

/** A layer hides the keys of layers below when it is a dialog. */
interface Layer {
  bindings: () => readonly KeyBinding[];
  modal: boolean;
}

let layers: readonly Layer[] = [];
const listeners = new Set<() => void>();

function setLayers(next: readonly Layer[]): void {
  layers = next;
  listeners.forEach((listener) => listener());
}

/** The name under which a key press is bound. */
export function keyName(event: Pick<KeyboardEvent, "key" | "ctrlKey" | "metaKey">): string {
  return event.ctrlKey || event.metaKey ? `Ctrl+${event.key}` : event.key;
}

/** Whether something is a box or a choice: it takes the space bar and arrows, and no letters. */
function isTicked(target: EventTarget | null): boolean {
  return target instanceof HTMLInputElement && ["checkbox", "radio"].includes(target.type);
}

/** Whether the press belongs to a field the person types into. */
function isTyping(event: KeyboardEvent): boolean {
  const target = event.target;
  if (!(target instanceof HTMLElement) || isTicked(target)) return false;
  return target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName);
}

/** Whether the press would also work the control that has the focus. */
function isActivating(event: KeyboardEvent): boolean {
  const target = event.target;
  if (isTicked(target)) return event.key === " " || event.key.startsWith("Arrow");
  return event.key === "Enter" && target instanceof HTMLElement && ["BUTTON", "A", "SUMMARY"].includes(target.tagName);
}

function find(name: string): KeyBinding | undefined {
  for (const layer of [...layers].reverse()) {
    const binding = layer.bindings().find((candidate) => candidate.key === name);
    if (binding) return binding;
    if (layer.modal) return undefined;
  }
  return undefined;
}

/** Chords are taken before the field under the cursor sees them, single keys only when it left them alone. */
function onKeyDown(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.altKey || event.isComposing) return;
  const name = keyName(event);
  if (name.startsWith("Ctrl+") !== (event.eventPhase === Event.CAPTURING_PHASE)) return;
  const whileTyping = name === "Escape" || name.startsWith("Ctrl+");
  if ((isTyping(event) && !whileTyping) || isActivating(event)) return;
  const binding = find(name);
  if (!binding) return;
  event.preventDefault();
  binding.run();
}

/** Starts listening; called once by the frame. */
export function useKeyboard(): void {
  useEffect(() => {
    document.addEventListener("keydown", onKeyDown);
    document.addEventListener("keydown", onKeyDown, { capture: true });
    return () => {
      document.removeEventListener("keydown", onKeyDown);
      document.removeEventListener("keydown", onKeyDown, { capture: true });
    };
  }, []);
}

/** Registers the keys of a view or dialog while it is shown. */
export function useKeys(bindings: readonly KeyBinding[], options: { modal?: boolean; enabled?: boolean } = {}): void {
  const { modal = false, enabled = true } = options;
  const current = useRef(bindings);
  useEffect(() => {
    current.current = bindings;
  });
  useEffect(() => {
    if (!enabled) return undefined;
    const layer: Layer = { bindings: () => current.current, modal };
    setLayers([...layers, layer]);
    return () => setLayers(layers.filter((other) => other !== layer));
  }, [modal, enabled]);
}

/** Every key that works now, newest layer first. */
export function useActiveBindings(): readonly KeyBinding[] {
  const active = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => layers,
  );
  return active.toReversed().flatMap((layer) => [...layer.bindings()]);
}
