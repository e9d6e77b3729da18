//! Ways by which people are told outside of the console, and what went by them.

use serde::{Deserialize, Serialize};

use super::UnitRef;

/// What a channel speaks to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChannelKind {
    /// A robot of a DingTalk group (钉钉), signed with HMAC-SHA256.
    Dingtalk,
    /// A robot of a WeCom group (企业微信); the key is part of its address.
    Wecom,
    /// A robot of a Feishu group (飞书), signed with HMAC-SHA256.
    Feishu,
    /// A gateway by HTTP: short messages, 甘政通 or another of a unit's own.
    Http,
    /// Mail by SMTP.
    Mail,
}

/// What the body of a request to a gateway is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChannelContent {
    /// JSON; values are escaped as parts of JSON texts.
    #[default]
    Json,
    /// A form; values are percent-encoded.
    Form,
    /// Plain text.
    Text,
}

/// What people are told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum NotifyEvent {
    /// A task was dispatched to a unit.
    TaskNew,
    /// A task is not signed so many minutes after it was dispatched: for the deputy.
    TaskUnsigned,
    /// A task is not finished in time.
    TaskOverdue,
    /// A legal clock has used most of its time (the setting `clock_percent`).
    ClockWarning,
    /// A legal clock has run out.
    ClockOver,
    /// An incident of the grades 特别重大 or 重大, judged or proposed.
    IncidentMajor,
    /// A node below has not been heard of for so many minutes.
    NodeSilent,
    /// A warning for a unit is in force.
    WarningIssued,
    /// Something waits for the consent of a second person.
    ApprovalWaiting,
}

/// Whom of a unit's register a message is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum NotifyTarget {
    /// Whoever is on duty by the roster.
    OnDuty,
    /// The liaison.
    Liaison,
    /// Who is responsible.
    Responsible,
    /// The deputy.
    Backup,
    /// The leader in charge.
    Leader,
}

/// What went wrong with a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum NotifyFault {
    /// The host is not among those that messages may go to.
    Host,
    /// The host is an address of this machine or of its link.
    Local,
    /// The name of the host is not known.
    Name,
    /// Nobody answers there.
    Connect,
    /// No answer in time.
    Time,
    /// The certificate or the encryption.
    Tls,
    /// The answer leads elsewhere, where nothing is sent.
    Redirect,
    /// The answer's status.
    Status,
    /// The answer says no.
    Answer,
    /// The answer is too long.
    Large,
    /// Nobody of the register is there to be told.
    Nobody,
    /// Too many messages wait.
    Full,
    /// The channel was switched off before it went.
    Off,
    /// The channel's own values: its address, its template.
    Channel,
}

/// A channel as the administrator sees it; nothing that is secret.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ChannelRow {
    /// Number in the database.
    pub id: String,
    /// Name. Written by people: untrusted.
    pub name: String,
    /// What it speaks to.
    pub kind: ChannelKind,
    /// Unit it belongs to.
    pub unit: UnitRef,
    /// Host and port of its address; the rest of the address is secret.
    pub host: String,
    /// Whether it is spoken to without encryption.
    pub plain: bool,
    /// Whether messages may go to this host (the setting `egress_hosts`).
    pub host_allowed: bool,
    /// Whether a key or password is kept.
    pub has_secret: bool,
    /// Whether a value of the header is kept.
    pub has_header: bool,
    /// What the rest is.
    pub options: ChannelOptions,
    /// Whether messages go by it.
    pub enabled: bool,
    /// When it was changed last.
    #[schema(format = DateTime)]
    pub updated_at: String,
    /// By whom.
    pub updated_by: String,
    /// What goes by it.
    pub subscriptions: Vec<SubscriptionRow>,
    /// Messages that wait.
    pub waiting: i64,
    /// Messages that were sent in the last 24 hours.
    pub sent: i64,
    /// Messages that were given up or dropped in the last 24 hours.
    pub failed: i64,
    /// Whether the caller may change it.
    pub may_change: bool,
}

/// What may be read of a channel.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ChannelOptions {
    /// What the body of a request is (gateways).
    pub content: ChannelContent,
    /// Body with `{{title}}`, `{{text}}`, `{{event}}`, `{{unit}}`, `{{name}}`, `{{phone}}`, `{{time}}`, `{{id}}` (gateways).
    pub template: String,
    /// Name of a header that carries a secret (gateways).
    pub header_name: String,
    /// Text that an answer has to hold to count as taken (gateways).
    pub expects: String,
    /// Name at the server (mail).
    pub username: String,
    /// Address that mail comes from.
    pub sender: String,
    /// Addresses that mail goes to; at most 50.
    pub recipients: Vec<String>,
    /// Begin of the quiet hours, `22:00` in Beijing time; none when empty. What is not urgent waits for their end.
    pub quiet_from: String,
    /// End of the quiet hours.
    pub quiet_to: String,
    /// Messages a minute; 1 to 600, 20 when 0.
    pub per_minute: i64,
}

/// A channel as an administrator writes it.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChannelBody {
    /// Name; at most 200 characters.
    pub name: String,
    /// What it speaks to; a channel keeps its kind.
    pub kind: ChannelKind,
    /// Address: `https://…`, or for mail `smtps://host:465`, `smtp+starttls://host:587`, `smtp://host:25`. What is kept
    /// stays when it is left out.
    #[serde(default)]
    pub url: Option<String>,
    /// Key of the signature, or password of mail. What is kept stays when it is left out; an empty text takes it away.
    #[serde(default)]
    pub secret: Option<String>,
    /// Value of the header. What is kept stays when it is left out; an empty text takes it away.
    #[serde(default)]
    pub header_value: Option<String>,
    /// What the rest is.
    #[serde(default)]
    pub options: ChannelOptions,
    /// Whether messages go by it.
    pub enabled: bool,
}

/// What goes by a channel to whom.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SubscriptionRow {
    /// Number in the database.
    pub id: String,
    /// What is told.
    pub event: NotifyEvent,
    /// Of which unit and those below it.
    pub unit: UnitRef,
    /// Whom of the unit's register; the channel's own readers when empty.
    pub targets: Vec<NotifyTarget>,
    /// After so many minutes, for the events that wait for something.
    pub minutes: i64,
    /// Whether it goes in the quiet hours too.
    pub urgent: bool,
    /// Who wrote it.
    pub created_by: String,
}

/// Lets something go by a channel.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSubscription {
    /// What is told.
    pub event: NotifyEvent,
    /// Of which unit and those below it; the channel's when left out.
    #[serde(default)]
    pub unit: Option<String>,
    /// Whom of the unit's register; the channel's own readers when empty.
    #[serde(default)]
    pub targets: Vec<NotifyTarget>,
    /// After so many minutes, 5 to 1,440, for `task_unsigned` and `node_silent`; 0 for the others.
    #[serde(default)]
    pub minutes: i64,
    /// Whether it goes in the quiet hours too.
    #[serde(default)]
    pub urgent: bool,
}

/// Every channel within reach.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ChannelList {
    /// The channels.
    pub items: Vec<ChannelRow>,
    /// Hosts that messages may go to: the setting `egress_hosts`.
    pub hosts: Vec<String>,
}

/// Sends a test.
#[derive(Debug, Clone, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChannelTest {
    /// Telephone number, for gateways that ask for one.
    #[serde(default)]
    pub phone: Option<String>,
}

/// How a test went.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ChannelTested {
    /// Whether it was taken.
    pub sent: bool,
    /// What went wrong.
    pub fault: Option<NotifyFault>,
    /// What the other side said. From the outside: untrusted.
    pub detail: String,
    /// How long it took, in milliseconds.
    pub millis: i64,
}

/// Where a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MessageState {
    /// It waits for its time, its turn or another attempt.
    Waiting,
    /// The other side took it.
    Sent,
    /// Given up.
    Failed,
    /// Not tried.
    Dropped,
}

/// A message of the log; what it says is not in it.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct MessageRow {
    /// Number in the database.
    pub id: String,
    /// Name of the channel.
    pub channel: String,
    /// Number of the channel.
    pub channel_id: String,
    /// What it tells of; none for a test.
    pub event: Option<NotifyEvent>,
    /// The object, such as `task/12`.
    pub object: String,
    /// Unit it is about.
    pub about: Option<UnitRef>,
    /// Names of those it is for; empty for the channel's own readers.
    pub names: String,
    /// Where it is.
    pub state: MessageState,
    /// How often it was tried.
    pub attempts: i64,
    /// When it is tried next.
    #[schema(format = DateTime)]
    pub next_at: Option<String>,
    /// When it came up.
    #[schema(format = DateTime)]
    pub created_at: String,
    /// When it was taken.
    #[schema(format = DateTime)]
    pub sent_at: Option<String>,
    /// What went wrong last.
    pub fault: Option<NotifyFault>,
    /// What the other side said last: its receipt, or why not. From the outside: untrusted.
    pub detail: String,
}

/// Which messages.
#[derive(Debug, Clone, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct MessageQuery {
    /// Only those of this channel.
    pub channel: Option<String>,
    /// Only those in this state.
    pub state: Option<MessageState>,
    /// Rows per page, 1 to 500; 50 unless told.
    pub limit: Option<u32>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
}
