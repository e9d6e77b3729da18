// Filters of the queue and the views a person saved.

import { Input } from "antd";
import { SavedViews } from "../components/saved-views";
import { Select } from "../components/select";
import { useText, useWord } from "../core/preferences";
import { searchOf, type AlertFilters } from "./filters";

const SOURCES = ["signature", "sigma", "indicator", "behaviour", "correlation", "data_protection", "yara", "external"];

interface FilterBarProps {
  filters: AlertFilters;
  onChange: (change: Partial<AlertFilters>) => void;
}

/** The filters. */
export function FilterBar({ filters, onChange }: FilterBarProps) {
  const t = useText();
  const word = useWord();
  const options = (set: string, words: readonly string[], any: string) => [
    { value: "", label: any },
    ...words.map((value) => ({ value, label: word(set, value) })),
  ];
  return (
    <>
      <Input.Search
        size="small"
        allowClear
        defaultValue={filters.q}
        placeholder={t("alerts.search")}
        aria-label={t("alerts.search")}
        onSearch={(q) => onChange({ q })}
        style={{ width: 200 }}
      />
      <Select
        size="small"
        value={filters.state}
        aria-label={t("column.state")}
        options={["open", "new", "acknowledged", "in_incident", "closed", "all"].map((value) => ({
          value,
          label: word("alert_filter", value),
        }))}
        onChange={(state) => onChange({ state })}
        style={{ width: 116 }}
      />
      <Select
        size="small"
        value={filters.severity_min}
        aria-label={t("column.severity")}
        options={options("severity_from", ["low", "medium", "high", "critical"], t("filter.any_severity"))}
        onChange={(severity_min) => onChange({ severity_min })}
        style={{ width: 120 }}
      />
      <Select
        size="small"
        value={filters.source}
        aria-label={t("filter.source")}
        options={options("source", SOURCES, t("filter.any_source"))}
        onChange={(source) => onChange({ source })}
        style={{ width: 120 }}
      />
      <Select
        size="small"
        value={filters.domain}
        aria-label={t("filter.domain")}
        options={options("domain", ["cloud", "network", "data", "application"], t("filter.any_domain"))}
        onChange={(domain) => onChange({ domain })}
        style={{ width: 116 }}
      />
      {filters.incident && (
        <button type="button" className="button button-small" onClick={() => onChange({ incident: "" })}>
          {t("filter.incident")} <span aria-hidden="true">×</span>
        </button>
      )}
      <label className="switch-label">
        <input type="checkbox" role="switch" checked={filters.grouped} disabled={filters.incident !== ""} onChange={(event) => onChange({ grouped: event.target.checked })} />
        {t("filter.grouped")}
      </label>
      <SavedViews
        kind="alerts"
        path="/alerts"
        label={t("views")}
        search={new URLSearchParams(searchOf(filters)).toString()}
      />
    </>
  );
}
