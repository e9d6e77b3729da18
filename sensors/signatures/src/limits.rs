//! Every bound of this crate, in one place.

/// Longest rule, in bytes; a longer one fails to load.
pub(crate) const RULE_BYTES: usize = 64 * 1024;
/// Most options in one rule.
pub(crate) const RULE_OPTIONS: usize = 1024;
/// Deepest nesting of groups in an address or port list, variables included.
pub(crate) const GROUP_DEPTH: usize = 16;
/// Most ranges an address or port list may come to.
pub(crate) const GROUP_RANGES: usize = 100_000;
/// Longest content pattern, in bytes.
pub(crate) const PATTERN_BYTES: usize = 4096;
/// Compiled size of one regular expression, in bytes.
pub(crate) const REGEX_BYTES: usize = 4 * 1024 * 1024;
/// Working memory of one regular expression while it searches, in bytes.
pub(crate) const REGEX_CACHE_BYTES: usize = 256 * 1024;
/// Backtracking steps of one search with look-around or back-references.
pub(crate) const REGEX_BACKTRACKING: usize = 100_000;
/// Match attempts within one buffer for one rule; Suricata calls its like `inspection-recursion-limit`.
pub(crate) const INSPECTION_STEPS: u32 = 3000;
/// Bytes searched within one buffer for one rule, backtracking included.
pub(crate) const INSPECTION_BYTES: u64 = 8 * 1024 * 1024;
/// Most variables (`byte_extract`, `byte_math`) of one rule.
pub(crate) const RULE_VARIABLES: usize = 16;
/// Bytes that `base64_decode` and transforms write per buffer.
pub(crate) const TRANSFORMED_BYTES: usize = 256 * 1024;
/// Elements that `asn1` looks at from one place on.
pub(crate) const ASN1_ELEMENTS: usize = 4096;
/// Bytes that `gunzip` and `zlib_deflate` unpack unless the rule says how many.
pub(crate) const INFLATED_BYTES_USUAL: usize = 1024;
/// Most bytes a rule may have them unpack.
pub(crate) const INFLATED_BYTES: usize = 16 * 1024 * 1024;
/// Flowbits of one flow; setting more is ignored and counted.
pub(crate) const FLOW_BITS: usize = 256;
/// Flowints of one flow.
pub(crate) const FLOW_INTS: usize = 64;
/// Bytes at the start of a TCP packet in which patterns with a place are looked for apart from all others.
pub(crate) const NEAR_BYTES: usize = 256;
/// Rates counted by flow that one flow holds; rules above it are not held back.
pub(crate) const FLOW_RATES: usize = 64;
/// Directions of transactions of one flow of which it is remembered what rules have seen; others are looked at anew.
pub(crate) const FLOW_SHOWN: usize = 64;
/// Bytes a pattern needs to be looked for in payloads and bodies: a shorter one is in every larger buffer.
pub(crate) const LONG_BUFFER_PATTERN: usize = 4;
/// New bytes of a body after which rules look again for certain; as many as they have seen before are enough.
pub(crate) const BODY_INSPECT_BYTES: usize = 16 * 1024;
/// Files of one flow of which it is remembered what rules have seen; others are looked at anew.
pub(crate) const FLOW_FILES: usize = 64;
/// Classes of traffic of which one worker remembers what applies to them; past it they are looked up anew.
pub(crate) const GROUPS: usize = 1_024;
/// Matchers of parts of a rule set's patterns; past it all patterns of a buffer are looked for.
pub(crate) const COMPILED_MATCHERS: usize = 2_048;
/// Patterns of all those matchers together.
pub(crate) const COMPILED_PATTERNS: usize = 200_000;
/// Entries of a threshold.config.
pub(crate) const THRESHOLD_CONFIG_ENTRIES: usize = 65_536;
/// Values of one dataset.
pub(crate) const DATASET_VALUES: usize = 1 << 22;
/// Datasets rules may name.
pub(crate) const DATASETS: usize = 4_096;
/// Remembered firings of one flow; the oldest go first.
pub(crate) const FLOW_FIRED: usize = 512;
/// Complete transactions whose firings a flow still remembers, so that showing one twice does not alert twice.
pub(crate) const FLOW_TRANSACTIONS_REMEMBERED: u64 = 16;
/// Entries of the threshold table over all workers.
pub(crate) const THRESHOLD_ENTRIES: usize = 262_144;
/// Entries of the xbits table over all workers.
pub(crate) const XBIT_ENTRIES: usize = 262_144;
/// Sets of ports that rates with `unique_on` hold, over all workers: 8 KiB each. A rate that gets none counts every match,
/// and is counted.
pub(crate) const PORT_SETS: usize = 4_096;
/// Longest value in a matched condition, in characters.
pub(crate) const CONDITION_CHARACTERS: usize = 1024;
/// Matches one call hands out; further ones are counted as shed.
pub(crate) const MATCHES_PER_CALL: usize = 256;
/// Longest rule text an alert repeats, in bytes.
pub(crate) const RULE_TEXT_BYTES: usize = 8 * 1024;
