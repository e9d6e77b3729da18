// Detail of a campaign: what is checked, who answered what, what has to be put right and how far that is.

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Button } from "antd";
import { useState } from "react";
import { Link } from "wouter";
import * as calls from "../../api/calls";
import type { CampaignDetail, InspectionFindingView, InspectionView } from "../../api/types";
import { DetailHead, Part } from "../components/layout";
import { Answer } from "../components/states";
import { Chip, Countdown, Fact, Outside, Time } from "../components/values";
import { useNotices } from "../core/notices";
import { useText, useWord } from "../core/preferences";
import { useSession } from "../core/session";
import { AnswersDialog } from "./answers-dialog";
import { CampaignState } from "./campaigns";
import { FindingDialog, OrderDialog } from "./order-dialogs";

/** The detail of one campaign. */
export function CampaignView({ id }: { id: string }) {
  const query = useQuery({ queryKey: ["campaign", id], queryFn: () => calls.campaigns.read(id) });
  return (
    <Answer query={query} rows={10}>
      {(detail) => <Detail detail={detail} />}
    </Answer>
  );
}

/** Changes a campaign and shows what it became. */
export function useCampaignChange(id: string, done: string) {
  const client = useQueryClient();
  const notices = useNotices();
  return useMutation({
    mutationFn: (act: () => Promise<CampaignDetail>) => act(),
    onSuccess: (detail) => {
      client.setQueryData(["campaign", id], detail);
      for (const key of ["campaigns", "tasks", "overview"]) void client.invalidateQueries({ queryKey: [key] });
      notices.done(done);
    },
    onError: notices.failed,
  });
}

function Detail({ detail }: { detail: CampaignDetail }) {
  const t = useText();
  const { row } = detail;
  return (
    <article data-testid="campaign-detail">
      <DetailHead
        title={row.title}
        marks={
          <>
            <span className="mono">{row.number}</span>
            <CampaignState row={row} />
          </>
        }
      >
        <dl className="facts">
          <Fact label={t("campaign.issuer")}>{row.issuer.name}</Fact>
          <Fact label={t("campaign.due")}>
            <Time at={row.due_at} />
          </Fact>
          <Fact label={t("campaign.left")}>
            <Countdown dueAt={row.due_at} done={row.closed_at !== null || row.answered === row.units} />
          </Fact>
          {detail.basis && (
            <Fact label={t("campaign.basis")}>
              <Outside text={detail.basis} />
            </Fact>
          )}
        </dl>
      </DetailHead>
      <Verbs detail={detail} />
      <Findings detail={detail} />
      <Units detail={detail} />
      <Items detail={detail} />
    </article>
  );
}

function Verbs({ detail }: { detail: CampaignDetail }) {
  const t = useText();
  const [dialog, setDialog] = useState<"answer" | "find" | "order" | null>(null);
  const close = useCampaignChange(detail.row.id, t("done.campaign_closed"));
  const may = (verb: string) => detail.allowed.includes(verb);
  const open = detail.findings.filter((finding) => finding.state === "open").length;
  const leave = () => setDialog(null);
  return (
    <div className="verbs">
      {may("answer") && (
        <Button type="primary" onClick={() => setDialog("answer")} data-testid="answer-campaign">
          {t("campaign.answer")}
        </Button>
      )}
      {may("order") && open > 0 && (
        <Button onClick={() => setDialog("order")} data-testid="order-findings">
          {t("campaign.order", { n: open })}
        </Button>
      )}
      {may("find") && <Button onClick={() => setDialog("find")}>{t("campaign.find")}</Button>}
      {may("close") && detail.row.rectified === detail.row.findings && (
        <Button loading={close.isPending} onClick={() => close.mutate(() => calls.campaigns.close(detail.row.id))}>
          {t("campaign.close")}
        </Button>
      )}
      {dialog === "answer" && <AnswersDialog detail={detail} onClose={leave} />}
      {dialog === "find" && <FindingDialog detail={detail} onClose={leave} />}
      {dialog === "order" && <OrderDialog detail={detail} open={open} onClose={leave} />}
    </div>
  );
}

const TONES = { open: "bad", ordered: "warn", submitted: "accent", rectified: "good" } as const;

function Findings({ detail }: { detail: CampaignDetail }) {
  const t = useText();
  return (
    <Part title={t("campaign.findings", { n: detail.findings.length })}>
      {detail.findings.length === 0 ? (
        <p className="quiet">{t("campaign.findings.none")}</p>
      ) : (
        <table className="facts-table" data-testid="inspection-findings">
          <tbody>
            {detail.findings.map((finding) => (
              <FindingLine key={finding.id} finding={finding} detail={detail} />
            ))}
          </tbody>
        </table>
      )}
    </Part>
  );
}

function FindingLine({ finding, detail }: { finding: InspectionFindingView; detail: CampaignDetail }) {
  const word = useWord();
  const item = detail.items.find((known) => known.index === finding.item);
  return (
    <tr>
      <th scope="row">{finding.unit.name}</th>
      <td>
        <Outside text={finding.text} />
        <br />
        <span className="quiet">
          {`${word("finding_source", finding.source)} · `}
          <Outside text={item?.text.split("：")[0] ?? ""} />
        </span>
      </td>
      <td className="numeric">
        <Chip tone={TONES[finding.state]}>{word("rectification", finding.state)}</Chip>
        {finding.task_id && (
          <>
            <br />
            <Link href={`/tasks/${finding.task_id}`} className="mono">
              {finding.task_number}
            </Link>
          </>
        )}
      </td>
    </tr>
  );
}

function Units({ detail }: { detail: CampaignDetail }) {
  const t = useText();
  return (
    <Part title={t("campaign.units", { n: detail.inspections.length })}>
      <table className="facts-table" data-testid="inspections">
        <tbody>
          {detail.inspections.map((inspection) => (
            <UnitLine key={inspection.unit.code} inspection={inspection} />
          ))}
        </tbody>
      </table>
    </Part>
  );
}

function UnitLine({ inspection }: { inspection: InspectionView }) {
  const t = useText();
  const own = useSession().unit.code === inspection.unit.code;
  const gaps = inspection.answers.filter((answer) => answer.result === "gap").length;
  return (
    <tr>
      <th scope="row">{own ? <strong>{inspection.unit.name}</strong> : inspection.unit.name}</th>
      <td>
        {inspection.answered_at ? (
          <>
            <Time at={inspection.answered_at} /> <Outside text={inspection.answered_by} />
          </>
        ) : (
          <span className="quiet">{t("campaign.unanswered")}</span>
        )}
      </td>
      <td className="numeric">
        {inspection.answered_at && (gaps > 0 ? <Chip tone="warn">{t("campaign.gaps", { n: gaps })}</Chip> : <Chip tone="good">{t("campaign.no_gaps")}</Chip>)}
        {inspection.overdue && <Chip tone="bad">{t("campaign.overdue")}</Chip>}
      </td>
    </tr>
  );
}

function Items({ detail }: { detail: CampaignDetail }) {
  const t = useText();
  return (
    <Part title={t("campaign.items", { n: detail.items.length })}>
      <table className="facts-table">
        <tbody>
          {detail.items.map((item) => (
            <tr key={item.index}>
              <th scope="row">{item.index + 1}</th>
              <td>
                <Outside text={item.text} />
                {item.basis && (
                  <>
                    <br />
                    <span className="quiet">{item.basis}</span>
                  </>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Part>
  );
}
