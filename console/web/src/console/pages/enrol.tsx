// Where every account needs a second factor, one without it sets it up before anything else.

import type { SessionView } from "../../api/types";
import { SessionProvider } from "../core/session";
import { useText } from "../core/preferences";
import { FactorCards } from "./account";

/** The two ways to set one up. */
export function EnrolPage({ session }: { session: SessionView }) {
  const t = useText();
  return (
    <SessionProvider session={session}>
      <main className="enrol-page">
        <h1>{t("enrol.title")}</h1>
        <p className="quiet">{t("enrol.hint")}</p>
        <FactorCards />
      </main>
    </SessionProvider>
  );
}
