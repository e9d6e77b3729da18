// The level of a warning: colour, shape and word.

import type { WarningLevel } from "../../api/types";
import { useWord } from "../core/preferences";

/** The level as it stands in lists and bars. */
export function LevelMark({ level }: { level: WarningLevel }) {
  const word = useWord();
  return <span className={`level level-${level}`}>{word("warning_level", level)}</span>;
}
