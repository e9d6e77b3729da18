//! Every bound of this crate, and what happens at it.

/// Longest group key, in bytes; the rest is cut.
pub const GROUP_KEY_BYTES: usize = 512;

/// Longest name of an entity, in bytes; the rest is cut.
pub const ENTITY_BYTES: usize = 256;

/// Entities of one alert; further ones are left out.
pub const ALERT_ENTITIES: usize = 12;

/// Longest payload kept as evidence, in bytes of base64.
pub const PAYLOAD_BYTES: usize = 64 * 1024 / 3 * 4;

/// Longest record kept as evidence, in bytes.
pub const RECORD_BYTES: usize = 16 * 1024;

/// Longest rule text kept in an alert, in bytes.
pub const RULE_TEXT_BYTES: usize = 8 * 1024;

/// Longest matched value shown in a condition, in bytes.
pub const CONDITION_BYTES: usize = 1024;

/// Conditions of one alert; further ones are left out.
pub const CONDITIONS: usize = 32;

/// Longest text of one Sigma file, in bytes; larger files are refused.
pub const SIGMA_FILE_BYTES: usize = 4 * 1024 * 1024;

/// Longest condition of a Sigma rule, in bytes; a rule with a longer one is refused.
pub const SIGMA_CONDITION_BYTES: usize = 16 * 1024;

/// Depth of brackets of a Sigma condition; a deeper one is refused.
pub const SIGMA_CONDITION_DEPTH: usize = 48;

/// Negations in one Sigma condition; a rule with more is refused.
pub const SIGMA_CONDITION_NEGATIONS: usize = 256;

/// Depth of lists and maps in one detection of a Sigma rule; a rule with a deeper one is refused.
pub const SIGMA_DETECTION_DEPTH: usize = 16;

/// Values of one Sigma rule; a rule with more is refused. Also the combinations that placeholders of one value make.
pub const SIGMA_VALUES: usize = 50_000;

/// Longest value of a Sigma rule, in bytes; a rule with a longer one is refused.
pub const SIGMA_VALUE_BYTES: usize = 32 * 1024;

/// Values of one Sigma rule that are regular expressions or hold wildcards; a rule with more is refused.
pub const SIGMA_PATTERNS: usize = 2_000;

/// Compiled size of a regular expression of a Sigma rule, in bytes, up to which it counts as light.
pub const SIGMA_PATTERN_COMPILED_BYTES: usize = 1024 * 1024;

/// Regular expressions of one bundle that are larger than light; further ones are refused with their rules.
pub const SIGMA_HEAVY_PATTERNS: usize = 32;

/// Compiled size of the largest regular expression that is taken, in bytes.
pub const SIGMA_HEAVY_PATTERN_BYTES: usize = 8 * 1024 * 1024;

/// Sigma filters of one bundle; further ones are refused.
pub const SIGMA_FILTERS: usize = 4_096;

/// Indicators of one bundle; further ones are refused and listed.
pub const INDICATORS: usize = 2_000_000;

/// Depth to which a record is searched for texts by rules without field names.
pub const KEYWORD_DEPTH: usize = 32;

/// Entries of one table of a behaviour detector: keys (addresses, pairs, accounts) times windows, or terms. At the bound one of the
/// oldest window or day goes first and is counted.
pub const BEHAVIOUR_KEYS: usize = 100_000;

/// Values remembered for one key of a behaviour detector in one window; more change nothing, as thresholds are far below.
pub const BEHAVIOUR_VALUES: usize = 4_096;

/// Values of two windows up to which those that are in both are counted once exactly; thresholds are far below.
pub const BEHAVIOUR_COUNTED: usize = 512;

/// Sets of values that first connections share, before those out of use are dropped for the first time; there are never more than
/// twice as many as in use.
pub const SHARED_VALUES: usize = 1_024;

/// Events that wait in one behaviour detector until they are certain; further ones are given up and counted.
pub const BEHAVIOUR_PENDING: usize = 20_000;

/// Words of one STIX pattern; an indicator with more is refused.
pub const STIX_TOKENS: usize = 2_000;

/// Groups of alerts that the correlator holds. At the bound the oldest are given up and counted.
pub const CORRELATED_GROUPS: usize = 200_000;

/// Alerts that one group names; the earliest are kept, all are counted.
pub const GROUP_MEMBERS: usize = 64;

/// Members that one incident names; the riskiest groups first, all are counted in its explanation.
pub const INCIDENT_MEMBERS: usize = 1_000;

/// Folds that one incident names; the earliest are kept. The alerts of further ones are counted, and in no incident.
pub const INCIDENT_FOLDS: usize = 10_000;

/// Entities that one incident names.
pub const INCIDENT_ENTITIES: usize = 64;

/// Entities that one group of alerts keeps.
pub const GROUP_ENTITIES: usize = 24;

/// Senders whose clocks are followed; further ones share one.
pub const CLOCKS: usize = 10_000;

/// Groups (keys) that all Sigma correlations follow together; at the bound a correlation gives up the one it has not seen for
/// longest, which is counted. About 400 bytes each with one hit.
pub const CORRELATION_KEYS: usize = 1_000_000;

/// Hits of one Sigma correlation and group within its timespan; the oldest goes first and is counted.
pub const CORRELATION_HITS: usize = 10_000;

/// Hours of rules on hosts that the baseline remembers; at the bound the oldest hours go first and are counted.
pub const BASELINE_CELLS: usize = 400_000;

/// Sources of one rule within the last hours that are told apart; more change nothing, as by then the rule is common.
pub const RULE_SOURCES: usize = 64;

/// Sources of rules, and of entities, in hours of the first day that are remembered after their alerts are closed; further ones
/// are left out and counted, so that a rule may count as rarer and an entity as quieter than it is.
pub const FIRST_DAY_SOURCES: usize = 100_000;

/// Sources of rules on hosts in the last hours whose counts are remembered after their alerts are closed; further ones are left
/// out and counted.
pub const RECENT_SOURCES: usize = 400_000;

/// Entities whose past the correlator remembers; further ones are left out and counted until old ones are forgotten.
pub const ENTITY_HISTORY: usize = 200_000;

/// Rules that the account of one suppression names.
pub const SUPPRESSED_RULES: usize = 100;
