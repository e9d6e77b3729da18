/** @jsxImportSource preact */
// The county officer's pages: login, list, task.

import { useCallback, useState } from "preact/hooks";
import * as calls from "../api/calls";
import { ApiError } from "../api/client";
import type { SessionView } from "../api/types";
import { remember } from "../lib/storage";
import { CheckCards, CheckPage } from "./checks";
import { useHash, useLoaded, useOutbox, useTaskNews } from "./hooks";
import { ListPage } from "./list";
import { LoginPage, PasswordPage } from "./login";
import { Notice, Problem } from "./parts";
import { PolicyCards, PolicyPage } from "./policies";
import { TaskPage } from "./task";
import { WarningCards } from "./warnings";
import { t } from "./text";

async function readSession(): Promise<{ session: SessionView | null }> {
  try {
    return { session: await calls.session.read() };
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) return { session: null };
    throw error;
  }
}

/** Login, change of password, or the tasks. */
export function App() {
  const loaded = useLoaded("session", readSession);
  const set = (session: SessionView) => loaded.set({ session });
  if (loaded.error) return <Problem error={loaded.error} retry={loaded.reload} />;
  if (!loaded.value) return <p class="quiet pad">{t("loading")}</p>;
  const { session } = loaded.value;
  if (!session) return <LoginPage onDone={set} />;
  if (session.must_change_password) return <PasswordPage onDone={set} />;
  if (!session.permissions.includes("task.work")) return <WrongRole />;
  return <Tasks session={session} />;
}

function WrongRole() {
  return (
    <div class="state">
      <p>{t("wrong_role")}</p>
      <a href="/">{t("to_console")}</a>
    </div>
  );
}

function Tasks({ session }: { session: SessionView }) {
  const [hash, go] = useHash();
  const [turn, setTurn] = useState(0);
  const news = useCallback(() => setTurn((old) => old + 1), []);
  useTaskNews(news);
  const outbox = useOutbox(news);
  const task = /^\/task\/(.+)$/.exec(hash)?.[1];
  const check = /^\/check\/(.+)$/.exec(hash)?.[1];
  const policy = /^\/policy\/(.+)$/.exec(hash)?.[1];
  const checked = () => {
    news();
    go("/");
  };
  return (
    <div class="phone">
      <Top session={session} back={task || check || policy ? () => go("/") : null} />
      {!outbox.online && <Notice tone="warn">{t("offline")}</Notice>}
      {outbox.pending > 0 && <Notice tone="warn">{t("pending", { n: outbox.pending })}</Notice>}
      {task && <TaskPage key={task} id={task} turn={turn} onKept={outbox.look} />}
      {check && <CheckPage key={check} id={check} session={session} onDone={checked} />}
      {policy && <PolicyPage key={policy} id={policy} onDone={checked} />}
      {!task && !check && !policy && (
        <>
          {session.permissions.includes("warning.read") && <WarningCards turn={turn} />}
          {session.permissions.includes("regulation.sign") && <PolicyCards turn={turn} go={go} />}
          {session.permissions.includes("campaign.answer") && <CheckCards turn={turn} go={go} />}
          <ListPage tab={hash.slice(1)} turn={turn} go={go} />
        </>
      )}
    </div>
  );
}

function Top({ session, back }: { session: SessionView; back: (() => void) | null }) {
  const [large, setLarge] = useState(document.documentElement.dataset["large"] === "yes");
  const toggle = () => {
    remember("large", large ? null : "yes");
    document.documentElement.dataset["large"] = large ? "no" : "yes";
    setLarge(!large);
  };
  const logOut = async () => {
    await calls.session.logout().catch(() => undefined);
    window.location.reload();
  };
  return (
    <header class="top">
      {back ? (
        <button type="button" class="plain" onClick={back} data-testid="back">
          {`‹ ${t("back")}`}
        </button>
      ) : (
        <strong data-testid="unit">{session.unit.name}</strong>
      )}
      <span class="top-end">
        <button type="button" class="plain" aria-pressed={large} onClick={toggle}>
          {t("large")}
        </button>
        <button type="button" class="plain" onClick={() => void logOut()}>
          {t("logout")}
        </button>
      </span>
    </header>
  );
}
