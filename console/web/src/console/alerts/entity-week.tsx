// How much somebody or something was in alerts in the last seven days, beside its name.

import { useQuery } from "@tanstack/react-query";
import * as calls from "../../api/calls";
import { Spark } from "../components/spark";
import { useText } from "../core/preferences";

const DAY_MS = 86_400_000;
const DAYS = 7;

/** Seven bars and their sum; nothing until they are there. */
export function EntityWeek({ kind, value }: { kind: string; value: string }) {
  const t = useText();
  const query = useQuery({ queryKey: ["entity", kind, value], queryFn: () => calls.entity(kind, value), staleTime: 60_000, retry: false });
  if (!query.data) return <span className="entity-week" />;
  const end = Date.parse(query.data.until);
  const counts = Array.from({ length: DAYS }, () => 0);
  for (const { hour, count } of query.data.hours) {
    const day = DAYS - 1 - Math.floor((end - Date.parse(hour)) / DAY_MS);
    if (day >= 0 && day < DAYS) counts[day] = (counts[day] ?? 0) + count;
  }
  const total = counts.reduce((sum, count) => sum + count, 0);
  return (
    <span className="entity-week" title={t("entity.strip.total", { n: total })}>
      <Spark counts={counts} />
      <span className="numeric">{total.toLocaleString("en-US")}</span>
    </span>
  );
}
