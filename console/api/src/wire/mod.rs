//! The bodies that cross the HTTP interface, one file per noun. Times are RFC 3339 texts in UTC.

mod alerts;
mod analyst;
mod appeals;
mod capabilities;
mod channels;
mod compliance;
mod drills;
mod events;
mod evidence;
mod factors;
mod findings;
mod incidents;
mod indicators;
mod inspections;
mod list;
mod plans;
mod playbooks;
mod posture;
mod readiness;
mod regulations;
mod retro_hunts;
mod sensors;
mod session;
mod settings;
mod steward;
mod system;
mod systems;
mod tasks;
mod tier;
mod users;
mod warnings;

pub use alerts::{
    AlertAction, AlertActionKind, AlertActionResult, AlertDetail, AlertQuery, AlertRow, AlertState, Disposition,
    HistoryEntry, UndoRequest, UndoResult,
};
pub use analyst::{
    EntityHour, EntityPage, EntityQuery, HandoverNumbers, HandoverRow, Items, Neighbour, NewHandover, NewSuppression,
    NewView, RuleRow, SuppressionMade, SuppressionMatch, SuppressionPreview, SuppressionRow, ViewQuery, ViewRow,
};
pub use appeals::{AppealRow, AppealState, NewAppeal, NewTalk, TalkRow};
pub(crate) use capabilities::Record;
pub use capabilities::{
    Ability, AbilityUse, CapabilityKeyMade, CapabilityKeyRow, CapabilityKeyState, ClassifyAnswer, ClassifyFinding,
    ClassifyRequest, IndicatorLookup, IndicatorsAnswer, IndicatorsRequest, KnownIndicator, MaskAnswer, MaskRequest,
    NewCapabilityKey, ScreenAnswer, ScreenHit, ScreenRequest,
};
pub use channels::{
    ChannelBody, ChannelContent, ChannelKind, ChannelList, ChannelOptions, ChannelRow, ChannelTest, ChannelTested,
    MessageQuery, MessageRow, MessageState, NewSubscription, NotifyEvent, NotifyFault, NotifyTarget, SubscriptionRow,
};
pub use compliance::{
    Bulletin, BulletinFigure, BulletinIncident, BulletinQuery, CatalogueView, ComplianceQuery, ComplianceView,
    ControlCounts, ControlJudgement, ControlState, ControlView, ReportedScorecard, ScorePart, ScorecardQuery,
    ScorecardRow, Scorecards, UnitCompliance, UnitLoad,
};
pub use drills::{
    DrillAction, DrillDetail, DrillReplay, DrillRow, DrillScore, NewDrill, NewDrillAction, NewDrillActions,
    RecordingRow, ReplayState, ReplayView,
};
pub use events::{EventPage, EventQuery, Histogram, HistogramBucket, HistogramQuery, TopQuery, TopTerm, TopTerms};
pub use evidence::EvidenceRequestRow;
pub use factors::{
    Challenge, FactorKey, Factors, NewFactorKey, PasswordProof, RecoveryCodes, SignedChallenge, TotpCode, TotpEnrolment,
};
pub use findings::{
    FindingDetail, FindingQuery, FindingReview, FindingRow, FindingState, FindingTypeCount, MaskingPreview,
    MaskingPreviewRequest, ReviewDecision, UsedFunction,
};
pub use incidents::{
    AddAlerts, CommentView, EntityView, Explanation, GradeChange, IncidentDetail, IncidentQuery, IncidentRow,
    IncidentState, NewIncident, NewParticipant, Participant, ParticipantRemoval, ParticipantRole, TimelineEntry,
};
pub use indicators::{
    IndicatorImport, IndicatorImported, IndicatorListRow, IndicatorQuery, IndicatorRetired, IndicatorRetirement,
    IndicatorRow, IndicatorState,
};
pub use inspections::{
    AnswerResult, CampaignDetail, CampaignList, CampaignRow, InspectionAnswers, InspectionFindingView, InspectionItem,
    InspectionView, ItemAnswer, NewCampaign, NewInspectionFinding, RectificationOrder, RectificationState,
};
pub use list::{List, PageQuery};
pub use plans::{
    ActivationKind, ActivationRow, ActivationStep, ActivationStepChange, NewActivation, NewPlan, PlanList, PlanRow,
    PlanStep, PlanTemplate, ResponseLevel,
};
pub use playbooks::{AlertStepChange, PlaybookStep, PlaybookView};
pub use posture::{
    ClockDone, ClockRecord, ClockView, DomainRisk, Forecast, HourCount, HourForecast, HourSeverity, Overview, Posture,
    PostureTasks, PostureUnit, PostureWarning, ReportChannel, SeverityCounts,
};
pub use readiness::{
    CallOutcome, ContactCall, ContactDrillDetail, ContactDrillRow, Duty, DutyContact, DutyGap, DutyPerson, DutyQuery,
    DutyRegister, DutyRoster, DutyShift, NewContactDrill, NewDutyPerson, NewDutyShift, NewTraining, TrainingKind,
    TrainingRow,
};
pub use regulations::{
    NewRegulation, NewRegulationFile, NewRegulationVersion, RegulationCategory, RegulationCoverage,
    RegulationCoverageView, RegulationDetail, RegulationFile, RegulationKind, RegulationQuery, RegulationRow,
    RegulationSigning, RegulationText, RegulationUnit, RegulationUnitCoverage, RegulationUrged, RegulationVersion,
    RegulationWithdrawal,
};
pub use retro_hunts::{
    NewRetroHunt, RetroHuntCoverage, RetroHuntEntity, RetroHuntHit, RetroHuntProgress, RetroHuntRefusal,
    RetroHuntRefusalKind, RetroHuntReport, RetroHuntRule, RetroHuntState, RetroHuntView, UnreadDayView,
};
pub use sensors::{BooksView, LossView, SensorList, SensorState, SensorView, UplinkView};
pub use session::{Credentials, PasswordChange, SessionUser, SessionView, UnitList, UnitQuery, UnitRef, UnitView};
pub use settings::{FixedSetting, Platform, SettingChanges, SettingKind, SettingVersion, SettingView, SettingsView};
pub use steward::{
    AssetBody, AssetQuery, AssetRow, Decision, FlowLink, LeakForm, MaskingFunction, MaskingPolicies, MaskingPolicyView,
    PolicyDraft, ShareForm, ShareRow, TraceRow, TraceSuspect,
};
pub use system::{
    AuditQuery, AuditRow, AuditVerdict, BadEntry, ErrorBody, ErrorDetail, Health, SetupAccount, SetupRequest,
    SetupResult, SetupState,
};
pub use systems::{DueState, SystemBody, SystemRow};
pub use tasks::{
    AlertWithoutEvidence, AttachmentUpload, AttachmentView, ExtensionDecision, ExtensionRequest, ExtensionView, Issuer,
    NewTasks, Priority, StepChange, StepView, TaskDetail, TaskDivision, TaskForward, TaskHistory, TaskListState,
    TaskQuery, TaskReport, TaskRow, TaskStateView, TaskTarget, TasksCreated,
};
pub use tier::{ApproveNode, NewNodeCode, NodeCode, NodeRow, Trust};
pub use users::{NewUser, OneTimePassword, PersonRef, RoleAssignment, RoleMatrix, RoleRow, UserRow, UserState};
pub use warnings::{
    NewWarning, NotificationRow, Notifications, NotificationsRead, WantedChange, WarnedUnit, WarningChange,
    WarningLevel, WarningQuery, WarningRow, WarningState,
};

use serde::{Deserialize, Serialize};

/// A body that carries one text: a comment, a progress report.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TextBody {
    /// At most 20,000 characters.
    pub text: String,
}

/// A body that may carry one text.
#[derive(Debug, Clone, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OptionalText {
    /// At most 20,000 characters.
    #[serde(default)]
    pub text: Option<String>,
}

/// A body that carries a reason.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReasonBody {
    /// Why; at most 2,000 characters, not empty.
    pub reason: String,
}
