/** @jsxImportSource preact */
// Warnings in force that concern the officer's unit, above the tasks: level, what to do, receipt.

import { useState } from "preact/hooks";
import * as calls from "../api/calls";
import type { WarningRow } from "../api/types";
import { visibleText } from "../lib/text";
import { shortTime } from "../lib/time";
import { useLoaded } from "./hooks";
import { t } from "./text";

const current = async () => (await calls.warnings.list(true)).items.filter((row) => row.is_for_me);

/** Nothing while no warning concerns the unit. */
export function WarningCards({ turn }: { turn: number }) {
  const loaded = useLoaded(`warnings-${turn}`, current);
  if (!loaded.value?.length) return null;
  return (
    <section class="cards" aria-label={t("warnings")}>
      {loaded.value.map((row) => (
        <Card key={row.id} row={row} onDone={loaded.reload} />
      ))}
    </section>
  );
}

function Card({ row, onDone }: { row: WarningRow; onDone: () => void }) {
  const [failed, setFailed] = useState(false);
  const receive = () => {
    calls.warnings.receive(row.id).then(onDone, () => setFailed(true));
  };
  return (
    <article class={`warning-card warning-${row.level}`} data-testid="warning-card">
      <p>
        <strong>{t(`warning_${row.level}`)}</strong> <span class="quiet">{t("warning_until", { time: shortTime(row.valid_until) })}</span>
      </p>
      <h2>
        <bdi>{visibleText(row.title)}</bdi>
      </h2>
      <p class="pre-line">
        <bdi>{visibleText(row.measures)}</bdi>
      </p>
      {row.allowed.includes("receive") && (
        <button type="button" class="primary" onClick={receive} data-testid="warning-receipt">
          {t("warning_receive")}
        </button>
      )}
      {failed && <p role="alert">{t("warning_failed")}</p>}
    </article>
  );
}
