/** @jsxImportSource preact */
// Policies that the officer's unit still has to sign: cards above the tasks, and the page on which one is read and signed.

import { useState } from "preact/hooks";
import * as calls from "../api/calls";
import type { RegulationDetail } from "../api/types";
import { visibleText } from "../lib/text";
import { useLoaded } from "./hooks";
import { Left, Notice, Problem } from "./parts";
import { errorText, t } from "./text";

const toSign = async () => (await calls.regulations.list(true)).items;

/** Cards of the policies that wait. */
export function PolicyCards({ turn, go }: { turn: number; go: (path: string) => void }) {
  const loaded = useLoaded(`policies:${turn}`, toSign);
  if (!loaded.value?.length) return null;
  return (
    <section class="cards" aria-label={t("policies")}>
      {loaded.value.map((row) => (
        <button key={row.id} type="button" class="card" onClick={() => go(`/policy/${row.id}`)} data-testid="policy-card">
          <span class="card-line">
            <span class="chip">{t("policies")}</span>
            <Left dueAt={row.sign_by} done={false} />
          </span>
          <strong>{visibleText(row.title)}</strong>
          <span class="card-line">
            <span class="quiet">{t("policy.by", { unit: row.unit.name })}</span>
            <span class="next">{t("policy.next")}</span>
          </span>
        </button>
      ))}
    </section>
  );
}

/** The page of one policy. */
export function PolicyPage({ id, onDone }: { id: string; onDone: () => void }) {
  const loaded = useLoaded(`policy:${id}`, () => calls.regulations.read(id));
  if (loaded.error && !loaded.value) return <Problem error={loaded.error} retry={loaded.reload} />;
  if (!loaded.value) return <p class="quiet pad">{t("loading")}</p>;
  return <Policy detail={loaded.value} onDone={onDone} onChanged={loaded.reload} />;
}

function Policy({ detail, onDone, onChanged }: { detail: RegulationDetail; onDone: () => void; onChanged: () => void }) {
  const [error, setError] = useState<unknown>(null);
  const { row, text } = detail;
  const sign = () =>
    calls.regulations.sign(row.id, row.version).then(onDone, (cause: unknown) => {
      setError(cause);
      // There may be a newer version, which is read before it is signed.
      onChanged();
    });
  return (
    <>
      <main class="task" data-testid="policy">
        <header class="task-head">
          <p class="card-line">
            <span class="chip">{`${row.number} · ${t("policy.version", { n: row.version })}`}</span>
            {row.allowed.includes("sign") && <Left dueAt={row.sign_by} done={false} />}
          </p>
          <h1>{visibleText(row.title)}</h1>
          <p class="quiet">{t("policy.by", { unit: row.unit.name })}</p>
        </header>
        {error !== null && <Notice tone="bad">{errorText(error)}</Notice>}
        {text.changes && <p class="quiet pre-line">{visibleText(text.changes)}</p>}
        <section class="pre-line" data-testid="policy-text">
          <bdi>{visibleText(text.text)}</bdi>
        </section>
        {text.file && (
          <a href={calls.regulations.fileAddress(row.id, text.version)} download>
            {t("policy.file", { name: visibleText(text.file.name) })}
          </a>
        )}
      </main>
      <footer class="foot">
        {row.allowed.includes("sign") ? (
          <div class="foot-verbs">
            <button type="button" class="primary" onClick={() => void sign()} data-testid="policy-sign">
              {t("policy.sign")}
            </button>
          </div>
        ) : (
          <p class="quiet">{t(row.withdrawn_at ? "policy.gone" : "policy.signed")}</p>
        )}
      </footer>
    </>
  );
}
