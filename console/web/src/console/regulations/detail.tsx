// A policy to read: its text, its versions and what changed between them, who has signed, and what may be done.

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Button } from "antd";
import { useState } from "react";
import * as calls from "../../api/calls";
import type { RegulationDetail as Detail, RegulationText } from "../../api/types";
import { byteSize } from "../../lib/bytes";
import { diffLines } from "../../lib/diff";
import { DetailHead, Part } from "../components/layout";
import { ReasonDialog } from "../components/reason-dialog";
import { Answer } from "../components/states";
import { Chip, Fact, Outside, Time } from "../components/values";
import { useNotices } from "../core/notices";
import { useText, useWord } from "../core/preferences";
import { CoverageBar } from "./coverage";
import { RegulationEditor } from "./editor";
import { RegulationStanding } from "./page";

/** The detail beside the list. */
export function RegulationDetail({ id }: { id: string }) {
  const query = useQuery({ queryKey: ["regulations", id], queryFn: () => calls.regulations.read(id) });
  return <Answer query={query}>{(detail) => <Reader detail={detail} />}</Answer>;
}

function Reader({ detail }: { detail: Detail }) {
  const t = useText();
  const word = useWord();
  const { row } = detail;
  const [compared, setCompared] = useState<number | null>(null);
  return (
    <article data-testid="regulation-detail">
      <DetailHead
        title={row.title}
        marks={
          <>
            <RegulationStanding row={row} />
            <Chip>{`${word("regulation_category", row.category)} · ${word("regulation_kind", row.kind)}`}</Chip>
            <span className="mono">{row.number}</span>
          </>
        }
      />
      <Verbs detail={detail} />
      <Part title={t("regulations.about")}>
        <dl className="facts">
          <Fact label={t("regulations.version")}>{t("regulations.version.n", { n: row.version })}</Fact>
          <Fact label={t("regulations.issuer")}>
            {row.unit.name} <Outside text={row.published_by} />
          </Fact>
          <Fact label={t("regulations.effective")}>
            <Time at={row.effective_at} />
          </Fact>
          <Fact label={t("regulations.sign_by")}>
            <Time at={row.sign_by} />
          </Fact>
          {detail.text.changes && (
            <Fact label={t("regulations.changes")} wide>
              <span className="pre-line">
                <Outside text={detail.text.changes} />
              </span>
            </Fact>
          )}
        </dl>
      </Part>
      <Part title={t("regulations.text")} extra={<FileLink id={row.id} text={detail.text} />}>
        {compared === null ? (
          <div className="regulation-text" tabIndex={0} data-testid="regulation-text">
            <Outside text={detail.text.text} />
          </div>
        ) : (
          <Comparison id={row.id} from={compared} now={detail.text} />
        )}
      </Part>
      <Versions detail={detail} compared={compared} onCompare={setCompared} />
      <Signatures detail={detail} />
    </article>
  );
}

function FileLink({ id, text }: { id: string; text: RegulationText }) {
  if (!text.file) return null;
  return (
    <a className="button button-small" href={calls.regulations.fileAddress(id, text.version)} download data-testid="regulation-file">
      <Outside text={text.file.name} /> {byteSize(text.file.bytes)}
    </a>
  );
}

/** What was taken out of an older version and what came in. */
function Comparison({ id, from, now }: { id: string; from: number; now: RegulationText }) {
  const t = useText();
  const query = useQuery({ queryKey: ["regulation-text", id, from], queryFn: () => calls.regulations.text(id, from), staleTime: Infinity });
  return (
    <Answer query={query}>
      {(old) => (
        <>
          <p className="quiet">
            {t("regulations.compared", { from, to: now.version })} <FileLink id={id} text={old} />
          </p>
          <div className="regulation-text" tabIndex={0} data-testid="regulation-diff">
            {diffLines(old.text, now.text).map((line, index) => {
              const Tag = ({ same: "span", out: "del", in: "ins" } as const)[line.kind];
              return (
                <Tag key={index} className="diff-line">
                  <Outside text={line.text} />
                  {"\n"}
                </Tag>
              );
            })}
          </div>
        </>
      )}
    </Answer>
  );
}

interface VersionsProps {
  detail: Detail;
  compared: number | null;
  onCompare: (version: number | null) => void;
}

function Versions({ detail, compared, onCompare }: VersionsProps) {
  const t = useText();
  return (
    <Part title={t("regulations.versions")}>
      <ul className="lines regulation-versions" data-testid="regulation-versions">
        {detail.versions.map((version) => (
          <li key={version.version}>
            <span className="line-title">
              {t("regulations.version.n", { n: version.version })} <Outside text={version.title} />
            </span>
            <span className="quiet">
              <Outside text={version.published_by} /> <Time at={version.published_at} />
            </span>
            <CoverageBar coverage={version.coverage} />
            {version.version !== detail.row.version && (
              <button type="button" className="link" aria-pressed={compared === version.version} onClick={() => onCompare(compared === version.version ? null : version.version)} data-testid="regulation-compare">
                {t(compared === version.version ? "regulations.compare.end" : "regulations.compare")}
              </button>
            )}
          </li>
        ))}
      </ul>
    </Part>
  );
}

function Signatures({ detail }: { detail: Detail }) {
  const t = useText();
  if (detail.units.length === 0) return null;
  return (
    <Part title={t("regulations.units")} extra={<CoverageBar coverage={detail.row.coverage} />}>
      <ul className="lines" data-testid="regulation-signatures">
        {detail.units.map((unit) => (
          <li key={unit.unit.code}>
            <span className="line-title">{unit.unit.name}</span>
            {unit.signed_at ? (
              <span className="quiet">
                <Outside text={unit.signed_by} /> <Time at={unit.signed_at} />
              </span>
            ) : (
              <span>
                <Chip tone={unit.overdue ? "bad" : "plain"}>{t(unit.overdue ? "regulations.overdue" : "regulations.unsigned")}</Chip>{" "}
                {unit.urged_at && (
                  <span className="quiet">
                    {t("regulations.urged_at")} <Time at={unit.urged_at} />
                  </span>
                )}
              </span>
            )}
          </li>
        ))}
      </ul>
    </Part>
  );
}

function Verbs({ detail }: { detail: Detail }) {
  const t = useText();
  const client = useQueryClient();
  const notices = useNotices();
  const { row } = detail;
  const [asked, setAsked] = useState<"revise" | "withdraw" | null>(null);
  const act = useMutation({
    mutationFn: ({ work }: { work: () => Promise<unknown>; done: string }) => work(),
    onSuccess: (_, { done }) => {
      setAsked(null);
      notices.done(done);
      void client.invalidateQueries({ queryKey: ["regulations"] });
      void client.invalidateQueries({ queryKey: ["notifications"] });
    },
    onError: notices.failed,
  });
  const may = (verb: string) => row.allowed.includes(verb);
  if (row.allowed.length === 0) return null;
  return (
    <div className="verbs">
      {may("sign") && (
        <Button type="primary" loading={act.isPending} onClick={() => act.mutate({ work: () => calls.regulations.sign(row.id, row.version), done: t("regulations.sign.done") })} data-testid="regulation-sign">
          {t("regulations.sign", { n: row.version })}
        </Button>
      )}
      {may("urge") && (
        <Button onClick={() => act.mutate({ work: () => calls.regulations.urge(row.id), done: t("regulations.urge.done", { n: row.coverage.due - row.coverage.signed }) })} data-testid="regulation-urge">
          {t("regulations.urge", { n: row.coverage.due - row.coverage.signed })}
        </Button>
      )}
      {may("revise") && (
        <Button onClick={() => setAsked("revise")} data-testid="regulation-revise">
          {t("regulations.revise")}
        </Button>
      )}
      {may("withdraw") && (
        <Button danger onClick={() => setAsked("withdraw")}>
          {t("regulations.withdraw")}
        </Button>
      )}
      {asked === "revise" && <RegulationEditor revised={detail} onClose={() => setAsked(null)} onDone={() => setAsked(null)} />}
      {asked === "withdraw" && (
        <ReasonDialog
          title={t("regulations.withdraw")}
          verb={t("regulations.withdraw")}
          hint={t("regulations.withdraw.hint")}
          danger
          onClose={() => setAsked(null)}
          onSubmit={(reason) => act.mutate({ work: () => calls.regulations.withdraw(row.id, reason), done: t("regulations.withdraw.done") })}
        />
      )}
    </div>
  );
}
