// What a masking policy makes of a text: before and after, side by side.

import { useMutation, useQuery } from "@tanstack/react-query";
import { Button, Input, Select } from "antd";
import { useState } from "react";
import * as calls from "../../api/calls";
import type { MaskingPreview } from "../../api/types";
import { Card } from "../components/layout";
import { Outside } from "../components/values";
import { useNotices } from "../core/notices";
import { useText } from "../core/preferences";
import { useMay } from "../core/session";
import { NoPermission } from "../components/states";

const shown = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value, null, 2));

/** The preview; nothing is kept of the text. */
export function MaskingPreviewView() {
  const t = useText();
  const may = useMay();
  const notices = useNotices();
  const [text, setText] = useState("");
  const [policy, setPolicy] = useState<string | null>(null);
  const policies = useQuery({ queryKey: ["masking"], queryFn: calls.masking.policies, enabled: may("masking.read") });
  const preview = useMutation({
    mutationFn: () => calls.masking.preview({ text, policy }),
    onError: notices.failed,
  });
  if (!may("masking.preview")) return <NoPermission />;
  return (
    <div className="pair">
      <Card title={t("masking.before")}>
        <Input.TextArea rows={14} value={text} placeholder={t("masking.hint")} onChange={(event) => setText(event.target.value)} />
        <div className="verbs">
          <Select
            value={policy}
            onChange={setPolicy}
            aria-label={t("masking.policy")}
            style={{ width: 220 }}
            options={[
              { value: null, label: t("masking.default") },
              ...(policies.data?.items ?? []).map((item) => ({ value: item.name, label: item.title_zh })),
            ]}
          />
          <Button type="primary" disabled={!text} loading={preview.isPending} onClick={() => preview.mutate()}>
            {t("masking.run")}
          </Button>
        </div>
      </Card>
      <Card title={t("masking.after")}>{preview.data ? <After preview={preview.data} /> : <p className="quiet">{t("masking.none")}</p>}</Card>
    </div>
  );
}

function After({ preview }: { preview: MaskingPreview }) {
  return (
    <>
      <pre className="block" tabIndex={0}>
        <Outside text={shown(preview.after)} />
      </pre>
      <ul className="reasons">
        {preview.functions.map((used, index) => (
          <li key={index}>{`${used.data_type_zh} × ${used.count}：${used.function}`}</li>
        ))}
      </ul>
    </>
  );
}
