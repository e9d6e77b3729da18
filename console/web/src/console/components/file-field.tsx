// A field for one file: chosen by the system's dialog or dropped on it.

import { useId, useState } from "react";
import { byteSize } from "../../lib/bytes";
import { useText } from "../core/preferences";
import { Outside } from "./values";

interface FileFieldProps {
  label: string;
  hint?: string;
  accept: string;
  file: File | null;
  onChange: (file: File | null) => void;
}

/** The field. */
export function FileField({ label, hint, accept, file, onChange }: FileFieldProps) {
  const t = useText();
  const id = useId();
  const [over, setOver] = useState(false);
  return (
    <div className="field">
      <label className="field-label" htmlFor={id}>
        {label}
      </label>
      <div
        className={over ? "drop drop-over" : "drop"}
        onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={(event) => {
          event.preventDefault();
          setOver(false);
          onChange(event.dataTransfer.files[0] ?? null);
        }}
      >
        <input
          id={id}
          type="file"
          className="only-read"
          accept={accept}
          onChange={(event) => onChange(event.target.files?.[0] ?? null)}
          data-testid="file"
        />
        <label className="button button-small" htmlFor={id}>
          {t("file.choose")}
        </label>
        <span className={file ? undefined : "quiet"}>{file ? <Outside text={`${file.name} · ${byteSize(file.size)}`} /> : t("file.drop")}</span>
      </div>
      {hint && <small>{hint}</small>}
    </div>
  );
}
