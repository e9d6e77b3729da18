// A window over the page: the focus stays in it while it is open and goes back where it was.

import { useEffect, useId, useRef, type KeyboardEvent, type ReactNode } from "react";
import { createPortal } from "react-dom";
import { useText } from "../core/preferences";
import { Icon } from "./icons";

interface ModalProps {
  title: string;
  /** In pixels; narrower where the screen is. */
  width: number;
  /** Verbs at the bottom. A press beside a window with verbs does not close it, so that no typed text is lost. */
  footer?: ReactNode;
  onClose: () => void;
  children: ReactNode;
}

const FOCUSABLE = "a[href], button:not(:disabled), input:not(:disabled), textarea:not(:disabled), select:not(:disabled), [tabindex='0']";

/** The window. Who opens it binds Escape. */
export function Modal({ title, width, footer, onClose, children }: ModalProps) {
  const t = useText();
  const name = useId();
  const frame = useRef<HTMLElement>(null);
  useEffect(() => {
    const before = document.activeElement;
    return () => {
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  // A field that asks for the focus has it by now.
  useEffect(() => {
    if (!frame.current?.contains(document.activeElement)) frame.current?.focus();
  }, []);
  return createPortal(
    <div
      className="modal-ground"
      onPointerDown={(event) => {
        if (!footer && event.target === event.currentTarget) onClose();
      }}
    >
      <section
        ref={frame}
        className="modal"
        role="dialog"
        aria-modal="true"
        aria-labelledby={name}
        tabIndex={-1}
        style={{ width }}
        onKeyDown={(event) => keepInside(event, frame.current)}
      >
        <header>
          <h2 id={name}>{title}</h2>
          <button type="button" className="icon-button" aria-label={t("close")} onClick={onClose}>
            <Icon name="close" />
          </button>
        </header>
        <div className="modal-body">{children}</div>
        {footer && <footer>{footer}</footer>}
      </section>
    </div>,
    document.body,
  );
}

/** From the last control on to the first one, and back. */
function keepInside(event: KeyboardEvent, frame: HTMLElement | null): void {
  if (event.key !== "Tab" || !frame?.contains(event.target as Node)) return;
  const all = [...frame.querySelectorAll<HTMLElement>(FOCUSABLE)].filter((one) => one.tabIndex >= 0 && one.offsetParent !== null);
  const [first, last] = [all[0], all.at(-1)];
  const leaves = event.shiftKey ? event.target === first || event.target === frame : event.target === last;
  if (!leaves) return;
  event.preventDefault();
  (event.shiftKey ? last : first)?.focus();
}
