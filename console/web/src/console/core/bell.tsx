// The bell: what waits for the reader, newest first. It goes away when it is done; what was seen is only paler.

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "wouter";
import * as calls from "../../api/calls";
import type { NotificationRow } from "../../api/types";
import { Icon } from "../components/icons";
import { Popup } from "../components/popup";
import { Countdown, Outside, Time } from "../components/values";
import { LevelMark } from "../warnings/level";
import { useText, useWord } from "./preferences";

/** Where what a notification is about can be done. */
const PATHS: Record<string, (id: string) => string> = {
  task_new: (id) => `/tasks/${id}`,
  task_due: (id) => `/tasks/${id}`,
  task_submitted: (id) => `/tasks/${id}`,
  extension: (id) => `/tasks/${id}`,
  clock: (id) => `/incidents/${id}`,
  warning: (id) => `/warnings/${id}`,
  warning_decide: (id) => `/warnings/${id}`,
  regulation: (id) => `/regulations/${id}`,
  evidence: () => "/evidence-requests",
  share: (id) => `/shares/${id}`,
  task_overdue: (id) => `/tasks/${id}`,
  policy: () => "/policies",
  setting: () => "/settings",
  node: () => "/nodes",
};

/** More unread ones are not counted out. */
const COUNTED = 99;

/** The button with the number of unread ones, and the list. */
export function Bell() {
  const t = useText();
  const client = useQueryClient();
  const query = useQuery({ queryKey: ["notifications"], queryFn: calls.notifications.list, refetchInterval: 60_000 });
  const read = useMutation({
    mutationFn: calls.notifications.read,
    onSuccess: (next) => client.setQueryData(["notifications"], next),
  });
  const items = query.data?.items ?? [];
  const unread = query.data?.unread ?? 0;
  const button = (
    <>
      <Icon name="bell" />
      {unread > 0 && <span className="bell-count">{unread > COUNTED ? `${COUNTED}+` : unread}</span>}
    </>
  );
  const label = unread > 0 ? t("bell.unread", { n: unread }) : t("bell");
  return (
    <Popup kind="dialog" className="icon-button bell" testid="bell" label={label} button={button} named>
      {(close) => (
        <div className="bell-panel">
          <header>
            <h2>{t("bell")}</h2>
            {unread > 0 && (
              <button type="button" className="link" data-testid="bell-read" onClick={() => read.mutate(items.filter((item) => !item.read).map((item) => item.name))}>
                {t("bell.read_all")}
              </button>
            )}
          </header>
          {items.length === 0 && <p className="quiet">{query.error ? t("state.failed") : t("bell.empty")}</p>}
          <ul data-testid="notifications">
            {items.map((item) => (
              <li key={item.name} className={item.read ? undefined : "unread"}>
                <Line
                  item={item}
                  onOpen={() => {
                    if (!item.read) read.mutate([item.name]);
                    close();
                  }}
                />
              </li>
            ))}
          </ul>
        </div>
      )}
    </Popup>
  );
}

function Line({ item, onOpen }: { item: NotificationRow; onOpen: () => void }) {
  const word = useWord();
  return (
    <Link href={PATHS[item.kind]?.(item.object) ?? "/"} className="plain-link bell-line" onClick={onOpen}>
      <span className="bell-kind">
        {item.level && <LevelMark level={item.level} />}
        {word("notification", item.kind)}
        <Time at={item.at} />
      </span>
      <span className="bell-title">
        <Outside text={item.title} />
      </span>
      {item.due_at && item.kind !== "warning" && <Countdown dueAt={item.due_at} />}
    </Link>
  );
}
