// Traces of leaks: a leaked table goes in, the recipient its copy was made for comes out, with the evidence.

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Button } from "antd";
import { useState } from "react";
import * as calls from "../../api/calls";
import type { TraceRow } from "../../api/types";
import { FileField } from "../components/file-field";
import { Card, PageHead } from "../components/layout";
import { Answer, Empty } from "../components/states";
import { Chip, Code, Outside, Time } from "../components/values";
import { useNotices } from "../core/notices";
import { useText } from "../core/preferences";
import { useMay } from "../core/session";

/** The page. */
export function TracesPage() {
  const t = useText();
  const may = useMay();
  const query = useQuery({ queryKey: ["traces"], queryFn: calls.traces.list });
  return (
    <div className="page">
      <PageHead title={t("nav.traces")} />
      {may("trace.run") && <Run />}
      <Answer query={query}>
        {({ items }) =>
          items.length === 0 ? (
            <Card>
              <Empty title={t("traces.empty")} hint={t("traces.empty.hint")} />
            </Card>
          ) : (
            <>
              {items.map((row) => (
                <Trace key={row.id} row={row} />
              ))}
            </>
          )
        }
      </Answer>
    </div>
  );
}

function Run() {
  const t = useText();
  const client = useQueryClient();
  const notices = useNotices();
  const [file, setFile] = useState<File | null>(null);
  const run = useMutation({
    mutationFn: calls.traces.run,
    onSuccess: (next) => {
      client.setQueryData(["traces"], next);
      setFile(null);
    },
    onError: notices.failed,
  });
  return (
    <Card title={t("traces.new")}>
      <div className="form">
        <FileField label={t("traces.file")} hint={t("traces.file.hint")} accept=".csv,.tsv,.jsonl,.xlsx" file={file} onChange={setFile} />
        <div>
          <Button type="primary" disabled={!file} loading={run.isPending} onClick={() => file && run.mutate(file)} data-testid="trace-run">
            {t("traces.run")}
          </Button>
        </div>
      </div>
    </Card>
  );
}

function Trace({ row }: { row: TraceRow }) {
  const t = useText();
  const found = row.named.length > 0;
  return (
    <Card
      title={found ? t("traces.named", { name: row.named.join("、") }) : t("traces.nobody")}
      extra={
        <>
          <Chip tone={found ? "bad" : "plain"}>{found ? t("traces.found") : t("traces.not_found")}</Chip>
          <Time at={row.created_at} />
          <a className="button button-small" href={calls.traces.reportAddress(row.id)} download>
            {t("traces.report")}
          </a>
        </>
      }
    >
      <div data-testid="trace" className="detail-meta">
        <Outside text={row.file_name} />
        <Code text={row.file_sm3} limit={20} />
        <span className="quiet">{t("traces.compared", { n: row.datasets })}</span>
      </div>
      {row.suspects.length > 0 && (
        <table className="facts-table">
          <thead>
            <tr>
              <th>{t("shares.recipient")}</th>
              <th>{t("traces.source")}</th>
              <th className="numeric">{t("traces.marks")}</th>
              <th className="numeric">{t("traces.score")}</th>
              <th className="numeric">{t("traces.error")}</th>
              <th>{t("traces.verdict")}</th>
            </tr>
          </thead>
          <tbody>
            {row.suspects.slice(0, 8).map((suspect, index) => (
              <tr key={index}>
                <td>
                  <Outside text={suspect.recipient} />
                </td>
                <td>
                  <Outside text={suspect.source} />
                </td>
                <td className="numeric">{suspect.marks}</td>
                <td className="numeric">{suspect.score.toFixed(1)}</td>
                <td className="numeric">{suspect.error_probability.toExponential(1)}</td>
                <td>{suspect.named ? <Chip tone="bad">{t("traces.accused")}</Chip> : t("traces.cleared")}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Card>
  );
}
