// Filters of the queue; they live in the address bar, so that a link shows a colleague the same view.

import { useSearchParams } from "wouter";
import type { AlertQuery } from "../../api/types";

/** What the queue shows. */
export interface AlertFilters {
  state: string;
  severity_min: string;
  q: string;
  domain: string;
  source: string;
  unit: string;
  /** Only the alerts of this incident. */
  incident: string;
  grouped: boolean;
}

const DEFAULTS: AlertFilters = { state: "open", severity_min: "", q: "", domain: "", source: "", unit: "", incident: "", grouped: true };

/** The filters of an address. */
export function filtersOf(search: URLSearchParams): AlertFilters {
  const text = (name: keyof AlertFilters) => search.get(name) ?? String(DEFAULTS[name]);
  return {
    state: text("state"),
    severity_min: text("severity_min"),
    q: text("q"),
    domain: text("domain"),
    source: text("source"),
    unit: text("unit"),
    incident: text("incident"),
    // The alerts of an incident stand on rows of their own, so acts take them and not their groups.
    grouped: text("grouped") === "true" && text("incident") === "",
  };
}

/** The parameters of an address for filters: only those that differ from the usual. */
export function searchOf(filters: AlertFilters): Record<string, string> {
  const entries = Object.entries(filters).map(([name, value]) => [name, String(value)] as const);
  return Object.fromEntries(entries.filter(([name, value]) => value !== String(DEFAULTS[name as keyof AlertFilters])));
}

/** The query for the server. */
export function queryOf(filters: AlertFilters): AlertQuery {
  return { ...filters };
}

/** The filters of the present address and a way to change them. */
export function useAlertFilters(): [AlertFilters, (change: Partial<AlertFilters>) => void] {
  const [search, setSearch] = useSearchParams();
  const filters = filtersOf(search);
  const change = (next: Partial<AlertFilters>) => setSearch(searchOf({ ...filters, ...next }), { replace: true });
  return [filters, change];
}
