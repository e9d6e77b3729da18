// Which page: first-run wizard, login, forced change of password, or the console itself.

import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useEffect } from "react";
import { Redirect, Route, Switch } from "wouter";
import * as calls from "../api/calls";
import type { SessionView } from "../api/types";
import { Failure } from "./components/states";
import { Frame } from "./core/frame";
import { LiveProvider } from "./core/live";
import { homeOf, PAGES } from "./core/pages";
import { useText } from "./core/preferences";
import { SessionProvider, useMay, useSessionQuery } from "./core/session";
import { Empty, NoPermission } from "./components/states";

// Pages before the console itself: whoever has a session loads none of them.
const EnrolPage = lazy(async () => ({ default: (await import("./pages/enrol")).EnrolPage }));
const LoginPage = lazy(async () => ({ default: (await import("./pages/login")).LoginPage }));
const PasswordPage = lazy(async () => ({ default: (await import("./pages/password")).PasswordPage }));
const SetupPage = lazy(async () => ({ default: (await import("./pages/setup")).SetupPage }));

/** The console. */
export function App() {
  return (
    <Suspense fallback={null}>
      <Gates />
    </Suspense>
  );
}

function Gates() {
  const session = useSessionQuery();
  if (session.error) return <Failure error={session.error} retry={() => void session.refetch()} />;
  if (session.data === undefined) return null;
  if (session.data === null) return <Outside />;
  if (session.data.must_change_password) return <PasswordPage session={session.data} />;
  if (session.data.must_enrol_second_factor) return <EnrolPage session={session.data} />;
  return <Inside session={session.data} />;
}

function Outside() {
  const setup = useQuery({ queryKey: ["setup"], queryFn: calls.setup.read, staleTime: Infinity, retry: false });
  return setup.data?.needed ? <SetupPage onDone={() => void setup.refetch()} /> : <LoginPage />;
}

function Inside({ session }: { session: SessionView }) {
  const onlyPhone = session.roles.length > 0 && session.roles.every((role) => role === "county_officer");
  useEffect(() => {
    if (onlyPhone) window.location.replace("/m");
  }, [onlyPhone]);
  if (onlyPhone) return null;
  return (
    <SessionProvider session={session}>
      <LiveProvider>
        <Frame>
          <Pages />
        </Frame>
      </LiveProvider>
    </SessionProvider>
  );
}

function Pages() {
  const may = useMay();
  const t = useText();
  return (
    <Switch>
      <Route path="/">
        <Redirect to={homeOf(may)} replace />
      </Route>
      {PAGES.map((page) => (
        <Route key={page.path} path={`${page.path}/:id?`}>
          {page.permission === null || may(page.permission) ? <page.component /> : <NoPermission />}
        </Route>
      ))}
      <Route>
        <Empty title={t("page.unknown")} hint={t("page.unknown.hint")} />
      </Route>
    </Switch>
  );
}
