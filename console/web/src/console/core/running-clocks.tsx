// The count-downs that run, in the bar of every page: the next one to end, the others below it.

import { useQuery } from "@tanstack/react-query";
import { Link } from "wouter";
import * as calls from "../../api/calls";
import type { ClockView } from "../../api/types";
import { Icon } from "../components/icons";
import { Popup } from "../components/popup";
import { ClockLine, Countdown } from "../components/values";
import { useChoice, useText } from "./preferences";

/** Where the object of a clock is. */
export const clockPath = (clock: ClockView): string => `/${clock.object_kind}s/${clock.object_id}`;

/** The button with the most urgent clock; nothing while none runs. */
export function RunningClocks() {
  const t = useText();
  const choose = useChoice();
  const query = useQuery({ queryKey: ["overview"], queryFn: calls.overview, refetchInterval: 60_000 });
  const clocks = (query.data?.clocks ?? []).filter((clock) => clock.state !== "done");
  const [next] = clocks;
  if (!next) return null;
  const button = (
    <>
      <Icon name="clock" size={16} />
      <span className="bar-clock-title">{choose(next.title_zh, next.title_en)}</span>
      <Countdown dueAt={next.due_at} />
      {clocks.length > 1 && <span className="bar-clock-more">{`+${clocks.length - 1}`}</span>}
    </>
  );
  return (
    <Popup kind="dialog" className={`bar-clock bar-clock-${next.state}`} testid="running-clocks" label={t("clocks")} button={button}>
      {(close) => (
        <ul className="menu-card" onClick={close}>
          {clocks.map((clock) => (
            <li key={clock.id}>
              <Link href={clockPath(clock)} className="plain-link">
                <ClockLine clock={clock} />
              </Link>
            </li>
          ))}
        </ul>
      )}
    </Popup>
  );
}
