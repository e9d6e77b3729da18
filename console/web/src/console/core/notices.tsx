// Short notices at the foot of the window: what was done, with a way back, or what went wrong.

import { createContext, useCallback, useContext, useMemo, useState, type ReactNode } from "react";
import { ApiError } from "../../api/client";
import { usePreferences, useText } from "./preferences";

/** A notice stays this long; one with a way back stays as long as the way back is promised. */
const SHOWN_MS = 10_000;

interface Notice {
  id: number;
  kind: "done" | "failed";
  text: string;
  undo?: () => void;
}

interface Notices {
  done: (text: string, undo?: () => void) => void;
  failed: (error: unknown) => void;
}

const NoticesContext = createContext<Notices | null>(null);
let counter = 0;

/** Shows notices of everything below. */
export function NoticesProvider({ children }: { children: ReactNode }) {
  const [notices, setNotices] = useState<readonly Notice[]>([]);
  const { locale } = usePreferences();
  const remove = useCallback((id: number) => setNotices((all) => all.filter((notice) => notice.id !== id)), []);
  const add = useCallback(
    (notice: Omit<Notice, "id">) => {
      counter += 1;
      const id = counter;
      setNotices((all) => [...all.slice(-2), { ...notice, id }]);
      window.setTimeout(() => remove(id), SHOWN_MS);
    },
    [remove],
  );
  const value = useMemo<Notices>(
    () => ({
      done: (text, undo) => add({ kind: "done", text, ...(undo ? { undo } : {}) }),
      failed: (error) => add({ kind: "failed", text: errorText(error, locale) }),
    }),
    [add, locale],
  );
  return (
    <NoticesContext value={value}>
      {children}
      <NoticeList notices={notices} remove={remove} />
    </NoticesContext>
  );
}

function NoticeList({ notices, remove }: { notices: readonly Notice[]; remove: (id: number) => void }) {
  const t = useText();
  return (
    <div className="notices" role="status" aria-live="polite">
      {notices.map((notice) => (
        <div key={notice.id} className={`notice notice-${notice.kind}`}>
          <span>{notice.text}</span>
          {notice.undo && (
            <button
              type="button"
              onClick={() => {
                remove(notice.id);
                notice.undo?.();
              }}
            >
              {t("undo")}
            </button>
          )}
        </div>
      ))}
    </div>
  );
}

/** What went wrong, in the reader's language. */
export function errorText(error: unknown, locale: "zh" | "en"): string {
  if (error instanceof ApiError) return locale === "zh" ? error.detail.message_zh : error.detail.message_en;
  return error instanceof Error ? error.message : String(error);
}

/** Says what was done or what went wrong. */
export function useNotices(): Notices {
  const notices = useContext(NoticesContext);
  if (!notices) throw new Error("no NoticesProvider above");
  return notices;
}
