// The hunt over the past: what to hunt for, how far the hunt is, what it found.

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Button } from "antd";
import { useState } from "react";
import { useSearchParams } from "wouter";
import * as calls from "../../api/calls";
import { ApiError } from "../../api/client";
import type { RetroHuntView } from "../../api/types";
import { Card } from "../components/layout";
import { Answer, Empty } from "../components/states";
import { Time, useNow } from "../components/values";
import { useNotices } from "../core/notices";
import { countdown } from "../../lib/time";
import { bodyOf, HuntForm, nothingAsked } from "./form";
import { Results } from "./results";
import { useRetroTexts } from "./text";
import "./retro.css";

/** While a hunt is under way it is asked about so often. */
const ASK_MS = 1_000;

const OWN = ["retro-hunts"];

/** The panel. */
export function RetroPanel() {
  const r = useRetroTexts();
  const client = useQueryClient();
  const notices = useNotices();
  const [search] = useSearchParams();
  const [asked, setAsked] = useState(() => nothingAsked(search.getAll("list")));
  const query = useQuery({
    queryKey: OWN,
    queryFn: calls.events.retroHunts,
    refetchInterval: ({ state }) => (state.data?.items[0]?.state === "running" ? ASK_MS : false),
  });
  const all = query.data?.items ?? [];
  const [wanted, setWanted] = useState<string | null>(null);
  const last = all[0];
  const earlier = all.find((hunt) => hunt.id === wanted && hunt !== last);
  const begin = useMutation({
    mutationFn: () => calls.events.beginRetroHunt(bodyOf(asked)),
    onSuccess: (begun) => {
      setWanted(null);
      client.setQueryData(OWN, { items: [begun, ...all.filter(({ id }) => id !== begun.id)] });
    },
    onError: (error) => {
      if (!(error instanceof ApiError && error.detail.field)) notices.failed(error);
    },
  });
  return (
    <>
      <Card>
        <HuntForm
          asked={asked}
          onChange={setAsked}
          error={begin.error}
          busy={last?.state === "running"}
          sending={begin.isPending}
          onSubmit={() => begin.mutate()}
        />
      </Card>
      <Answer query={query} rows={4}>
        {() => {
          if (!last) return <Empty title={r("empty")} hint={r("empty.hint")} />;
          const newest = last.state === "running" ? <UnderWay hunt={last} /> : <Results key={last.id} hunt={last} />;
          return (
            <>
              {all.length > 1 && <Hunts all={all} chosen={(earlier ?? last).id} onChoose={setWanted} />}
              {earlier ? <Earlier key={earlier.id} id={earlier.id} /> : newest}
            </>
          );
        }}
      </Answer>
    </>
  );
}

/** The newest hunt and the earlier ones. */
function Hunts({ all, chosen, onChoose }: { all: RetroHuntView[]; chosen: string; onChoose: (id: string) => void }) {
  const r = useRetroTexts();
  return (
    <nav className="retro-earlier" aria-label={r("earlier")} data-testid="retro-earlier">
      {all.map((hunt) => (
        <button key={hunt.id} type="button" aria-pressed={hunt.id === chosen} onClick={() => onChoose(hunt.id)}>
          <Time at={hunt.started_at} />
          <span className="quiet">{r(`state.${hunt.state}`)}</span>
          <span className="retro-earlier-what">{r("earlier.line", { rules: hunt.sigma_rules, indicators: hunt.indicators })}</span>
        </button>
      ))}
    </nav>
  );
}

/** One that is read when it is asked for. */
function Earlier({ id }: { id: string }) {
  const query = useQuery({ queryKey: ["retro-hunt", id], queryFn: () => calls.events.retroHunt(id) });
  return <Answer query={query}>{(hunt) => <Results hunt={hunt} />}</Answer>;
}

function UnderWay({ hunt }: { hunt: RetroHuntView }) {
  const r = useRetroTexts();
  const client = useQueryClient();
  const notices = useNotices();
  const now = useNow();
  const cancel = useMutation({
    mutationFn: () => calls.events.cancelRetroHunt(hunt.id),
    onSuccess: () => client.invalidateQueries({ queryKey: OWN }),
    onError: notices.failed,
  });
  const { progress } = hunt;
  const told = progress.counting
    ? r("counting", { n: progress.expected, days: progress.days })
    : r("looking", {
        n: progress.events,
        of: progress.expected,
        days: progress.days_done,
        of_days: progress.days,
        hits: progress.hits,
      });
  const share = progress.counting || progress.expected === 0 ? 0 : Math.min(1, progress.events / progress.expected);
  const seconds = Math.max(0, Math.round((now - Date.parse(hunt.started_at)) / 1000));
  return (
    <Card>
      <div className="retro-progress" data-testid="retro-progress">
        <div
          className="retro-bar"
          role="progressbar"
          aria-label={r("progress")}
          aria-valuenow={Math.round(share * 100)}
          aria-valuetext={told}
        >
          <div style={{ width: `${share * 100}%` }} />
        </div>
        <p className="retro-told">
          <span>{told}</span>
          <span className="quiet">{r("elapsed", { time: countdown(seconds) })}</span>
          <span className="quiet">{r("leave")}</span>
        </p>
        <Button onClick={() => cancel.mutate()} loading={cancel.isPending} disabled={cancel.isSuccess} data-testid="retro-cancel">
          {r(cancel.isSuccess ? "cancelling" : "cancel")}
        </Button>
      </div>
    </Card>
  );
}
