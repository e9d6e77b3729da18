// A choice of one or of several from a list: typed letters narrow it, arrows walk it, Enter takes, Escape closes it and
// nothing else. The list floats over the page, so that no dialog cuts it off.

import { useEffect, useId, useLayoutEffect, useRef, useState, type CSSProperties, type KeyboardEvent, type ReactNode, type RefObject } from "react";
import { createPortal } from "react-dom";
import { useText } from "../core/preferences";
import { Icon } from "./icons";

/** Something that can be chosen. */
export interface Option<V> {
  value: V;
  label: string;
}

interface Common<V> {
  options: readonly Option<V>[];
  placeholder?: string;
  id?: string;
  "aria-label"?: string;
  "data-testid"?: string;
  disabled?: boolean;
  autoFocus?: boolean;
  size?: "small" | "middle";
  style?: CSSProperties;
  /** Whether typed letters narrow the list; always so for several. */
  showSearch?: boolean;
  /** What stands in the place of an empty list. */
  nothing?: string;
}

interface One<V> extends Common<V> {
  mode?: "one";
  value?: V;
  onChange: (value: V) => void;
}

interface Several<V> extends Common<V> {
  mode: "multiple";
  value: readonly V[];
  onChange: (value: V[]) => void;
  /** Of more than so many only the number is told. */
  maxTagCount?: number;
}

type SelectProps<V> = One<V> | Several<V>;

/** Pixels of the list at most, and between it and its field. */
const LIST_HEIGHT = 264;
const LIST_GAP = 4;

/** The field with what is chosen, and the list while it is open. */
export function Select<V extends string | number>(props: Several<V>): ReactNode;
export function Select<V extends string | number>(props: One<V>): ReactNode;
export function Select<V extends string | number>(props: SelectProps<V>) {
  const { options, placeholder, disabled = false, size = "middle" } = props;
  const several = props.mode === "multiple";
  const searches = several || (props.showSearch ?? false);
  const [open, setOpen] = useState(false);
  const [wanted, setWanted] = useState("");
  const [at, setAt] = useState(0);
  const box = useRef<HTMLDivElement>(null);
  const input = useRef<HTMLInputElement>(null);
  const name = useId();
  const chosen: readonly V[] = several ? props.value : props.value === undefined ? [] : [props.value];
  const found = narrowed(options, wanted);
  const show = (yes: boolean) => {
    setOpen(yes && !disabled);
    setAt(Math.max(0, yes ? options.findIndex(({ value }) => chosen.includes(value)) : 0));
    if (!yes) setWanted("");
  };
  const choose = (value: V) => {
    if (props.mode === "multiple") {
      props.onChange(props.value.includes(value) ? props.value.filter((one) => one !== value) : [...props.value, value]);
      setWanted("");
    } else {
      props.onChange(value);
      show(false);
    }
  };
  const onKeyDown = keysOf({ open, show, at, setAt, found, choose, chosen, wanted, several, searches });
  const tags = several ? chosen.slice(0, props.maxTagCount ?? chosen.length) : [];
  const labelOf = (value: V) => options.find((option) => option.value === value)?.label ?? String(value);
  const isEmpty = chosen.length === 0;
  return (
    <div
      ref={box}
      className={`select${size === "small" ? " select-small" : ""}${disabled ? " select-off" : ""}${several ? " select-many" : ""}`}
      style={props.style}
      data-testid={props["data-testid"]}
      onMouseDown={(event) => {
        if (event.target === input.current) return;
        event.preventDefault();
        input.current?.focus();
      }}
      onClick={(event) => {
        event.preventDefault();
        if (!(event.target as Element).closest(".select-tag")) show(!open || several);
      }}
    >
      <span className="select-shown" id={`${name}-shown`}>
        {tags.map((value) => (
          <Tag key={value} label={labelOf(value)} onDrop={() => choose(value)} disabled={disabled} />
        ))}
        {several && chosen.length > tags.length && <span className="select-tag">+ {chosen.length - tags.length}</span>}
        {!several && !isEmpty && wanted === "" && <span className="select-value">{labelOf(chosen[0] as V)}</span>}
        {isEmpty && wanted === "" && <span className="select-hint">{placeholder}</span>}
      </span>
      <input
        ref={input}
        id={props.id}
        role="combobox"
        autoComplete="off"
        autoFocus={props.autoFocus}
        disabled={disabled}
        readOnly={!searches}
        aria-label={props["aria-label"]}
        aria-describedby={`${name}-shown`}
        aria-expanded={open}
        aria-controls={open ? name : undefined}
        aria-autocomplete={searches ? "list" : "none"}
        aria-activedescendant={open && found.length > 0 ? `${name}-${at}` : undefined}
        value={wanted}
        onChange={(event) => {
          setWanted(event.target.value);
          setOpen(true);
          setAt(0);
        }}
        onBlur={() => show(false)}
        onKeyDown={onKeyDown}
      />
      {!several && <span className="select-arrow" aria-hidden="true" />}
      {open && <List name={name} box={box} options={found} at={at} chosen={chosen} several={several} nothing={props.nothing} onChoose={choose} onAway={() => show(false)} />}
    </div>
  );
}

function narrowed<V>(options: readonly Option<V>[], wanted: string): readonly Option<V>[] {
  const word = wanted.trim().toLowerCase();
  return word === "" ? options : options.filter(({ label }) => label.toLowerCase().includes(word));
}

function Tag({ label, disabled, onDrop }: { label: string; disabled: boolean; onDrop: () => void }) {
  const t = useText();
  return (
    <span className="select-tag">
      {label}
      {!disabled && (
        <button type="button" tabIndex={-1} aria-label={t("select.drop", { name: label })} onClick={onDrop}>
          <Icon name="close" size={12} />
        </button>
      )}
    </span>
  );
}

interface Walk<V> {
  open: boolean;
  show: (yes: boolean) => void;
  at: number;
  setAt: (at: number) => void;
  found: readonly Option<V>[];
  choose: (value: V) => void;
  chosen: readonly V[];
  wanted: string;
  several: boolean;
  searches: boolean;
}

/** The keys of the field. Chords are left to the dialog around it. */
function keysOf<V>({ open, show, at, setAt, found, choose, chosen, wanted, several, searches }: Walk<V>) {
  return (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.nativeEvent.isComposing) return;
    const last = chosen.at(-1);
    const takes = event.key === "Enter" || (event.key === " " && !searches);
    if (event.key === "Backspace" && several && wanted === "" && last !== undefined) return choose(last);
    if (event.key === "Escape" && !open) return;
    if (!takes && !["ArrowDown", "ArrowUp", "Home", "End", "Escape"].includes(event.key)) return;
    event.preventDefault();
    if (event.key === "Escape") return show(false);
    if (!open) return show(true);
    const end = found.length - 1;
    if (takes) {
      const option = found[at];
      return option && choose(option.value);
    }
    const step = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: end }[event.key] ?? at;
    setAt(Math.min(end, Math.max(0, step)));
  };
}

interface ListProps<V> {
  name: string;
  box: RefObject<HTMLDivElement | null>;
  options: readonly Option<V>[];
  at: number;
  chosen: readonly V[];
  several: boolean;
  nothing: string | undefined;
  onChoose: (value: V) => void;
  onAway: () => void;
}

function List<V extends string | number>({ name, box, options, at, chosen, several, nothing, onChoose, onAway }: ListProps<V>) {
  const t = useText();
  const list = useRef<HTMLDivElement>(null);
  // Again whenever what is chosen changes the height of the field.
  useLayoutEffect(() => {
    if (box.current && list.current) putBeside(list.current, box.current.getBoundingClientRect());
  }, [box, chosen.length]);
  useEffect(() => {
    const away = (event: Event) => {
      if (event.target !== list.current) onAway();
    };
    addEventListener("scroll", away, { capture: true });
    addEventListener("resize", away);
    return () => {
      removeEventListener("scroll", away, { capture: true });
      removeEventListener("resize", away);
    };
  });
  useEffect(() => {
    list.current?.querySelector(`[data-at="${at}"]`)?.scrollIntoView({ block: "nearest" });
  }, [at]);
  return createPortal(
    <div ref={list} id={name} className="select-list" role="listbox" aria-label={t("select.list")} aria-multiselectable={several || undefined} onMouseDown={(event) => event.preventDefault()} onClick={(event) => event.stopPropagation()}>
      {options.map(({ value, label }, index) => (
        <div key={value} id={`${name}-${index}`} data-at={index} role="option" aria-selected={chosen.includes(value)} className={index === at ? "select-here" : undefined} onClick={() => onChoose(value)}>
          {label}
        </div>
      ))}
      {options.length === 0 && (
        <div role="option" aria-selected={false} aria-disabled="true" className="quiet">
          {nothing ?? t("select.nothing")}
        </div>
      )}
    </div>,
    document.body,
  );
}

/** Below the field, or above it where there is more room. */
function putBeside(list: HTMLElement, { left, top, bottom, width }: DOMRect): void {
  const below = innerHeight - bottom - 2 * LIST_GAP;
  const above = top - 2 * LIST_GAP;
  const isBelow = below >= Math.min(LIST_HEIGHT, above);
  const px = (pixels: number) => `${pixels}px`;
  Object.assign(list.style, {
    left: px(left),
    minWidth: px(width),
    maxWidth: px(Math.max(width, Math.min(520, innerWidth - left - LIST_GAP))),
    maxHeight: px(Math.min(LIST_HEIGHT, isBelow ? below : above)),
    top: isBelow ? px(bottom + LIST_GAP) : "auto",
    bottom: isBelow ? "auto" : px(innerHeight - top + LIST_GAP),
  });
}
