// Brings changes of the server into the pages: what is stale is asked for again, lists under the hand only announce.

import { useQueryClient } from "@tanstack/react-query";
import { createContext, useContext, useEffect, useState, type ReactNode } from "react";
import { follow, type ChangeKind, type StreamState } from "../../api/stream";

/** Changes are gathered for this long before pages ask again. */
const GATHER_MS = 800;
/** A break shorter than this heals by itself and is not worth a word. */
const GRACE_MS = 6000;

/** First words of the query keys that a kind of change makes stale. `alert-queue` is never among them: it is frozen. */
const STALE: Record<ChangeKind, readonly string[]> = {
  alert: ["alert-news", "alert", "overview", "incident"],
  incident: ["incidents", "incident", "overview"],
  task: ["tasks", "task", "incident", "overview", "notifications"],
  finding: ["findings", "finding", "overview"],
  sensor: ["sensors", "overview"],
  clock: ["overview", "incident", "notifications"],
  warning: ["warnings", "notifications"],
  regulation: ["regulations", "notifications"],
  evidence: ["evidence-requests", "alert", "notifications"],
};

const LiveContext = createContext<StreamState>("connecting");

/** Follows the stream while somebody is logged in. */
export function LiveProvider({ children }: { children: ReactNode }) {
  const client = useQueryClient();
  const [state, setState] = useState<StreamState>("connecting");
  useEffect(() => {
    const stale = new Set<string>();
    let timer: number | undefined;
    const flush = () => {
      timer = undefined;
      for (const name of stale) void client.invalidateQueries({ queryKey: [name] });
      stale.clear();
    };
    let grace: number | undefined;
    const onState = (next: StreamState) => {
      window.clearTimeout(grace);
      if (next === "lost") grace = window.setTimeout(() => setState("lost"), GRACE_MS);
      else setState(next);
    };
    const stop = follow((change) => {
      for (const name of STALE[change.kind] ?? []) stale.add(name);
      timer ??= window.setTimeout(flush, GATHER_MS);
    }, onState);
    return () => {
      window.clearTimeout(timer);
      window.clearTimeout(grace);
      stop();
    };
  }, [client]);
  return <LiveContext value={state}>{children}</LiveContext>;
}

/** Whether news arrive by themselves at the moment. */
export function useStreamState(): StreamState {
  return useContext(LiveContext);
}
