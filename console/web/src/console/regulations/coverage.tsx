// How much of something is signed: a bar, and the numbers in words.

import type { RegulationCoverage } from "../../api/types";
import { useText } from "../core/preferences";

/** The bar; who is late is a part of it in another colour. A short one has its counts in its title only. */
export function CoverageBar({ coverage, short = false }: { coverage: RegulationCoverage; short?: boolean }) {
  const t = useText();
  const { due, signed, overdue } = coverage;
  if (due === 0) return <span className="quiet">{t("regulations.nobody")}</span>;
  const part = (count: number) => `${(count / due) * 100}%`;
  return (
    <span className={short ? "coverage coverage-short" : "coverage"} title={t("regulations.coverage", { signed, due, overdue })}>
      <span className="coverage-track" aria-hidden="true">
        <span className="coverage-signed" style={{ width: part(signed) }} />
        <span className="coverage-overdue" style={{ width: part(overdue) }} />
      </span>
      <span className="numeric">{`${Math.floor((signed / due) * 100)}%`}</span>
      {!short && <span className="quiet">{`${signed} / ${due}`}</span>}
    </span>
  );
}
