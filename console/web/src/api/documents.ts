// Documents that pass through the console's server as the analyzer made them (crate fengsui-schema). All texts in them
// are untrusted.

import type { DataGradeWord } from "./types";

/** One condition of a rule and what it matched. */
export interface Condition {
  condition: string;
  field: string;
  value: string;
}

/** The flow of a network alert. */
export interface FlowSummary {
  flow_id?: string;
  community_id?: string;
  source_ip?: string;
  source_port?: number;
  destination_ip?: string;
  destination_port?: number;
  transport?: string;
  application?: string;
  bytes_to_destination?: number;
  bytes_to_source?: number;
}

/** An alert as the analyzer made it. */
export interface AlertDocument {
  source: string;
  rule: {
    id: string;
    title: string;
    title_zh?: string;
    text?: string;
    revision?: number;
    category?: string;
    references?: string[];
  };
  summary_zh: string;
  summary_en: string;
  conditions?: Condition[];
  entities?: { kind: string; value: string; role: string; asset?: string | null }[];
  techniques?: { id: string; tactic?: string }[];
  observer: string;
  flow?: FlowSummary;
  evidence?: { payload_base64?: string; transaction?: unknown; pcap?: string; record?: string };
  events?: string[];
}

/** A finding of sensitive data as the engine made it. */
export interface FindingDocument {
  place: {
    kind: string;
    name: string;
    inside?: string;
    source_ip?: string;
    destination_ip?: string;
    protocol?: string;
    flow_id?: string;
    sm3?: string;
    size?: number;
  };
  samples: { data_type: string; count: number; confidence: number; masked: string[]; explanation: string }[];
  grade: DataGradeWord;
  grade_basis: string;
  observer: string;
}

/** An event of the store. */
export interface EventDocument {
  id: string;
  time: string;
  kind: string;
  source: { source: string; instance: string; sequence: number };
  fields: Record<string, unknown>;
  original: unknown;
}
