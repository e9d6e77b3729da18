// One setting: what it is, its value, and where that comes from.

import { Input } from "antd";
import type { SettingVersion, SettingView } from "../../api/types";
import { Chip, Outside, Time } from "../components/values";
import { Select } from "../components/select";
import { faultOf, needsConsent, useSettingTexts } from "./text";

interface LineProps {
  setting: SettingView;
  value: string;
  made: SettingVersion | undefined;
  waiting: SettingVersion | undefined;
  /** Missing when the account may only read. */
  onChange: ((value: string) => void) | undefined;
}

/** The line. */
export function SettingLine({ setting, value, made, waiting, onChange }: LineProps) {
  const { s, word, nameOf, afterOf } = useSettingTexts();
  const fault = faultOf(setting, value);
  const changed = value !== setting.value;
  return (
    <div className={changed ? "setting setting-changed" : "setting"} data-testid={`setting-${setting.name}`}>
      <div className="setting-name">
        <label htmlFor={`setting-${setting.name}`}>{nameOf(setting.name)}</label>
        <small>{word(`${setting.name}.hint`)}</small>
      </div>
      <div className="setting-value">
        <Control setting={setting} value={value} onChange={onChange} />
        {fault && (
          <small className="setting-fault" role="alert">
            {s(fault, { least: setting.least, most: setting.most })}
          </small>
        )}
      </div>
      <div className="setting-source">
        {waiting && <Chip tone="warn">{s("waiting", { value: afterOf(waiting) })}</Chip>}
        {needsConsent(setting, value) && changed && <Chip tone="accent">{s("consent")}</Chip>}
        <span className="quiet">
          {made?.value ? (
            <>
              <Outside text={s("from", { name: made.author })} /> <Time at={made.decided_at ?? made.written_at} />
            </>
          ) : (
            s("from_file")
          )}
        </span>
        {onChange && value !== setting.file_value && (
          <button type="button" className="link" onClick={() => onChange(setting.file_value)}>
            {s("use_file")}
          </button>
        )}
      </div>
    </div>
  );
}

function Control({ setting, value, onChange }: Pick<LineProps, "setting" | "value" | "onChange">) {
  const { s, word, valueOf } = useSettingTexts();
  const id = `setting-${setting.name}`;
  if (!onChange) return <span id={id}>{valueOf(setting.name, setting.value)}</span>;
  if (setting.kind === "choice") {
    return (
      <Select
        id={id}
        value={value}
        options={setting.choices.map((choice) => ({ value: choice, label: word(`${setting.name}.${choice}`) }))}
        onChange={onChange}
      />
    );
  }
  if (setting.kind === "text") {
    const props = { id, value, maxLength: setting.most, onChange: (event: { target: { value: string } }) => onChange(event.target.value) };
    return setting.most > 100 ? <Input.TextArea rows={2} {...props} /> : <Input {...props} />;
  }
  const unit = word(`unit.${setting.name}`);
  return (
    <span className="setting-number">
      <Input id={id} inputMode="numeric" className="numeric" value={value} onChange={(event) => onChange(event.target.value)} />
      <span>{unit}</span>
      <span className="quiet">{s("range", { least: String(setting.least), most: String(setting.most) })}</span>
    </span>
  );
}
