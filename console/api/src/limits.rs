//! Every bound of the console, by name.

use std::time::Duration;

/// Largest JSON body, in bytes.
pub(crate) const BODY_BYTES: usize = 1 << 20;
/// Largest attachment that a setting can allow, in bytes.
pub(crate) const ATTACHMENT_BYTES: usize = 32 << 20;
/// Attachments of one task.
pub(crate) const ATTACHMENTS_PER_TASK: i64 = 30;
/// Longest time a request other than the event stream may take.
pub(crate) const REQUEST_TIME: Duration = Duration::from_secs(30);
/// Rows of a page unless told.
pub(crate) const PAGE_ROWS: u32 = 50;
/// Most rows of a page.
pub(crate) const PAGE_ROWS_MAX: u32 = 500;
/// Counting the rows of a list stops here.
pub(crate) const COUNT_MAX: i64 = 10_000;
/// Rows a search for an address counts at most: it reads each of them.
pub(crate) const ADDRESS_COUNT_MAX: i64 = 1_000;
/// Counting what a search finds stops when about so many alerts were looked at.
pub(crate) const SEARCH_LOOKS: i64 = 50_000;
/// Most alerts one act names.
pub(crate) const ACTION_IDS: usize = 500;
/// Most alerts one act changes when it takes whole groups.
pub(crate) const ACTION_GROUP_ALERTS: i64 = 20_000;
/// How long an act can be taken back.
pub(crate) const UNDO_MILLIS: i64 = 10 * 60 * 1000;
/// Most alerts an incident shows.
pub(crate) const INCIDENT_ALERTS_SHOWN: i64 = 200;
/// Units that take part in one incident.
pub(crate) const PARTICIPANTS: i64 = 50;
/// Most lines of a history or timeline.
pub(crate) const HISTORY_ROWS: i64 = 500;
/// Most units one dispatch names.
pub(crate) const DISPATCH_UNITS: usize = 200;
/// Most steps of a task.
pub(crate) const TASK_STEPS: usize = 20;
/// Longest title, in characters.
pub(crate) const TITLE_CHARACTERS: usize = 200;
/// Longest text, in characters.
pub(crate) const TEXT_CHARACTERS: usize = 20_000;
/// Longest reason, in characters.
pub(crate) const REASON_CHARACTERS: usize = 2_000;
/// Longest search text, in characters.
pub(crate) const QUERY_CHARACTERS: usize = 2_000;
/// Largest body of an alert, incident or finding that is kept, in bytes.
pub(crate) const STORED_BODY_BYTES: usize = 256 << 10;
/// Changes kept for streams that come back.
pub(crate) const CHANGES_KEPT: i64 = 20_000;
/// After so many changes those that are too old are dropped.
pub(crate) const CHANGES_DROPPED_EVERY: i64 = 1_000;
/// Changes sent to a stream at once.
pub(crate) const STREAM_BATCH: i64 = 500;
/// Most event streams at once.
pub(crate) const STREAMS: usize = 512;
/// Time between heartbeats of a stream.
pub(crate) const STREAM_HEARTBEAT: Duration = Duration::from_secs(15);
/// Password hashes computed at once.
pub(crate) const HASHES_AT_ONCE: usize = 2;
/// Longest password, in bytes.
pub(crate) const PASSWORD_BYTES: usize = 256;
/// Client addresses whose failed logins are remembered.
pub(crate) const ADDRESSES_REMEMBERED: usize = 10_000;
/// Failed logins of one address in ten minutes.
pub(crate) const FAILURES_PER_ADDRESS: u32 = 50;
/// Recovery codes of an account.
pub(crate) const RECOVERY_CODES: usize = 10;
/// SM2 keys of an account.
pub(crate) const KEYS_PER_ACCOUNT: i64 = 5;
/// Suppressions that run at once.
pub(crate) const SUPPRESSIONS: i64 = 500;
/// Longest a suppression runs, in days.
pub(crate) const SUPPRESSION_DAYS: i64 = 90;
/// Views an account keeps.
pub(crate) const VIEWS_PER_ACCOUNT: i64 = 200;
/// Incidents a handover names.
pub(crate) const HANDOVER_INCIDENTS: usize = 50;
/// Handovers shown.
pub(crate) const HANDOVERS_SHOWN: i64 = 30;
/// Entities of an alert that get a page.
pub(crate) const ENTITIES_PER_ALERT: usize = 32;
/// Neighbours of an entity shown.
pub(crate) const NEIGHBOURS: i64 = 40;
/// Largest table that a setting can allow to be shared or traced, in bytes.
pub(crate) const SHARE_BYTES: usize = 32 << 20;
/// Share requests shown.
pub(crate) const SHARES_SHOWN: i64 = 500;
/// Traces shown.
pub(crate) const TRACES_SHOWN: i64 = 200;
/// Versions of masking policies shown.
pub(crate) const POLICIES_SHOWN: i64 = 300;
/// Largest masking policy, in bytes.
pub(crate) const POLICY_BYTES: usize = 64 << 10;
/// Data assets shown.
pub(crate) const ASSETS_SHOWN: i64 = 2_000;
/// Links of the flow view.
pub(crate) const FLOW_LINKS: usize = 200;
/// Drills shown.
pub(crate) const DRILLS_SHOWN: i64 = 200;
/// Acts of a drill.
pub(crate) const DRILL_ACTIONS: i64 = 500;
/// Rows of an exported table.
pub(crate) const EXPORT_ROWS: usize = 5_000;
/// Largest capture handed out, in bytes.
pub(crate) const CAPTURE_BYTES: u64 = 64 << 20;
/// Rows the masking preview takes.
pub(crate) const PREVIEW_ROWS: usize = 200;
/// Columns the masking preview takes.
pub(crate) const PREVIEW_COLUMNS: usize = 100;
/// Text the masking preview takes, in bytes.
pub(crate) const PREVIEW_TEXT_BYTES: usize = 64 << 10;
/// Largest list of indicators that is taken in, in bytes.
pub(crate) const INDICATOR_BYTES: usize = 8 << 20;
/// Most indicators of one list that is taken in.
pub(crate) const INDICATORS_PER_IMPORT: usize = 20_000;
/// Most indicators that are kept.
pub(crate) const INDICATORS_KEPT: i64 = 200_000;
/// Lists of indicators shown.
pub(crate) const INDICATOR_LISTS: i64 = 500;
/// Longest time an indicator counts, in days.
pub(crate) const INDICATOR_DAYS: i64 = 3_650;
/// Reasons shown for lines that were refused.
pub(crate) const INDICATOR_REASONS_SHOWN: usize = 20;
/// Requests for evidence shown.
pub(crate) const EVIDENCE_REQUESTS: i64 = 500;
/// Audit entries checked in one read.
pub(crate) const AUDIT_BATCH: i64 = 5_000;
/// Most entries of the audit log in one transaction of those that come without a change.
pub(crate) const AUDIT_GROUP: usize = 4_096;
/// Most such entries that wait; the acts of those beyond are refused.
pub(crate) const AUDIT_WAITING: usize = 65_536;
/// Most items of an inspection campaign.
pub(crate) const CAMPAIGN_ITEMS: usize = 100;
/// Most campaigns a list shows.
pub(crate) const CAMPAIGNS_SHOWN: i64 = 200;
/// Most findings of a campaign that are shown and ordered at once.
pub(crate) const CAMPAIGN_FINDINGS: i64 = 5_000;
/// Most tasks a scorecard reads.
pub(crate) const SCORECARD_TASKS: i64 = 200_000;
/// Warnings that a list shows.
pub(crate) const WARNINGS_SHOWN: i64 = 200;
/// Most units one warning names.
pub(crate) const WARNED_UNITS: usize = 200;
/// Longest time a warning holds, in days.
pub(crate) const WARNING_DAYS: i64 = 90;
/// Most notifications of one kind.
pub(crate) const NOTIFICATIONS_OF_A_KIND: i64 = 50;
/// Most notifications marked as read at once.
pub(crate) const NOTIFICATION_NAMES: usize = 1_000;
/// Versions of settings shown.
pub(crate) const SETTING_VERSIONS_SHOWN: i64 = 300;
/// Most settings changed at once.
pub(crate) const SETTINGS_AT_ONCE: usize = 50;
/// Policies that a list shows.
pub(crate) const REGULATIONS_SHOWN: i64 = 500;
/// Longest text of a policy, in characters: with its file it fits one message between tiers.
pub(crate) const REGULATION_CHARACTERS: usize = 60_000;
/// Largest file of a policy, in bytes.
pub(crate) const REGULATION_FILE_BYTES: usize = 512 << 10;
/// Most units that sign one policy.
pub(crate) const REGULATION_UNITS: usize = 2_000;
/// Longest time to sign a policy, in days.
pub(crate) const REGULATION_SIGN_DAYS: i64 = 366;
/// How far the day from which a policy holds may be away, in days.
pub(crate) const REGULATION_EFFECTIVE_DAYS: i64 = 3_660;
/// People of the responsibility register that are shown.
pub(crate) const DUTY_PEOPLE: i64 = 5_000;
/// People of one unit in the responsibility register.
pub(crate) const DUTY_PEOPLE_PER_UNIT: i64 = 50;
/// Shifts of duty that are shown.
pub(crate) const DUTY_SHIFTS: i64 = 1_000;
/// Longest shift of duty, in days.
pub(crate) const DUTY_SHIFT_DAYS: i64 = 31;
/// Drills of calls that a list shows.
pub(crate) const CONTACT_DRILLS: i64 = 100;
/// Records of training that a list shows.
pub(crate) const TRAININGS_SHOWN: i64 = 500;
/// Most people a record of training counts.
pub(crate) const TRAINING_PEOPLE: i64 = 1_000_000;
/// Emergency plans that a list shows.
pub(crate) const PLANS_SHOWN: i64 = 300;
/// Most steps of an emergency plan.
pub(crate) const PLAN_STEPS: usize = 60;
/// Activations that a list shows.
pub(crate) const ACTIVATIONS_SHOWN: i64 = 50;
/// Systems of the register that are shown.
pub(crate) const SYSTEMS_SHOWN: i64 = 5_000;
/// Appeals and talks that a list shows.
pub(crate) const APPEALS_SHOWN: i64 = 200;
/// Longest time to put right what a talk named, in days.
pub(crate) const TALK_DAYS: i64 = 366;
/// Largest body that asks for a hunt over the past, in bytes.
pub(crate) const RETRO_HUNT_BYTES: usize = 4 << 20;
/// Longest text of Sigma that one hunts for, in bytes.
pub(crate) const RETRO_HUNT_SIGMA_BYTES: usize = 512 << 10;
/// Most lists of indicators that one hunts for at once.
pub(crate) const RETRO_HUNT_LISTS: usize = 20;
/// Longest time of a hunt; what it found by then is reported.
pub(crate) const RETRO_HUNT_TIME: Duration = Duration::from_secs(60 * 60);
/// Hunts over the past that run at once; each keeps one processor busy.
pub(crate) const RETRO_HUNTS_AT_ONCE: usize = 2;
/// Hunts over the past of one person whose reports are kept; the oldest is forgotten.
pub(crate) const RETRO_HUNTS_KEPT: i64 = 10;
/// Rules and indicators with hits that a hunt shows.
pub(crate) const RETRO_HUNT_RULES: usize = 200;
/// Hosts, accounts and addresses that a hunt shows.
pub(crate) const RETRO_HUNT_ENTITIES: usize = 100;
/// Channels of notifications of one unit.
pub(crate) const NOTIFY_CHANNELS: i64 = 50;
/// Subscriptions of one channel.
pub(crate) const NOTIFY_SUBSCRIPTIONS: i64 = 100;
/// Most messages that come up or go out by one channel in one look.
pub(crate) const NOTIFY_AT_ONCE: i64 = 32;
/// Most messages that wait for one channel; what comes up beyond is dropped, and the log of the channel says so.
pub(crate) const NOTIFY_WAITING: i64 = 1_000;
/// Messages a minute by one channel unless told: what robots of messengers take.
pub(crate) const NOTIFY_PER_MINUTE: i64 = 20;
/// Most messages a minute that a channel can be told.
pub(crate) const NOTIFY_PER_MINUTE_MAX: i64 = 600;
/// Days that the log of messages is kept.
pub(crate) const NOTIFY_KEPT_DAYS: i64 = 180;
/// Addresses of mail of one channel.
pub(crate) const NOTIFY_RECIPIENTS: usize = 50;
/// Longest wait of a subscription, in minutes.
pub(crate) const NOTIFY_MINUTES: i64 = 1_440;
/// Keys of one unit by which applications call abilities and that still hold.
pub(crate) const CAPABILITY_KEYS: i64 = 20;
/// Keys that a list shows.
pub(crate) const CAPABILITY_KEYS_SHOWN: i64 = 500;
/// Longest time a key holds, in days.
pub(crate) const CAPABILITY_KEY_DAYS: i64 = 366;
/// Most requests a minute that a key can be given.
pub(crate) const CAPABILITY_PER_MINUTE: i64 = 600;
/// Most requests a day that a key can be given.
pub(crate) const CAPABILITY_PER_DAY: i64 = 500_000;
/// Most addresses and networks a key is bound to.
pub(crate) const CAPABILITY_NETWORKS: usize = 32;
/// Largest body that asks for an ability, in bytes.
pub(crate) const CAPABILITY_BYTES: usize = 1 << 20;
/// Most texts or records of one request.
pub(crate) const CAPABILITY_ITEMS: usize = 200;
/// Most columns of a record.
pub(crate) const CAPABILITY_COLUMNS: usize = 100;
/// Most text of one request, in bytes.
pub(crate) const CAPABILITY_TEXT_BYTES: usize = 512 << 10;
/// Most findings or hits of one answer; the answer counts those beyond.
pub(crate) const CAPABILITY_FINDINGS: usize = 5_000;
/// Most values of one look into the indicators.
pub(crate) const CAPABILITY_VALUES: usize = 200;
/// Longest of them, in characters.
pub(crate) const CAPABILITY_VALUE_CHARACTERS: usize = 2_000;
/// Indicators told of one value, the gravest first.
pub(crate) const CAPABILITY_INDICATORS: usize = 20;
/// Requests for abilities that are worked on at once; others wait.
pub(crate) const CAPABILITIES_AT_ONCE: usize = 2;
/// Refusals of a key are written at most so often, in milliseconds; between they are counted in memory.
pub(crate) const CAPABILITY_REFUSALS_EVERY: i64 = 10_000;
/// Days that the use of keys is kept.
pub(crate) const CAPABILITY_USE_DAYS: i64 = 400;
