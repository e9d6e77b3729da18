// Plays a recorded attack in a drill: which one, and how far it is.

import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import * as calls from "../../api/calls";
import type { ReplayView } from "../../api/types";
import { Dialog } from "../components/dialog";
import { Answer } from "../components/states";
import { Outside } from "../components/values";
import { usePreferences, useText } from "../core/preferences";

interface ReplayDialogProps {
  id: string;
  busy: boolean;
  onClose: () => void;
  onSubmit: (recording: string) => void;
}

/** The choice of a recording. */
export function ReplayDialog({ id, busy, onClose, onSubmit }: ReplayDialogProps) {
  const t = useText();
  const { locale } = usePreferences();
  const [chosen, setChosen] = useState("");
  const query = useQuery({ queryKey: ["recordings"], queryFn: calls.drills.recordings });
  return (
    <Dialog title={t("drills.replay")} verb={t("drills.replay.verb")} width={640} busy={busy} disabled={!chosen} onClose={onClose} onSubmit={() => onSubmit(chosen)}>
      <p className="quiet">{t("drills.replay.hint", { id })}</p>
      <Answer query={query}>
        {({ items }) =>
          items.length === 0 ? (
            <p>{t("drills.replay.none")}</p>
          ) : (
            <ul className="choices" data-testid="recordings">
              {items.map((one) => (
                <li key={one.name}>
                  <label className="choice">
                    <input type="radio" name="recording" checked={chosen === one.name} onChange={() => setChosen(one.name)} />
                    <span>
                      <strong>
                        <Outside text={locale === "zh" ? one.title_zh : one.title_en} />
                      </strong>
                      <small className="quiet">{t("drills.replay.acts", { n: one.acts, techniques: one.techniques.join(" ") })}</small>
                    </span>
                  </label>
                </li>
              ))}
            </ul>
          )
        }
      </Answer>
    </Dialog>
  );
}

/** How far the last replay is. */
export function ReplayLine({ replay }: { replay: ReplayView }) {
  const t = useText();
  const name = replay.recording;
  const words = {
    playing: () => t("drills.replaying", { name }),
    done: () => t("drills.replayed", { name }),
    failed: () => t("drills.replay.failed", { name, error: replay.error ?? "" }),
  };
  return (
    <p className={`replay-line replay-${replay.state}`} role="status" data-testid="replay" data-state={replay.state}>
      <Outside text={words[replay.state]()} />
    </p>
  );
}
