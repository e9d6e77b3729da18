/** @jsxImportSource preact */
// A county's own check in an inspection campaign: every item is met, has a gap (with words), or does not apply. What is
// chosen is kept on the phone until it is sent.

import { useState } from "preact/hooks";
import * as calls from "../api/calls";
import type { AnswerResult, CampaignDetail, InspectionItem, ItemAnswer, SessionView } from "../api/types";
import { remember, remembered } from "../lib/storage";
import { visibleText } from "../lib/text";
import { useLoaded } from "./hooks";
import { Left, Notice, Problem } from "./parts";
import { errorText, t } from "./text";

const RESULTS: readonly AnswerResult[] = ["met", "gap", "not_applicable"];

/** Cards of the campaigns that wait for the unit's answers. */
export function CheckCards({ turn, go }: { turn: number; go: (path: string) => void }) {
  const loaded = useLoaded(`campaigns:${turn}`, calls.campaigns.list);
  const waiting = (loaded.value?.items ?? []).filter((row) => !row.closed_at && row.answered < row.units);
  if (waiting.length === 0) return null;
  return (
    <section class="cards" aria-label={t("checks")}>
      {waiting.map((row) => (
        <button key={row.id} type="button" class="card" onClick={() => go(`/check/${row.id}`)} data-testid="check-card">
          <span class="card-line">
            <span class="chip">{t("checks")}</span>
            <Left dueAt={row.due_at} done={false} />
          </span>
          <strong>{visibleText(row.title)}</strong>
          <span class="card-line">
            <span class="quiet">{t("from", { unit: row.issuer.name })}</span>
            <span class="next">{t("next.check")}</span>
          </span>
        </button>
      ))}
    </section>
  );
}

/** The page of one campaign. */
export function CheckPage({ id, session, onDone }: { id: string; session: SessionView; onDone: () => void }) {
  const loaded = useLoaded(`campaign:${id}`, () => calls.campaigns.read(id));
  if (loaded.error && !loaded.value) return <Problem error={loaded.error} retry={loaded.reload} />;
  if (!loaded.value) return <p class="quiet pad">{t("loading")}</p>;
  return <Check detail={loaded.value} session={session} onDone={onDone} />;
}

type Answers = Record<number, ItemAnswer>;

/** What the unit answered before, or what this phone kept. */
function started(detail: CampaignDetail, unit: string): Answers {
  try {
    const kept = remembered(`check:${detail.row.id}`);
    if (kept) return JSON.parse(kept) as Answers;
  } catch {
    // A draft that can't be read is as good as none.
  }
  const given = detail.inspections.find((inspection) => inspection.unit.code === unit)?.answers ?? [];
  return Object.fromEntries(given.map((answer) => [answer.item, answer]));
}

function Check({ detail, session, onDone }: { detail: CampaignDetail; session: SessionView; onDone: () => void }) {
  const [answers, setAnswers] = useState(() => started(detail, session.unit.code));
  const [error, setError] = useState<unknown>(null);
  const set = (item: number, part: Partial<ItemAnswer>) => {
    const next = { ...answers, [item]: { item, result: "met" as const, note: "", ...answers[item], ...part } };
    remember(`check:${detail.row.id}`, JSON.stringify(next));
    setAnswers(next);
  };
  const fits = ({ index }: InspectionItem) => {
    const answer = answers[index];
    return answer !== undefined && (answer.result !== "gap" || (answer.note ?? "").trim() !== "");
  };
  const left = detail.items.filter((item) => !fits(item)).length;
  const send = async () => {
    try {
      await calls.campaigns.answer(detail.row.id, Object.values(answers));
      remember(`check:${detail.row.id}`, null);
      onDone();
    } catch (cause) {
      setError(cause);
    }
  };
  return (
    <>
      <main class="task" data-testid="check">
        <header class="task-head">
          <p class="card-line">
            <span class="chip">{detail.row.number}</span>
            <Left dueAt={detail.row.due_at} done={false} />
          </p>
          <h1>{visibleText(detail.row.title)}</h1>
          {detail.basis && <p class="quiet">{visibleText(detail.basis)}</p>}
        </header>
        {error !== null && <Notice tone="bad">{errorText(error)}</Notice>}
        {detail.items.map((item) => (
          <Item key={item.index} item={item} answer={answers[item.index]} onChange={(part) => set(item.index, part)} />
        ))}
      </main>
      <footer class="foot">
        <p class="quiet">{left > 0 ? t("check.left", { n: left }) : t("check.ready")}</p>
        <div class="foot-verbs">
          <button type="button" class="primary" disabled={left > 0} onClick={() => void send()} data-testid="send-check">
            {t("check.send")}
          </button>
        </div>
      </footer>
    </>
  );
}

interface ItemProps {
  item: InspectionItem;
  answer: ItemAnswer | undefined;
  onChange: (part: Partial<ItemAnswer>) => void;
}

function Item({ item, answer, onChange }: ItemProps) {
  return (
    <section>
      <fieldset class="check-item">
        <legend>{visibleText(item.text)}</legend>
        {RESULTS.map((result) => (
          <label key={result}>
            <input
              type="radio"
              name={`item-${item.index}`}
              checked={answer?.result === result}
              data-testid={`check-${result}`}
              onChange={() => onChange({ result })}
            />
            <span>{t(`answer.${result}`)}</span>
          </label>
        ))}
      </fieldset>
      {answer?.result === "gap" && (
        <textarea
          rows={2}
          aria-label={t("check.gap")}
          placeholder={t("check.gap")}
          value={answer.note ?? ""}
          data-testid="check-note"
          onInput={(event) => onChange({ note: event.currentTarget.value })}
        />
      )}
    </section>
  );
}
