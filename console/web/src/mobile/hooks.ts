// Loading, the network, the address: what the phone pages need, no more.

import { useCallback, useEffect, useState } from "preact/hooks";
import * as calls from "../api/calls";
import { ApiError } from "../api/client";
import { sendWaiting, waiting, type Draft } from "./drafts";

/** What waits is tried again this often: a phone can have a network and still not reach the server. */
const RETRY_MS = 30_000;

/** A value on its way, there, or failed. */
export interface Loaded<T> {
  value: T | null;
  error: unknown;
  reload: () => void;
  set: (value: T) => void;
}

/** Loads a value, again whenever the key changes or news arrive. */
export function useLoaded<T>(key: string, load: () => Promise<T>): Loaded<T> {
  const [state, setState] = useState<{ key: string; value: T | null; error: unknown }>({ key, value: null, error: null });
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    let current = true;
    load().then(
      (value) => current && setState({ key, value, error: null }),
      (error: unknown) => {
        // A session that ended begins anew at the login.
        if (error instanceof ApiError && error.status === 401) window.location.reload();
        else if (current) setState((old) => ({ key, value: old.key === key ? old.value : null, error }));
      },
    );
    return () => {
      current = false;
    };
    // The key names everything that load depends on.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [key, turn]);
  const reload = useCallback(() => setTurn((old) => old + 1), []);
  const set = useCallback((value: T) => setState({ key, value, error: null }), [key]);
  const shown = state.key === key ? state : { value: null, error: null };
  return { value: shown.value, error: shown.error, reload, set };
}

/** Calls back when the server says that tasks or inspections changed. */
export function useTaskNews(onNews: () => void): void {
  useEffect(() => {
    const source = new EventSource("/api/v1/stream");
    source.addEventListener("change", (event) => {
      if (/"(task|campaign|warning|regulation)"/.test((event as MessageEvent<string>).data)) onNews();
    });
    return () => source.close();
  }, [onNews]);
}

/** Whether there is a network, and how many texts wait for it. Sends them when it is back. */
export function useOutbox(onSent: () => void): { online: boolean; pending: number; look: () => void } {
  const [online, setOnline] = useState(navigator.onLine);
  const [pending, setPending] = useState(waiting().length);
  const look = useCallback(() => setPending(waiting().length), []);
  useEffect(() => {
    const flush = async () => {
      setOnline(navigator.onLine);
      if (navigator.onLine && waiting().length > 0) {
        await sendWaiting(sendDraft);
        onSent();
      }
      look();
    };
    const start = () => void flush();
    start();
    const timer = window.setInterval(start, RETRY_MS);
    window.addEventListener("online", start);
    window.addEventListener("offline", start);
    return () => {
      window.clearInterval(timer);
      window.removeEventListener("online", start);
      window.removeEventListener("offline", start);
    };
  }, [look, onSent]);
  return { online, pending, look };
}

async function sendDraft(draft: Draft): Promise<"sent" | "refused" | "away"> {
  try {
    await (draft.send === "submit" ? calls.tasks.submit(draft.task, draft.text) : calls.tasks.progress(draft.task, draft.text));
    return "sent";
  } catch (error) {
    return error instanceof ApiError && error.status > 0 ? "refused" : "away";
  }
}

/** The part of the address after `#`: `/task/12` or `/overdue`. */
export function useHash(): [string, (path: string) => void] {
  const [hash, setHash] = useState(window.location.hash.slice(1));
  useEffect(() => {
    const changed = () => setHash(window.location.hash.slice(1));
    window.addEventListener("hashchange", changed);
    return () => window.removeEventListener("hashchange", changed);
  }, []);
  const go = useCallback((path: string) => {
    window.location.hash = path;
  }, []);
  return [hash, go];
}

/** The present, once every few seconds. */
export function useNow(): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = window.setInterval(() => setNow(Date.now()), 1000);
    return () => window.clearInterval(timer);
  }, []);
  return now;
}
