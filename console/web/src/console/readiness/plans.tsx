// Emergency plans: the library, what is activated now, and one plan or activation beside it.

import { useQuery } from "@tanstack/react-query";
import { Button } from "antd";
import { useState } from "react";
import { Link, useLocation } from "wouter";
import { plans, type ActivationRow, type PlanList, type PlanRow } from "../../api/readiness";
import { DetailHead, Part, Split } from "../components/layout";
import { ReasonDialog } from "../components/reason-dialog";
import { Answer, Empty } from "../components/states";
import { Table, type Column } from "../components/table";
import { Chip, Fact, Outside, Time } from "../components/values";
import { useText } from "../core/preferences";
import { useMay } from "../core/session";
import { useActing } from "./acting";
import { ActivateDialog, Activation } from "./activation";
import { ReadinessHead } from "./page";
import { PlanEditor } from "./plan-editor";
import { byPhase } from "./steps";
import { useReadinessTexts } from "./text";

const HERE = "/readiness?tab=plans";
const pathOf = (id: string) => `/readiness/${id}?tab=plans`;

/** The part. */
export function Plans({ chosen }: { chosen: string | undefined }) {
  const r = useReadinessTexts();
  const may = useMay();
  const [, navigate] = useLocation();
  const [writing, setWriting] = useState(false);
  const query = useQuery({ queryKey: ["plans"], queryFn: plans.list });
  const running = query.data?.activations.filter((one) => !one.ended_at) ?? [];
  return (
    <>
      <ReadinessHead note={running.length > 0 && r("running", { n: running.length })}>
        {may("plan.write") && (
          <Button type="primary" size="small" onClick={() => setWriting(true)} data-testid="plan-new">
            {r("plan.new")}
          </Button>
        )}
      </ReadinessHead>
      {writing && <PlanEditor templates={query.data?.templates ?? []} onClose={() => setWriting(false)} onDone={(plan) => navigate(pathOf(plan.id))} />}
      <Split
        onClose={() => navigate(HERE, { replace: true })}
        detail={chosen !== undefined && query.data && <Beside list={query.data} chosen={chosen} />}
        list={<Answer query={query}>{(list) => <Lists list={list} chosen={chosen} onChoose={(id) => navigate(pathOf(id), { replace: true })} />}</Answer>}
      />
    </>
  );
}

interface ListsProps {
  list: PlanList;
  chosen: string | undefined;
  onChoose: (id: string) => void;
}

/** What runs, then the library, then what ended. Activations are named `a` and their number. */
function Lists({ list, chosen, onChoose }: ListsProps) {
  const r = useReadinessTexts();
  const running = list.activations.filter((one) => !one.ended_at);
  const ended = list.activations.filter((one) => one.ended_at);
  const columns = useActivationColumns();
  const planColumns = usePlanColumns();
  const table = (label: string, rows: ActivationRow[], testId: string) => (
    <section className="readiness-list">
      <h2>{label}</h2>
      <Table label={label} testId={testId} columns={columns} rows={rows} rowKey={(row) => `a${row.id}`} chosen={chosen ?? null} onChoose={onChoose} />
    </section>
  );
  return (
    <div className="readiness-lists">
      {running.length > 0 && table(r("activations.running"), running, "activations-running")}
      <section className="readiness-list">
        <h2>{r("plans")}</h2>
        {list.items.length === 0 ? (
          <Empty title={r("plans.empty")} hint={r("plans.empty.hint")} />
        ) : (
          <Table label={r("plans")} testId="plans" columns={planColumns} rows={list.items} rowKey={(row) => row.id} chosen={chosen ?? null} onChoose={onChoose} />
        )}
      </section>
      {ended.length > 0 && table(r("activations.ended"), ended, "activations-ended")}
    </div>
  );
}

function usePlanColumns(): Column<PlanRow>[] {
  const t = useText();
  const r = useReadinessTexts();
  return [
    { key: "title", title: r("plan"), cell: (row) => <Outside text={row.title} /> },
    { key: "scenario", title: r("plan.scenario"), optional: true, cell: (row) => <Outside text={row.scenario} /> },
    { key: "steps", title: r("plan.steps"), numeric: true, width: 72, cell: (row) => row.steps.length },
    { key: "drilled", title: r("plan.drilled"), width: 148, cell: (row) => (row.drilled_at ? <Time at={row.drilled_at} /> : <Chip tone="warn">{r("plan.never")}</Chip>) },
    { key: "unit", title: t("column.unit"), width: 104, optional: true, cell: (row) => row.unit.name },
    { key: "number", title: r("number"), width: 112, optional: true, cell: (row) => <span className="mono">{row.number}</span> },
  ];
}

function useActivationColumns(): Column<ActivationRow>[] {
  const t = useText();
  const r = useReadinessTexts();
  return [
    { key: "kind", title: r("kind"), width: 88, cell: (row) => <Chip tone={row.kind === "real" ? "bad" : "plain"}>{r(`kind.${row.kind}`)}</Chip> },
    { key: "level", title: r("level"), width: 88, cell: (row) => r(`level.${row.level}`) },
    { key: "title", title: r("plan"), cell: (row) => <Outside text={row.title} /> },
    { key: "done", title: r("done"), width: 88, numeric: true, cell: (row) => `${row.steps.filter((step) => step.done_at).length} / ${row.steps.length}` },
    { key: "unit", title: t("column.unit"), width: 104, optional: true, cell: (row) => row.unit.name },
    { key: "started", title: r("started"), width: 148, cell: (row) => <Time at={row.started_at} /> },
  ];
}

function Beside({ list, chosen }: { list: PlanList; chosen: string }) {
  const t = useText();
  const activation = list.activations.find((one) => `a${one.id}` === chosen);
  const plan = list.items.find((one) => one.id === chosen);
  if (activation) return <Activation row={activation} />;
  if (plan) return <Plan key={plan.id} row={plan} list={list} />;
  return <Empty title={t("state.missing")} />;
}

function Plan({ row, list }: { row: PlanRow; list: PlanList }) {
  const r = useReadinessTexts();
  const [, navigate] = useLocation();
  const [asked, setAsked] = useState<"revise" | "activate" | "retire" | null>(null);
  const { act } = useActing("plans", () => navigate(HERE, { replace: true }));
  const own = list.activations.filter((one) => one.plan_id === row.id);
  return (
    <article data-testid="plan-detail">
      <DetailHead
        title={row.title}
        marks={
          <>
            <Chip>{r("version", { n: row.version })}</Chip>
            <span className="mono">{row.number}</span>
          </>
        }
      />
      <div className="verbs">
        {row.allowed.includes("activate") && (
          <Button type="primary" onClick={() => setAsked("activate")} data-testid="plan-activate">
            {r("activate")}
          </Button>
        )}
        {row.allowed.includes("revise") && <Button onClick={() => setAsked("revise")}>{r("revise")}</Button>}
        {row.allowed.includes("revise") && <Button onClick={() => setAsked("retire")}>{r("retire")}</Button>}
      </div>
      <Part title={r("plan.about")}>
        <dl className="facts">
          <Fact label={r("plan.scenario")} wide>
            <Outside text={row.scenario} />
          </Fact>
          <Fact label={r("plan.updated")}>
            <Outside text={row.updated_by} /> <Time at={row.updated_at} />
          </Fact>
          <Fact label={r("plan.drilled")}>{row.drilled_at ? <Time at={row.drilled_at} /> : r("plan.never")}</Fact>
        </dl>
      </Part>
      {byPhase(row.steps).map(({ phase, steps }, index) => (
        <Part key={index} title={phase}>
          <ol className="plan-steps">
            {steps.map((step, place) => (
              <li key={place}>
                <Outside text={step.text} />
                <span className="quiet">
                  <Outside text={step.who} />
                </span>
              </li>
            ))}
          </ol>
        </Part>
      ))}
      {own.length > 0 && (
        <Part title={r("plan.activations")}>
          <ul className="lines">
            {own.map((one) => (
              <li key={one.id}>
                <Link href={pathOf(`a${one.id}`)} className="line-title">
                  {r(`kind.${one.kind}`)} {r(`level.${one.level}`)} · {one.unit.name}
                </Link>
                <Time at={one.started_at} />
              </li>
            ))}
          </ul>
        </Part>
      )}
      {asked === "activate" && <ActivateDialog plan={row} onClose={() => setAsked(null)} onDone={(one) => navigate(pathOf(`a${one.id}`), { replace: true })} />}
      {asked === "revise" && <PlanEditor plan={row} templates={[]} onClose={() => setAsked(null)} onDone={() => setAsked(null)} />}
      {asked === "retire" && <ReasonDialog title={r("retire")} verb={r("retire")} danger onClose={() => setAsked(null)} onSubmit={(reason) => act(() => plans.retire(row.id, reason), r("retire.done"))} />}
    </article>
  );
}
