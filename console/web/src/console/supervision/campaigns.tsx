// Inspection campaigns: the list beside the detail, and the dialog that issues one.

import { useQuery } from "@tanstack/react-query";
import { Button } from "antd";
import { useState } from "react";
import { useLocation } from "wouter";
import * as calls from "../../api/calls";
import type { CampaignRow } from "../../api/types";
import { Split } from "../components/layout";
import { Answer, Empty } from "../components/states";
import { Table, type Column } from "../components/table";
import { Chip, Countdown, Outside, Time } from "../components/values";
import { useText } from "../core/preferences";
import { useMay } from "../core/session";
import { CampaignView } from "./campaign";
import { SupervisionHead } from "./head";
import { NewCampaignDialog } from "./new-campaign";

/** The list with the detail beside it. */
export function Campaigns({ chosen }: { chosen: string | null }) {
  const t = useText();
  const may = useMay();
  const [, navigate] = useLocation();
  const [issuing, setIssuing] = useState(false);
  const columns = useColumns();
  const query = useQuery({ queryKey: ["campaigns"], queryFn: calls.campaigns.list });
  const open = (id: string) => navigate(`/supervision/${id}?tab=campaigns`, { replace: true });
  const issue = may("campaign.issue") && (
    <Button type="primary" size="small" onClick={() => setIssuing(true)} data-testid="issue-campaign">
      {t("campaign.issue")}
    </Button>
  );
  return (
    <>
      <SupervisionHead tab="campaigns" note={query.data && t("campaigns.total", { n: query.data.items.length })}>
        {issue}
      </SupervisionHead>
      {issuing && <NewCampaignDialog onClose={() => setIssuing(false)} onDone={open} />}
      <Split
        onClose={() => navigate("/supervision?tab=campaigns", { replace: true })}
        detail={chosen && <CampaignView key={chosen} id={chosen} />}
        list={
          <Answer query={query}>
            {({ items }) =>
              items.length === 0 ? (
                <Empty title={t("campaigns.empty")} hint={t("campaigns.empty.hint")} />
              ) : (
                <Table
                  label={t("supervision.campaigns")}
                  testId="campaigns"
                  columns={columns}
                  rows={items}
                  rowKey={(row) => row.id}
                  chosen={chosen}
                  onChoose={open}
                />
              )
            }
          </Answer>
        }
      />
    </>
  );
}

/** Whether a campaign waits for answers, for rectification, or is over. */
export function CampaignState({ row }: { row: CampaignRow }) {
  const t = useText();
  if (row.closed_at) return <Chip tone="good">{t("campaign.state.closed")}</Chip>;
  if (row.answered < row.units) return <Chip tone="accent">{t("campaign.state.answering")}</Chip>;
  if (row.rectified < row.findings) return <Chip tone="warn">{t("campaign.state.rectifying")}</Chip>;
  return <Chip tone="good">{t("campaign.state.done")}</Chip>;
}

function useColumns(): Column<CampaignRow>[] {
  const t = useText();
  return [
    { key: "number", optional: true, title: t("campaign.number"), width: 112, cell: (row) => <span className="mono">{row.number}</span> },
    { key: "title", title: t("campaign.title"), cell: (row) => <Outside text={row.title} /> },
    { key: "issuer", optional: true, title: t("campaign.issuer"), width: 112, cell: (row) => row.issuer.name },
    { key: "state", title: t("column.state"), width: 96, cell: (row) => <CampaignState row={row} /> },
    {
      key: "answered",
      title: t("campaign.answered"),
      numeric: true,
      width: 88,
      cell: (row) => `${row.answered} / ${row.units}`,
    },
    {
      key: "rectified",
      title: t("campaign.rectified"),
      numeric: true,
      width: 88,
      cell: (row) => `${row.rectified} / ${row.findings}`,
    },
    {
      key: "left",
      title: t("campaign.left"),
      width: 120,
      cell: (row) => <Countdown dueAt={row.due_at} done={row.closed_at !== null || row.answered === row.units} />,
    },
    { key: "created", optional: true, title: t("campaign.created"), width: 132, cell: (row) => <Time at={row.created_at} /> },
  ];
}
