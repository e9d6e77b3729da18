// The frame of a view: head, card, list beside detail.

import { useEffect, useRef, useState, type PointerEvent, type ReactNode } from "react";
import { Link, useLocation } from "wouter";
import { remember, remembered } from "../../lib/storage";
import { visibleText } from "../../lib/text";
import { useKeys } from "../core/keys";
import { sectionOf } from "../core/pages";
import { useText } from "../core/preferences";
import { useMay, useSession } from "../core/session";
import { Icon } from "./icons";

/** Narrowest and widest the detail gets, in pixels. */
const DETAIL_MIN = 480;
const DETAIL_MAX = 720;

/** One tab of a section. */
export interface SectionTab {
  path: string;
  title: string;
  here: boolean;
}

interface PageHeadProps {
  title: string;
  note?: ReactNode;
  /** Tabs of a page that has several under one address; those of its section unless told. */
  tabs?: readonly SectionTab[];
  children?: ReactNode;
}

/** Title of a view, its filters and its actions. */
export function PageHead({ title, note, tabs, children }: PageHeadProps) {
  const { platform } = useSession();
  useEffect(() => {
    document.title = `${title} · ${platform}`;
  }, [title, platform]);
  return (
    <header className="page-head">
      {tabs ? <TabRow tabs={tabs} /> : <SectionTabs />}
      <h1>{title}</h1>
      {note !== undefined && <span className="page-note">{note}</span>}
      <div className="page-actions">{children}</div>
    </header>
  );
}

/** The pages of this section, when there are several. */
function SectionTabs() {
  const t = useText();
  const may = useMay();
  const [location] = useLocation();
  const here = (path: string) => location === path || location.startsWith(`${path}/`);
  return <TabRow tabs={sectionOf(location, may).map((page) => ({ path: page.path, title: t(page.title), here: here(page.path) }))} />;
}

function TabRow({ tabs }: { tabs: readonly SectionTab[] }) {
  const t = useText();
  if (tabs.length < 2) return null;
  return (
    <nav className="section-tabs" aria-label={t("nav.section")}>
      {tabs.map(({ path, title, here }) => (
        <Link key={path} href={path} className={here ? "here" : undefined} aria-current={here ? "page" : undefined}>
          {title}
        </Link>
      ))}
    </nav>
  );
}

/** A framed part of a view. */
export function Card({ title, extra, children }: { title?: string; extra?: ReactNode; children: ReactNode }) {
  return (
    <section className="card">
      {title !== undefined && (
        <header className="card-head">
          <h2>{title}</h2>
          {extra && <div className="card-extra">{extra}</div>}
        </header>
      )}
      <div className="card-body">{children}</div>
    </section>
  );
}

/** Head of a detail: its marks, its title from the outside, and what else it begins with. */
export function DetailHead({ title, marks, children }: { title: string; marks: ReactNode; children?: ReactNode }) {
  return (
    <header className="detail-head">
      <div className="detail-meta">{marks}</div>
      <h2>
        <bdi>{visibleText(title)}</bdi>
      </h2>
      {children}
    </header>
  );
}

/** A part of a detail with a heading. */
export function Part({ title, extra, children }: { title: string; extra?: ReactNode; children: ReactNode }) {
  return (
    <section className="part">
      <header>
        <h3>{title}</h3>
        {extra}
      </header>
      {children}
    </section>
  );
}

/** A list with its detail at the right; Escape or the cross closes the detail. */
export function Split({ list, detail, onClose }: { list: ReactNode; detail: ReactNode; onClose: () => void }) {
  return (
    <div className="split">
      <div className="split-list">{list}</div>
      {detail && <DetailPane onClose={onClose}>{detail}</DetailPane>}
    </div>
  );
}

function DetailPane({ onClose, children }: { onClose: () => void; children: ReactNode }) {
  const t = useText();
  const { width, grip } = useDetailWidth();
  useKeys([{ key: "Escape", label: "key.close", run: onClose }]);
  return (
    <aside className="detail" style={{ width }} aria-label={t("detail")}>
      <div className="detail-grip" aria-hidden="true" {...grip} />
      <button type="button" className="icon-button detail-close" aria-label={t("close")} onClick={onClose}>
        <Icon name="close" />
      </button>
      <div className="detail-body">{children}</div>
    </aside>
  );
}

function useDetailWidth() {
  const [width, setWidth] = useState(() => clampWidth(Number(remembered("detail-width") ?? 600)));
  const start = useRef<{ x: number; width: number } | null>(null);
  const grip = {
    onPointerDown: (event: PointerEvent) => {
      start.current = { x: event.clientX, width };
      event.currentTarget.setPointerCapture(event.pointerId);
    },
    onPointerMove: (event: PointerEvent) => {
      if (start.current) setWidth(clampWidth(start.current.width + start.current.x - event.clientX));
    },
    onPointerUp: () => {
      start.current = null;
      remember("detail-width", String(width));
    },
  };
  return { width, grip };
}

const clampWidth = (width: number): number => Math.min(DETAIL_MAX, Math.max(DETAIL_MIN, width || DETAIL_MIN));

/** A choice of a few, such as the tabs of a list. */
export function Segments<T extends string>({
  label,
  value,
  options,
  onChange,
}: {
  label: string;
  value: T;
  options: readonly { value: T; label: string; count?: number }[];
  onChange: (value: T) => void;
}) {
  return (
    <div className="segments" role="group" aria-label={label}>
      {options.map((option) => (
        <button
          key={option.value}
          type="button"
          aria-pressed={option.value === value}
          data-testid={`segment-${option.value}`}
          onClick={() => onChange(option.value)}
        >
          {option.label}
          {option.count !== undefined && <span className="segment-count">{option.count}</span>}
        </button>
      ))}
    </div>
  );
}
