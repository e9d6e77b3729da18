// What a view shows when it has nothing to show: empty, loading, failed, not allowed.

import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { ApiError } from "../../api/client";
import { errorText } from "../core/notices";
import { usePreferences, useText } from "../core/preferences";

/** What would be here and how to get it. */
export function Empty({ title, hint, children }: { title: string; hint?: string; children?: ReactNode }) {
  return (
    <div className="state" data-testid="empty">
      <p className="state-title">{title}</p>
      {hint && <p className="state-hint">{hint}</p>}
      {children}
    </div>
  );
}

/** Grey rows in the place of the real ones. */
export function SkeletonRows({ rows = 8 }: { rows?: number }) {
  const t = useText();
  return (
    <div className="skeleton" role="status" aria-label={t("state.loading")}>
      {Array.from({ length: rows }, (_, index) => (
        <div key={index} className="skeleton-row" />
      ))}
    </div>
  );
}

/** What failed, a way to try again, and the details for whoever helps. */
export function Failure({ error, retry }: { error: unknown; retry?: () => void }) {
  const t = useText();
  const { locale } = usePreferences();
  if (error instanceof ApiError && error.status === 403) return <NoPermission />;
  const missing = error instanceof ApiError && error.status === 404;
  return (
    <div className="state" role="alert" data-testid="failure">
      <p className="state-title">{missing ? t("state.missing") : t("state.failed")}</p>
      <p className="state-hint">{errorText(error, locale)}</p>
      {error instanceof ApiError && <code className="state-code">{`${error.status} ${error.detail.code}`}</code>}
      {retry && (
        <button type="button" className="button" onClick={retry}>
          {t("retry")}
        </button>
      )}
    </div>
  );
}

/** The account may not see this; who could change that. */
export function NoPermission() {
  const t = useText();
  return <Empty title={t("state.forbidden")} hint={t("state.forbidden.hint")} />;
}

/** Shows the answer of a query, or its loading or error state in the same place. */
export function Answer<T>({
  query,
  children,
  rows,
}: {
  query: Pick<UseQueryResult<T>, "data" | "error" | "refetch">;
  children: (data: T) => ReactNode;
  rows?: number;
}) {
  if (query.data !== undefined) return children(query.data);
  if (query.error) return <Failure error={query.error} retry={() => void query.refetch()} />;
  return <SkeletonRows {...(rows === undefined ? {} : { rows })} />;
}
