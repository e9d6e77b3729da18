// The sensor fleet: what each sees, what it lost and why, which rules it runs.

import { useQuery } from "@tanstack/react-query";
import * as calls from "../../api/calls";
import type { BooksView, SensorView, UplinkView } from "../../api/types";
import { equations, type Equation } from "../../lib/conservation";
import { PageHead } from "../components/layout";
import { Answer, Empty } from "../components/states";
import { Table, type Column } from "../components/table";
import { Chip, Code, Outside, Time, TrustMark } from "../components/values";
import { useText, useWord } from "../core/preferences";

/** The list of sensors. */
export function SensorsPage() {
  const t = useText();
  const columns = useColumns();
  const query = useQuery({ queryKey: ["sensors"], queryFn: calls.sensors, refetchInterval: 15_000 });
  return (
    <div className="page page-full">
      <PageHead title={t("nav.sensors")} note={query.data && t("sensors.total", { n: query.data.items.length })} />
      <Answer query={query}>
        {({ items, books }) => (
          <>
            {items.length === 0 ? (
              <Empty title={t("sensors.empty")} hint={t("sensors.empty.hint")} />
            ) : (
              <>
                <Fleet sensors={items} />
                <Table label={t("nav.sensors")} testId="sensors" columns={columns} rows={items} rowKey={(row) => row.name} />
              </>
            )}
            <Conservation equations={equations(items, books)} />
            {books && <Books books={books} />}
          </>
        )}
      </Answer>
    </div>
  );
}

/** The whole fleet in a line: how much of the traffic is inspected, which rule versions run. */
function Fleet({ sensors }: { sensors: readonly SensorView[] }) {
  const t = useText();
  const seen = sensors.reduce((sum, sensor) => sum + sensor.packets_seen, 0);
  const inspected = sensors.reduce((sum, sensor) => sum + sensor.packets_inspected, 0);
  const versions = new Map<string, number>();
  for (const sensor of sensors) versions.set(sensor.rules_version, (versions.get(sensor.rules_version) ?? 0) + 1);
  const newest = [...versions].sort((one, other) => other[1] - one[1]);
  return (
    <dl className="numbers fleet" data-testid="fleet">
      <div>
        <dt>{t("fleet.visibility")}</dt>
        <dd className={seen > 0 && inspected / seen < 0.99 ? "bad" : undefined}>{seen > 0 ? `${((100 * inspected) / seen).toFixed(2)}%` : "—"}</dd>
      </div>
      <div>
        <dt>{t("fleet.trouble")}</dt>
        <dd className={sensors.some((sensor) => sensor.state !== "ok") ? "bad" : undefined}>
          {sensors.filter((sensor) => sensor.state !== "ok").length}
        </dd>
      </div>
      <div>
        <dt>{t("fleet.versions", { n: versions.size })}</dt>
        <dd className="fleet-versions">
          {newest.map(([version, number], index) => (
            <Chip key={version} tone={index === 0 ? "good" : "warn"}>
              {`${version.slice(0, 8) || "—"} × ${number}`}
            </Chip>
          ))}
        </dd>
      </div>
    </dl>
  );
}

/** The conservation law in numbers: what went in is what came out, was lost for a counted cause, or is on its way. */
function Conservation({ equations }: { equations: readonly Equation[] }) {
  const t = useText();
  if (equations.length === 0) return null;
  return (
    <section data-testid="conservation">
      <h2>{t("law.title")}</h2>
      <ul>
        {equations.map(({ name, total, parts, holds }) => (
          <li key={name} data-testid={`law-${name}`}>
            {`${t(`law.${name}`)} ${count(total)} = ${parts.map((part) => `${t(part.label)} ${count(part.value)}`).join(" + ")} `}
            <Chip tone={holds ? "good" : "bad"}>{t(holds ? "sensor.balanced" : "sensor.unbalanced")}</Chip>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** The books: what the spool took is in the index, in quarantine or in flight; what a sensor wrote is here or on the way. */
function Books({ books }: { books: BooksView }) {
  const t = useText();
  const columns = useUplinkColumns();
  const parts = ["spooled", "indexed", "quarantined", "repeated", "unreadable", "in_flight"] as const;
  return (
    <section data-testid="books">
      <h2>{t("books.title")}</h2>
      <dl className="numbers">
        {parts.map((part) => (
          <div key={part}>
            <dt>{t(`books.${part}`)}</dt>
            <dd>{count(books[part])}</dd>
          </div>
        ))}
        <div>
          <dt>{t("sensor.balance")}</dt>
          <dd className={books.balanced ? undefined : "bad"}>{t(books.balanced ? "sensor.balanced" : "sensor.unbalanced")}</dd>
        </div>
      </dl>
      {books.uplinks.length > 0 && (
        <Table label={t("books.uplinks")} testId="uplinks" columns={columns} rows={books.uplinks} rowKey={(row) => row.sensor} />
      )}
    </section>
  );
}

function useUplinkColumns(): Column<UplinkView>[] {
  const t = useText();
  const numbers = ["emitted", "spooled", "shed", "written", "taken", "waiting", "missing"] as const;
  return [
    { key: "sensor", title: t("sensor.name"), cell: (row) => <span className="mono"><Outside text={row.sensor} /></span> },
    ...numbers.map((name) => ({
      key: name,
      title: t(`uplink.${name}`),
      numeric: true,
      width: 96,
      cell: (row: UplinkView) => ((name === "shed" || name === "missing") && row[name] > 0 ? <Chip tone="bad">{count(row[name])}</Chip> : count(row[name])),
    })),
    {
      key: "balance",
      title: t("sensor.balance"),
      width: 72,
      cell: (row) => (row.balanced ? t("sensor.balanced") : <Chip tone="bad">{t("sensor.unbalanced")}</Chip>),
    },
    { key: "heard", title: t("sensor.last_seen"), width: 132, cell: (row) => <Time at={row.heard} /> },
  ];
}

const count = (value: number): string => value.toLocaleString("en-US");

/** The part of what was seen, as words behind a number; what is less than a hundredth of a percent says so. */
function shareOf(part: number, seen: number): string {
  if (seen <= 0) return "";
  const percent = (100 * part) / seen;
  return percent < 0.01 ? " (<0.01%)" : ` (${percent.toFixed(2)}%)`;
}

function useColumns(): Column<SensorView>[] {
  const t = useText();
  const word = useWord();
  return [
    { key: "state", title: t("column.state"), width: 88, cell: (row) => <StateMark row={row} /> },
    { key: "name", title: t("sensor.name"), cell: (row) => <span className="mono"><Outside text={row.name} /></span> },
    { key: "unit", title: t("column.unit"), width: 112, cell: (row) => row.unit.name },
    { key: "interface", title: t("sensor.interface"), cell: (row) => <Outside text={row.interface} /> },
    {
      key: "inspected",
      title: t("sensor.inspected"),
      numeric: true,
      width: 88,
      cell: (row) => `${(row.inspected_basis_points / 100).toFixed(2)}%`,
    },
    { key: "packets", title: t("sensor.packets"), numeric: true, width: 112, cell: (row) => count(row.packets_seen) },
    {
      key: "losses",
      width: 200,
      title: t("sensor.losses"),
      cell: (row) => {
        const losses = row.losses.filter((loss) => loss.count > 0);
        if (losses.length === 0) return t("sensor.no_losses");
        return losses.map((loss) => (
          <div key={loss.cause} className="loss" title={word("loss_hint", loss.cause)}>
            {`${word("loss", loss.cause)} ${count(loss.count)}${shareOf(loss.count, row.packets_seen)}`}
          </div>
        ));
      },
    },
    {
      key: "balance",
      title: t("sensor.balance"),
      width: 72,
      cell: (row) => (row.balances ? t("sensor.balanced") : <Chip tone="bad">{t("sensor.unbalanced")}</Chip>),
    },
    { key: "rules", title: t("sensor.rules"), numeric: true, width: 96, cell: (row) => <Rules row={row} /> },
    { key: "trust", title: t("nodes.trust"), width: 80, cell: (row) => <TrustMark trust={row.trust} /> },
    { key: "version", title: t("sensor.version"), width: 120, cell: (row) => <Code text={row.rules_version} limit={12} /> },
    { key: "events", title: t("sensor.events"), numeric: true, width: 96, cell: (row) => count(row.events_emitted) },
    { key: "seen", title: t("sensor.last_seen"), width: 132, cell: (row) => <Time at={row.last_seen} /> },
  ];
}

/** Rules in force; those that did not load stand out. */
function Rules({ row }: { row: SensorView }) {
  const t = useText();
  return (
    <>
      {count(row.rules_loaded)}
      {row.rules_failed > 0 && (
        <>
          {" "}
          <Chip tone="bad">{t("sensor.rules_failed", { n: row.rules_failed })}</Chip>
        </>
      )}
    </>
  );
}

function StateMark({ row }: { row: SensorView }) {
  const word = useWord();
  return (
    <span className="state-mark">
      <span className={`dot dot-${row.state}`} aria-hidden="true" />
      {word("sensor_state", row.state)}
    </span>
  );
}
