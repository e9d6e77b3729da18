// Findings of sensitive data: where, what, of which grade, and the steward's judgement by keyboard.

import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Button } from "antd";
import { useState } from "react";
import { useLocation, useParams, useSearchParams } from "wouter";
import * as calls from "../../api/calls";
import type { FindingDocument } from "../../api/documents";
import type { AssetBody, DataGradeWord, FindingDetail, FindingReview, FindingRow } from "../../api/types";
import { byteSize } from "../../lib/bytes";
import { HistoryPart } from "../alerts/detail";
import { DetailHead, PageHead, Part, Segments, Split } from "../components/layout";
import { ReasonDialog } from "../components/reason-dialog";
import { Answer, Empty } from "../components/states";
import { Table, type Column } from "../components/table";
import { Chip, Code, Fact, Outside, Time } from "../components/values";
import { Select } from "../components/select";
import { useKeys } from "../core/keys";
import { useNotices } from "../core/notices";
import { useText, useWord } from "../core/preferences";
import { useMay } from "../core/session";
import { AssetDialog, GRADES } from "../steward/catalogue";

const TABS = ["open", "confirmed", "dismissed", "all"] as const;

/** The list with the detail beside it. */
export function DataPage() {
  const t = useText();
  const { id } = useParams<{ id?: string }>();
  const [, navigate] = useLocation();
  const [search, setSearch] = useSearchParams();
  const state = TABS.find((tab) => tab === search.get("state")) ?? "open";
  const go = (path: string) => navigate(`${path}?state=${state}`, { replace: true });
  return (
    <div className="page page-full">
      <PageHead title={t("nav.data")}>
        <Segments
          label={t("column.state")}
          value={state}
          options={TABS.map((value) => ({ value, label: t(`finding_filter.${value}`) }))}
          onChange={(next) => setSearch({ state: next }, { replace: true })}
        />
      </PageHead>
      <Split
        onClose={() => go("/data")}
        detail={id && <FindingView key={id} id={id} />}
        list={<FindingList state={state} chosen={id ?? null} onChoose={(next) => go(`/data/${next}`)} />}
      />
    </div>
  );
}

interface ListProps {
  state: string;
  chosen: string | null;
  onChoose: (id: string) => void;
}

function FindingList({ state, chosen, onChoose }: ListProps) {
  const t = useText();
  const columns = useColumns();
  const query = useQuery({
    queryKey: ["findings", state],
    queryFn: () => calls.findings.list({ state, limit: 200 }),
    placeholderData: keepPreviousData,
  });
  return (
    <Answer query={query}>
      {({ items }) =>
        items.length === 0 ? (
          <Empty title={t("findings.empty")} hint={t("findings.empty.hint")} />
        ) : (
          <Table
            label={t("nav.data")}
            testId="findings"
            columns={columns}
            rows={items}
            rowKey={(row) => row.id}
            chosen={chosen}
            onChoose={onChoose}
          />
        )
      }
    </Answer>
  );
}

/** Grade of data: word and, from level 3 on, a tone. */
export function DataGrade({ grade }: { grade: string }) {
  const word = useWord();
  const tone = { level3: "warn", level4: "bad", important: "bad", core: "bad" }[grade] as "warn" | "bad" | undefined;
  return <Chip tone={tone ?? "plain"}>{word("data_grade", grade)}</Chip>;
}

function useColumns(): Column<FindingRow>[] {
  const t = useText();
  const word = useWord();
  return [
    { key: "time", title: t("column.time"), width: 132, cell: (row) => <Time at={row.time} /> },
    { key: "grade", title: t("finding.grade"), width: 104, cell: (row) => <DataGrade grade={row.grade} /> },
    {
      key: "types",
      title: t("finding.types"),
      cell: (row) => {
        const types = row.types.map((type) => `${type.name_zh} ${type.count}`).join("、");
        return <span title={types}>{types}</span>;
      },
    },
    {
      key: "place",
      title: t("finding.place"),
      cell: (row) => (
        <>
          <span className="quiet">{`${word("place", row.place_kind)} `}</span>
          <Outside text={row.place_name} />
        </>
      ),
    },
    {
      key: "route",
      optional: true,
      title: t("column.route"),
      width: 256,
      cell: (row) => row.source_ip && <span className="mono">{`${row.source_ip} → ${row.destination_ip ?? ""}`}</span>,
    },
    { key: "unit", optional: true, title: t("column.unit"), width: 112, cell: (row) => row.unit.name },
    { key: "state", title: t("column.state"), width: 88, cell: (row) => word("finding_state", row.state) },
  ];
}

function FindingView({ id }: { id: string }) {
  const query = useQuery({ queryKey: ["finding", id], queryFn: () => calls.findings.read(id) });
  return (
    <Answer query={query} rows={8}>
      {(detail) => <Finding detail={detail} />}
    </Answer>
  );
}

function Finding({ detail }: { detail: FindingDetail }) {
  const t = useText();
  const finding = detail.finding as unknown as FindingDocument;
  return (
    <article data-testid="finding-detail">
      <FindingHead detail={detail} finding={finding} />
      <Review detail={detail} />
      <Part title={t("finding.samples")}>
        <Samples detail={detail} finding={finding} />
      </Part>
      <PlacePart finding={finding} />
      <HistoryPart history={detail.history} />
    </article>
  );
}

function FindingHead({ detail, finding }: { detail: FindingDetail; finding: FindingDocument }) {
  const t = useText();
  const word = useWord();
  const { row } = detail;
  return (
    <DetailHead
      title={row.place_name}
      marks={
        <>
          <span data-testid="finding-grade">
            <DataGrade grade={row.grade} />
          </span>
          <Time at={row.time} />
          <Chip>{word("finding_state", row.state)}</Chip>
          <span>{row.unit.name}</span>
        </>
      }
    >
      <p className="quiet">
        {t("incident.basis")}
        <Outside text={finding.grade_basis} />
      </p>
    </DetailHead>
  );
}

function Samples({ detail, finding }: { detail: FindingDetail; finding: FindingDocument }) {
  const t = useText();
  const names = new Map(detail.row.types.map((type) => [type.data_type, type.name_zh]));
  return (
    <table className="facts-table" data-testid="samples">
      <thead>
        <tr>
          <th>{t("finding.type")}</th>
          <th className="numeric">{t("column.count")}</th>
          <th className="numeric">{t("finding.confidence")}</th>
          <th>{t("finding.masked")}</th>
        </tr>
      </thead>
      <tbody>
        {finding.samples.map((sample) => (
          <tr key={sample.data_type}>
            <td>
              {names.get(sample.data_type) ?? sample.data_type}
              <div className="quiet">
                <Outside text={sample.explanation} />
              </div>
            </td>
            <td className="numeric">{sample.count}</td>
            <td className="numeric">{`${sample.confidence}%`}</td>
            <td className="mono">
              {sample.masked.map((value, index) => (
                <div key={index}>
                  <Outside text={value} />
                </div>
              ))}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function PlacePart({ finding }: { finding: FindingDocument }) {
  const t = useText();
  const word = useWord();
  const { place } = finding;
  return (
    <Part title={t("finding.place")}>
      <dl className="facts">
        <Fact label={t("finding.place.kind")}>{word("place", place.kind)}</Fact>
        {place.source_ip && (
          <Fact label={t("column.route")}>
            <span className="mono">{`${place.source_ip} → ${place.destination_ip ?? ""}`}</span>
          </Fact>
        )}
        {place.protocol && <Fact label={t("flow.protocol")}>{place.protocol}</Fact>}
        {place.size !== undefined && <Fact label={t("finding.size")}>{byteSize(place.size)}</Fact>}
        {place.sm3 && (
          <Fact label="SM3">
            <Code text={place.sm3} limit={24} />
          </Fact>
        )}
        <Fact label={t("finding.observer")}>
          <Outside text={finding.observer} />
        </Fact>
      </dl>
    </Part>
  );
}

/** What an asset of the place would say. */
function assetOf({ row }: FindingDetail): AssetBody {
  return {
    name: row.place_name.slice(0, 60),
    kind: row.place_kind === "database" ? "database" : row.place_kind === "wire" ? "stream" : "file",
    location: row.source_ip ? `${row.source_ip} ${row.place_name}`.slice(0, 200) : row.place_name.slice(0, 200),
    custodian: "",
    grade: row.grade,
    types: row.types.map((type) => type.data_type),
    description: "",
    unit: row.unit.code,
    finding_id: row.id,
  };
}

function Review({ detail }: { detail: FindingDetail }) {
  const t = useText();
  const word = useWord();
  const client = useQueryClient();
  const notices = useNotices();
  const may = useMay();
  const [asking, setAsking] = useState<"dismiss" | DataGradeWord | null>(null);
  const [entering, setEntering] = useState(false);
  const { id, state } = detail.row;
  const review = useMutation({
    mutationFn: (body: FindingReview) => calls.findings.review(id, body),
    onSuccess: (next) => {
      client.setQueryData(["finding", id], next);
      void client.invalidateQueries({ queryKey: ["findings"] });
      notices.done(t("done.review"));
    },
    onError: notices.failed,
  });
  const confirm = () => review.mutate({ decision: "confirm" });
  const enabled = state === "open" && may("finding.review");
  useKeys(
    [
      { key: "y", label: "key.confirm", run: confirm },
      { key: "n", label: "key.dismiss", run: () => setAsking("dismiss") },
      ...GRADES.map((grade, index) => ({ key: String(index + 1), label: "key.regrade" as const, run: () => setAsking(grade) })),
    ],
    { enabled },
  );
  const enter = may("asset.write") && (
    <Button onClick={() => setEntering(true)} data-testid="finding-asset">
      {t("finding.asset")}
    </Button>
  );
  const entered = entering && <AssetDialog id={null} asset={assetOf(detail)} onClose={() => setEntering(false)} />;
  if (!enabled) {
    return (
      <div className="verbs">
        {enter}
        {entered}
      </div>
    );
  }
  return (
    <div className="verbs">
      <Button type="primary" onClick={confirm} loading={review.isPending} data-testid="finding-confirm">
        {t("finding.confirm")} <kbd>y</kbd>
      </Button>
      <Button onClick={() => setAsking("dismiss")}>
        {t("finding.dismiss")} <kbd>n</kbd>
      </Button>
      <Select<DataGradeWord>
        placeholder={t("finding.regrade")}
        aria-label={t("finding.regrade")}
        style={{ width: 148 }}
        onChange={setAsking}
        options={GRADES.map((value, index) => ({ value, label: `${index + 1}  ${word("data_grade", value)}` }))}
      />
      {enter}
      {entered}
      {asking === "dismiss" && (
        <ReasonDialog
          title={t("finding.dismiss")}
          verb={t("finding.dismiss")}
          onClose={() => setAsking(null)}
          onSubmit={(reason) => review.mutate({ decision: "dismiss", reason })}
        />
      )}
      {asking && asking !== "dismiss" && (
        <ReasonDialog
          title={t("finding.regrade.to", { grade: word("data_grade", asking) })}
          verb={t("finding.regrade")}
          onClose={() => setAsking(null)}
          onSubmit={(reason) => review.mutate({ decision: "regrade", grade: asking, reason })}
        />
      )}
    </div>
  );
}
