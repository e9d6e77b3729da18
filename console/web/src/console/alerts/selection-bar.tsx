// The bar under the queue while rows are ticked.

import { Button } from "antd";
import { useText } from "../core/preferences";
import { useMay } from "../core/session";
import type { Verbs } from "./page";

/** How many rows, and what can be done to them. */
export function SelectionBar({ count, verbs }: { count: number; verbs: Verbs }) {
  const t = useText();
  const may = useMay();
  return (
    <div className="selection-bar" role="toolbar" aria-label={t("selection")} data-testid="selection-bar">
      <span>{t("selection.count", { n: count })}</span>
      {may("alert.act") && (
        <>
          <Button size="small" onClick={verbs.acknowledge}>
            {t("verb.acknowledge")} <kbd>a</kbd>
          </Button>
          <Button size="small" onClick={verbs.assign}>
            {t("verb.assign")} <kbd>m</kbd>
          </Button>
          <Button size="small" onClick={verbs.close}>
            {t("verb.close")} <kbd>c</kbd>
          </Button>
        </>
      )}
      <Button size="small" onClick={verbs.incident}>
        {t("verb.incident")} <kbd>e</kbd>
      </Button>
      <Button size="small" onClick={verbs.dispatch}>
        {t("verb.dispatch")} <kbd>d</kbd>
      </Button>
      <Button size="small" type="text" onClick={verbs.clear}>
        {t("selection.clear")} <kbd>Esc</kbd>
      </Button>
    </div>
  );
}
