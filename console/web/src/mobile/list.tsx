/** @jsxImportSource preact */
// The tasks of the unit under tabs: each a card that says what, how long left and what to do next.

import * as calls from "../api/calls";
import type { TaskRow } from "../api/types";
import { visibleText } from "../lib/text";
import { useLoaded } from "./hooks";
import { Left, Problem } from "./parts";
import { t, word } from "./text";

const TABS = ["to_sign", "working", "overdue", "submitted", "done"] as const;
type Tab = (typeof TABS)[number];

interface ListProps {
  tab: string;
  turn: number;
  go: (path: string) => void;
}

/** Which tab a task stands under. */
function belongs(row: Pick<TaskRow, "state" | "overdue">, tab: Tab): boolean {
  if (tab === "overdue") return row.overdue;
  if (tab === "to_sign") return row.state === "new";
  if (tab === "working") return row.state === "signed" || row.state === "working";
  if (tab === "submitted") return row.state === "submitted";
  return row.state === "verified" || row.state === "closed" || row.state === "cancelled";
}

/** The list. */
export function ListPage({ tab, turn, go }: ListProps) {
  const loaded = useLoaded(`tasks:${turn}`, () => calls.tasks.list({ state: "all", limit: 200 }));
  if (loaded.error && !loaded.value) return <Problem error={loaded.error} retry={loaded.reload} />;
  const rows = loaded.value?.items ?? [];
  const chosen = TABS.find((name) => name === tab) ?? TABS.find((name) => rows.some((row) => belongs(row, name))) ?? "to_sign";
  const shown = rows.filter((row) => belongs(row, chosen));
  return (
    <>
      <nav class="tabs" aria-label={t("title")}>
        {TABS.map((name) => (
          <button
            key={name}
            type="button"
            aria-current={name === chosen ? "page" : undefined}
            data-testid={`tab-${name}`}
            onClick={() => go(`/${name}`)}
          >
            {word("tab", name)}
            <b>{rows.filter((row) => belongs(row, name)).length}</b>
          </button>
        ))}
      </nav>
      <main class="cards">
        {!loaded.value && <p class="quiet pad">{t("loading")}</p>}
        {loaded.value && shown.length === 0 && <Nothing tab={chosen} />}
        {shown.map((row) => (
          <Card key={row.id} row={row} onOpen={() => go(`/task/${row.id}`)} />
        ))}
      </main>
    </>
  );
}

function Nothing({ tab }: { tab: Tab }) {
  return (
    <div class="state">
      <p>{t(`empty.${tab}`)}</p>
      <p class="quiet">{t("empty.hint")}</p>
    </div>
  );
}

const NEXT: Record<TaskRow["state"], "next.sign" | "next.work" | "next.wait" | "next.none"> = {
  new: "next.sign",
  signed: "next.work",
  working: "next.work",
  submitted: "next.wait",
  verified: "next.none",
  closed: "next.none",
  cancelled: "next.none",
};

function Card({ row, onOpen }: { row: TaskRow; onOpen: () => void }) {
  return (
    <button type="button" class={row.overdue ? "card card-over" : "card"} onClick={onOpen} data-testid="task-card">
      <span class="card-line">
        <span class="quiet mono">{row.number}</span>
        {row.priority === "urgent" && <span class="chip">{t("urgent")}</span>}
        <Left dueAt={row.due_at} done={Boolean(row.submitted_at)} />
      </span>
      <strong>{visibleText(row.title)}</strong>
      <span class="card-line">
        <span class="quiet">{t("from", { unit: row.issuer.unit_name })}</span>
        <span class="next">{t(NEXT[row.state])}</span>
      </span>
    </button>
  );
}
