// A panel that a button opens below itself: closed by Escape, by a press outside, or by what is chosen in it.

import { useEffect, useId, useRef, useState, type KeyboardEvent, type ReactNode } from "react";

interface PopupProps {
  /** What stands on the button. */
  button: ReactNode;
  className: string;
  testid: string;
  /** `menu` when the panel is nothing but choices. */
  kind: "menu" | "dialog";
  /** Name of the panel for those who hear it. */
  label: string;
  /** Whether the button bears that name too, having no words. */
  named?: boolean;
  children: (close: () => void) => ReactNode;
}

/** The button and, while it is open, the panel. */
export function Popup({ button, className, testid, kind, label, named = false, children }: PopupProps) {
  const [open, setOpen] = useState(false);
  const anchor = useRef<HTMLDivElement>(null);
  const panel = useId();
  const close = () => setOpen(false);
  useEffect(() => {
    if (!open) return;
    const outside = (event: PointerEvent) => {
      if (!anchor.current?.contains(event.target as Node)) setOpen(false);
    };
    addEventListener("pointerdown", outside);
    return () => removeEventListener("pointerdown", outside);
  }, [open]);
  // The first choice has the focus while the panel is open; the button has it again afterwards.
  useEffect(() => {
    if (!open) return;
    const button = anchor.current?.querySelector("button");
    choices(anchor.current)[0]?.focus();
    return () => button?.focus();
  }, [open]);
  const onKeyDown = (event: KeyboardEvent) => {
    if (!open) return;
    event.stopPropagation();
    if (event.key === "Escape") return close();
    if (kind === "menu" && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      event.preventDefault();
      step(choices(anchor.current), event.key === "ArrowDown" ? 1 : -1);
    }
  };
  return (
    <div className="popup" ref={anchor} onKeyDown={onKeyDown}>
      <button type="button" className={className} data-testid={testid} aria-label={named ? label : undefined} aria-haspopup={kind} aria-expanded={open} aria-controls={open ? panel : undefined} onClick={() => setOpen(!open)}>
        {button}
      </button>
      {open && (
        <div className="popup-panel" id={panel} role={kind} aria-label={label}>
          {children(close)}
        </div>
      )}
    </div>
  );
}

/** What can be chosen in the panel. */
function choices(anchor: HTMLElement | null): HTMLElement[] {
  return [...(anchor?.querySelectorAll<HTMLElement>(".popup-panel button:not(:disabled), .popup-panel input") ?? [])];
}

function step(items: HTMLElement[], by: number): void {
  const here = items.indexOf(document.activeElement as HTMLElement);
  items[(here + by + items.length) % items.length]?.focus();
}

/** A line of a menu; with `chosen` one of several. */
export function MenuItem({ chosen, onChoose, children }: { chosen?: boolean; onChoose: () => void; children: ReactNode }) {
  const radio = chosen !== undefined;
  return (
    <button type="button" className="popup-item" role={radio ? "menuitemradio" : "menuitem"} aria-checked={chosen} onClick={onChoose}>
      {children}
    </button>
  );
}
