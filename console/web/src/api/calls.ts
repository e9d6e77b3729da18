// Every call the pages make, by noun.

import { body, client } from "./client";
import type * as T from "./types";

/** A query without its empty texts, which the server would take for values. */
const told = <Q extends object>(query: Q): Q =>
  Object.fromEntries(Object.entries(query).filter(([, value]) => value !== "" && value !== undefined)) as Q;

const at = (id: string) => ({ path: { id } });

export const session = {
  read: () => body(client.GET("/api/v1/session")),
  login: (credentials: T.Credentials) => body(client.POST("/api/v1/session", { body: credentials })),
  logout: () => body(client.DELETE("/api/v1/session")),
  factors: () => body(client.GET("/api/v1/session/factors")),
  challenge: () => body(client.GET("/api/v1/session/challenge")),
  enrolTotp: (password: string) => body(client.POST("/api/v1/session/totp", { body: { password } })),
  confirmTotp: (code: string) => body(client.POST("/api/v1/session/totp/confirm", { body: { code } })),
  removeTotp: (password: string) => body(client.POST("/api/v1/session/totp/remove", { body: { password } })),
  renewRecovery: (password: string) => body(client.POST("/api/v1/session/recovery-codes", { body: { password } })),
  addKey: (key: T.NewFactorKey) => body(client.POST("/api/v1/session/keys", { body: key })),
  removeKey: (id: string, password: string) =>
    body(client.POST("/api/v1/session/keys/{id}/remove", { params: at(id), body: { password } })),
  changePassword: (change: T.PasswordChange) => body(client.POST("/api/v1/session/password", { body: change })),
};

export const setup = {
  read: () => body(client.GET("/api/v1/setup")),
  run: (request: T.SetupRequest) => body(client.POST("/api/v1/setup", { body: request })),
};

export const overview = () => body(client.GET("/api/v1/overview"));
export const posture = () => body(client.GET("/api/v1/posture"));
export const forecast = () => body(client.GET("/api/v1/posture/forecast"));
export const units = () => body(client.GET("/api/v1/units"));
export const allUnits = () => body(client.GET("/api/v1/units", { params: { query: { divisions: true } } }));
export const sensors = () => body(client.GET("/api/v1/sensors"));

export const alerts = {
  list: (query: T.AlertQuery) => body(client.GET("/api/v1/alerts", { params: { query: told(query) } })),
  read: (id: string) => body(client.GET("/api/v1/alerts/{id}", { params: at(id) })),
  act: (action: T.AlertAction) => body(client.POST("/api/v1/alerts/actions", { body: action })),
  undo: (undo_token: string) => body(client.POST("/api/v1/alerts/undo", { body: { undo_token } })),
  tick: (id: string, change: T.AlertStepChange) => body(client.POST("/api/v1/alerts/{id}/steps", { params: at(id), body: change })),
  captureAddress: (id: string) => `/api/v1/alerts/${id}/evidence.pcap`,
};

export const evidence = {
  list: () => body(client.GET("/api/v1/evidence-requests")),
  ask: (alert: string, reason: string) =>
    body(client.POST("/api/v1/alerts/{id}/evidence-requests", { params: at(alert), body: { reason } })),
  decide: (id: string, decision: T.Decision) =>
    body(client.POST("/api/v1/evidence-requests/{id}/decide", { params: at(id), body: decision })),
};

export const warnings = {
  list: (current = false) => body(client.GET("/api/v1/warnings", { params: { query: current ? { current } : {} } })),
  create: (warning: T.NewWarning) => body(client.POST("/api/v1/warnings", { body: warning })),
  change: (id: string, change: T.WarningChange) => body(client.POST("/api/v1/warnings/{id}/change", { params: at(id), body: change })),
  decide: (id: string, decision: T.Decision) => body(client.POST("/api/v1/warnings/{id}/decide", { params: at(id), body: decision })),
  receive: (id: string) => body(client.POST("/api/v1/warnings/{id}/receipt", { params: at(id) })),
};

export const regulations = {
  list: (to_sign = false) => body(client.GET("/api/v1/regulations", { params: { query: to_sign ? { to_sign } : {} } })),
  coverage: () => body(client.GET("/api/v1/regulations/coverage")),
  read: (id: string) => body(client.GET("/api/v1/regulations/{id}", { params: at(id) })),
  text: (id: string, version: number) =>
    body(client.GET("/api/v1/regulations/{id}/versions/{version}", { params: { path: { id, version: String(version) } } })),
  fileAddress: (id: string, version: number) => `/api/v1/regulations/${id}/versions/${version}/file`,
  create: (regulation: T.NewRegulation) => body(client.POST("/api/v1/regulations", { body: regulation })),
  revise: (id: string, version: T.NewRegulationVersion) =>
    body(client.POST("/api/v1/regulations/{id}/versions", { params: at(id), body: version })),
  withdraw: (id: string, reason: string) => body(client.POST("/api/v1/regulations/{id}/withdraw", { params: at(id), body: { reason } })),
  sign: (id: string, version: number) => body(client.POST("/api/v1/regulations/{id}/sign", { params: at(id), body: { version } })),
  urge: (id: string) => body(client.POST("/api/v1/regulations/{id}/urge", { params: at(id) })),
};

export const notifications = {
  list: () => body(client.GET("/api/v1/notifications")),
  read: (names: string[]) => body(client.POST("/api/v1/notifications/read", { body: { names } })),
};

export const suppressions = {
  list: () => body(client.GET("/api/v1/suppressions")),
  preview: (matches: T.SuppressionMatch) => body(client.POST("/api/v1/suppressions/preview", { body: matches })),
  create: (suppression: T.NewSuppression) => body(client.POST("/api/v1/suppressions", { body: suppression })),
  end: (id: string) => body(client.POST("/api/v1/suppressions/{id}/end", { params: at(id) })),
};

export const views = {
  list: (kind: string) => body(client.GET("/api/v1/views", { params: { query: { kind } } })),
  save: (view: T.NewView) => body(client.POST("/api/v1/views", { body: view })),
  remove: (id: string) => body(client.POST("/api/v1/views/{id}/remove", { params: at(id) })),
};

export const handovers = {
  list: () => body(client.GET("/api/v1/handovers")),
  numbers: () => body(client.GET("/api/v1/handovers/numbers")),
  create: (handover: T.NewHandover) => body(client.POST("/api/v1/handovers", { body: handover })),
  take: (id: string) => body(client.POST("/api/v1/handovers/{id}/take", { params: at(id) })),
};

export const drills = {
  list: () => body(client.GET("/api/v1/drills")),
  read: (id: string) => body(client.GET("/api/v1/drills/{id}", { params: at(id) })),
  create: (title: string) => body(client.POST("/api/v1/drills", { body: { title } })),
  add: (id: string, actions: T.NewDrillAction[]) =>
    body(client.POST("/api/v1/drills/{id}/actions", { params: at(id), body: { actions } })),
  end: (id: string) => body(client.POST("/api/v1/drills/{id}/end", { params: at(id) })),
  recordings: () => body(client.GET("/api/v1/drills/recordings")),
  replay: (id: string, recording: string) => body(client.POST("/api/v1/drills/{id}/replay", { params: at(id), body: { recording } })),
};

export const indicators = {
  list: (query: T.IndicatorQuery) => body(client.GET("/api/v1/indicators", { params: { query: told(query) } })),
  lists: () => body(client.GET("/api/v1/indicators/lists")),
  take: (list: T.IndicatorImport) => body(client.POST("/api/v1/indicators/import", { body: list })),
  retire: (retirement: T.IndicatorRetirement) => body(client.POST("/api/v1/indicators/retire", { body: retirement })),
};

export const entity = (kind: string, value: string) => body(client.GET("/api/v1/entities", { params: { query: { kind, value } } }));
export const rules = () => body(client.GET("/api/v1/rules"));

/** A form with a file; the generated types know only JSON. */
const formOf = (parts: Record<string, string | File>) => {
  const form = new FormData();
  for (const [name, value] of Object.entries(parts)) form.set(name, value);
  return () => form;
};

export const assets = {
  list: (query: T.AssetQuery) => body(client.GET("/api/v1/assets", { params: { query: told(query) } })),
  create: (asset: T.AssetBody) => body(client.POST("/api/v1/assets", { body: asset })),
  change: (id: string, asset: T.AssetBody) => body(client.POST("/api/v1/assets/{id}", { params: at(id), body: asset })),
  retire: (id: string) => body(client.POST("/api/v1/assets/{id}/retire", { params: at(id) })),
};

export const shares = {
  list: () => body(client.GET("/api/v1/shares")),
  create: (fields: Omit<T.ShareForm, "file">, file: File) =>
    body(client.POST("/api/v1/shares", { body: { ...fields, file: file.name }, bodySerializer: formOf({ ...fields, file }) })),
  decide: (id: string, decision: T.Decision) =>
    body(client.POST("/api/v1/shares/{id}/decide", { params: at(id), body: decision })),
  release: (id: string) => body(client.POST("/api/v1/shares/{id}/release", { params: at(id) })),
  copyAddress: (id: string) => `/api/v1/shares/${id}/copy`,
  flows: () => body(client.GET("/api/v1/flows")),
};

export const traces = {
  list: () => body(client.GET("/api/v1/traces")),
  run: (file: File) => body(client.POST("/api/v1/traces", { body: { file: file.name }, bodySerializer: formOf({ file }) })),
  reportAddress: (id: string) => `/api/v1/traces/${id}/report.docx`,
};

export const incidents = {
  list: (query: T.IncidentQuery) => body(client.GET("/api/v1/incidents", { params: { query: told(query) } })),
  read: (id: string) => body(client.GET("/api/v1/incidents/{id}", { params: at(id) })),
  create: (incident: T.NewIncident) => body(client.POST("/api/v1/incidents", { body: incident })),
  addAlerts: (id: string, alert_ids: string[]) =>
    body(client.POST("/api/v1/incidents/{id}/alerts", { params: at(id), body: { alert_ids } })),
  participant: (id: string, unit: string, role: "lead" | "assist") =>
    body(client.POST("/api/v1/incidents/{id}/participants", { params: at(id), body: { unit, role } })),
  removeParticipant: (id: string, unit: string) =>
    body(client.POST("/api/v1/incidents/{id}/participants/remove", { params: at(id), body: { unit } })),
  comment: (id: string, text: string) =>
    body(client.POST("/api/v1/incidents/{id}/comments", { params: at(id), body: { text } })),
  grade: (id: string, change: T.GradeChange) =>
    body(client.POST("/api/v1/incidents/{id}/grade", { params: at(id), body: change })),
  clockDone: (id: string, clock_id: string, done: T.ClockDone) =>
    body(client.POST("/api/v1/incidents/{id}/clocks/{clock_id}/done", { params: { path: { id, clock_id } }, body: done })),
  reportAddress: (id: string) => `/api/v1/incidents/${id}/report.docx`,
  close: (id: string, reason: string) =>
    body(client.POST("/api/v1/incidents/{id}/close", { params: at(id), body: { reason } })),
  reopen: (id: string, reason: string) =>
    body(client.POST("/api/v1/incidents/{id}/reopen", { params: at(id), body: { reason } })),
  dispatch: (id: string, tasks: T.NewTasks) =>
    body(client.POST("/api/v1/incidents/{id}/tasks", { params: at(id), body: tasks })),
};

export const tasks = {
  list: (query: T.TaskQuery) => body(client.GET("/api/v1/tasks", { params: { query: told(query) } })),
  read: (id: string) => body(client.GET("/api/v1/tasks/{id}", { params: at(id) })),
  sign: (id: string) => body(client.POST("/api/v1/tasks/{id}/sign", { params: at(id) })),
  step: (id: string, change: T.StepChange) =>
    body(client.POST("/api/v1/tasks/{id}/steps", { params: at(id), body: change })),
  progress: (id: string, text: string) =>
    body(client.POST("/api/v1/tasks/{id}/progress", { params: at(id), body: { text } })),
  submit: (id: string, text: string) =>
    body(client.POST("/api/v1/tasks/{id}/submit", { params: at(id), body: { text } })),
  sendBack: (id: string, reason: string) =>
    body(client.POST("/api/v1/tasks/{id}/return", { params: at(id), body: { reason } })),
  verify: (id: string, text: string) =>
    body(client.POST("/api/v1/tasks/{id}/verify", { params: at(id), body: { text } })),
  close: (id: string) => body(client.POST("/api/v1/tasks/{id}/close", { params: at(id) })),
  cancel: (id: string, reason: string) =>
    body(client.POST("/api/v1/tasks/{id}/cancel", { params: at(id), body: { reason } })),
  extend: (id: string, request: T.ExtensionRequest) =>
    body(client.POST("/api/v1/tasks/{id}/extension", { params: at(id), body: request })),
  decideExtension: (id: string, decision: T.ExtensionDecision) =>
    body(client.POST("/api/v1/tasks/{id}/extension/decision", { params: at(id), body: decision })),
  urge: (id: string, text: string) => body(client.POST("/api/v1/tasks/{id}/urge", { params: at(id), body: { text } })),
  divide: (id: string, division: T.TaskDivision) =>
    body(client.POST("/api/v1/tasks/{id}/divide", { params: at(id), body: division })),
  forward: (id: string, to: T.TaskForward) => body(client.POST("/api/v1/tasks/{id}/forward", { params: at(id), body: to })),
  help: (id: string, text: string) => body(client.POST("/api/v1/tasks/{id}/help", { params: at(id), body: { text } })),
  attach: (id: string, file: File) => {
    const form = new FormData();
    form.set("file", file);
    const options = { params: at(id), body: { file: file.name }, bodySerializer: () => form };
    return body(client.POST("/api/v1/tasks/{id}/attachments", options));
  },
  attachmentAddress: (id: string, attachment: string) => `/api/v1/tasks/${id}/attachments/${attachment}`,
};

export const findings = {
  list: (query: T.FindingQuery) => body(client.GET("/api/v1/findings", { params: { query: told(query) } })),
  read: (id: string) => body(client.GET("/api/v1/findings/{id}", { params: at(id) })),
  review: (id: string, review: T.FindingReview) =>
    body(client.POST("/api/v1/findings/{id}/review", { params: at(id), body: review })),
};

export const masking = {
  policies: () => body(client.GET("/api/v1/masking/policies")),
  save: (text: string) => body(client.POST("/api/v1/masking/policies", { body: { body: text } })),
  submit: (id: string) => body(client.POST("/api/v1/masking/policies/{id}/submit", { params: at(id) })),
  decide: (id: string, decision: T.Decision) =>
    body(client.POST("/api/v1/masking/policies/{id}/decide", { params: at(id), body: decision })),
  preview: (request: T.MaskingPreviewRequest) => body(client.POST("/api/v1/masking/preview", { body: request })),
};

export const events = {
  search: (query: T.EventQuery) => body(client.GET("/api/v1/events", { params: { query: told(query) } })),
  histogram: (query: { q?: string; from?: string; to?: string; buckets?: number }) =>
    body(client.GET("/api/v1/events/histogram", { params: { query: told(query) } })),
  top: (query: { q?: string; from?: string; to?: string; field: string; limit?: number }) =>
    body(client.GET("/api/v1/events/top", { params: { query: told(query) } })),
  retroHunts: () => body(client.GET("/api/v1/events/retro-hunts")),
  beginRetroHunt: (hunt: T.NewRetroHunt) => body(client.POST("/api/v1/events/retro-hunts", { body: hunt })),
  retroHunt: (id: string) => body(client.GET("/api/v1/events/retro-hunts/{id}", { params: at(id) })),
  cancelRetroHunt: (id: string) => body(client.POST("/api/v1/events/retro-hunts/{id}/cancel", { params: at(id) })),
};

export const users = {
  list: (query: { limit?: number; cursor?: string }) =>
    body(client.GET("/api/v1/users", { params: { query: told(query) } })),
  create: (user: T.NewUser) => body(client.POST("/api/v1/users", { body: user })),
  resetPassword: (id: string) => body(client.POST("/api/v1/users/{id}/reset-password", { params: at(id) })),
  enable: (id: string) => body(client.POST("/api/v1/users/{id}/enable", { params: at(id) })),
  disable: (id: string) => body(client.POST("/api/v1/users/{id}/disable", { params: at(id) })),
  unlock: (id: string) => body(client.POST("/api/v1/users/{id}/unlock", { params: at(id) })),
  roles: () => body(client.GET("/api/v1/roles")),
  assign: (id: string, roles: T.Role[]) => body(client.POST("/api/v1/users/{id}/roles", { params: at(id), body: { roles } })),
  forgetFactors: (id: string) => body(client.POST("/api/v1/users/{id}/forget-factors", { params: at(id) })),
};

export const platform = () => body(client.GET("/api/v1/platform"));

export const settings = {
  list: () => body(client.GET("/api/v1/settings")),
  set: (changes: T.SettingChanges) => body(client.POST("/api/v1/settings", { body: changes })),
  restore: (id: string, reason: string) =>
    body(client.POST("/api/v1/settings/versions/{id}/restore", { params: at(id), body: { reason } })),
  decide: (id: string, decision: T.Decision) =>
    body(client.POST("/api/v1/settings/versions/{id}/decide", { params: at(id), body: decision })),
};

export const nodes = {
  list: () => body(client.GET("/api/v1/nodes")),
  code: (node: T.NewNodeCode) => body(client.POST("/api/v1/nodes/codes", { body: node })),
  approve: (id: string, fingerprint: string) =>
    body(client.POST("/api/v1/nodes/{id}/approve", { params: at(id), body: { fingerprint } })),
  revoke: (id: string, reason: string) =>
    body(client.POST("/api/v1/nodes/{id}/revoke", { params: at(id), body: { reason } })),
};

export const audit = {
  list: (query: T.AuditQuery) => body(client.GET("/api/v1/audit", { params: { query: told(query) } })),
  verify: () => body(client.POST("/api/v1/audit/verify")),
};

export const campaigns = {
  list: () => body(client.GET("/api/v1/campaigns")),
  read: (id: string) => body(client.GET("/api/v1/campaigns/{id}", { params: at(id) })),
  create: (campaign: T.NewCampaign) => body(client.POST("/api/v1/campaigns", { body: campaign })),
  answer: (id: string, answers: T.ItemAnswer[]) =>
    body(client.POST("/api/v1/campaigns/{id}/answers", { params: at(id), body: { answers } })),
  find: (id: string, finding: T.NewInspectionFinding) =>
    body(client.POST("/api/v1/campaigns/{id}/findings", { params: at(id), body: finding })),
  order: (id: string, order: T.RectificationOrder) =>
    body(client.POST("/api/v1/campaigns/{id}/orders", { params: at(id), body: order })),
  close: (id: string) => body(client.POST("/api/v1/campaigns/{id}/close", { params: at(id) })),
};

export const compliance = {
  read: (unit: string) => body(client.GET("/api/v1/compliance", { params: { query: told({ unit }) } })),
  judge: (catalogue: string, control: string, judgement: T.ControlJudgement) =>
    body(client.POST("/api/v1/compliance/{catalogue}/{control}", { params: { path: { catalogue, control } }, body: judgement })),
};

export const scorecards = {
  list: (tier: string) => body(client.GET("/api/v1/scorecards", { params: { query: { tier } } })),
  reported: () => body(client.GET("/api/v1/scorecards/reported")),
  sheetAddress: (tier: string) => `/api/v1/scorecards.xlsx?tier=${tier}`,
};

export const bulletin = {
  read: (period: string) => body(client.GET("/api/v1/bulletin", { params: { query: { period } } })),
  documentAddress: (period: string) => `/api/v1/bulletin.docx?period=${period}`,
};
