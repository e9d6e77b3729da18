//! Named limits of this crate. What each sheds is counted by the part that enforces it.

/// Flows of one worker, unless the settings say otherwise.
pub const FLOWS_PER_WORKER: usize = 131_072;
/// Bytes that buffers of all flows of one worker may hold, unless the settings say otherwise.
pub const FLOW_MEMORY_BYTES: usize = 512 << 20;
/// Bytes of one direction of a stream kept for rules.
pub const STREAM_WINDOW_BYTES: usize = 16 << 10;
/// Bytes of a full window that are kept so that a match may span two windows.
pub const STREAM_OVERLAP_BYTES: usize = 4 << 10;
/// Bytes up to which a window grows with what is in it; past that it is given all its room at once.
pub const SMALL_WINDOW_BYTES: usize = 4 << 10;
/// New bytes of a stream after which rules look again, when nothing else makes them look earlier.
pub const STREAM_INSPECT_BYTES: usize = 2_560;
/// Bytes at the start of a stream that rules look at with every packet.
pub const STREAM_EARLY_BYTES: u64 = 4 << 10;
/// Bytes of a file that rules look at in one piece.
pub const FILE_WINDOW_BYTES: usize = 32 << 10;
/// Bytes of the end of a file window that are kept for the next one.
pub const FILE_OVERLAP_BYTES: usize = 4 << 10;
/// Buffers of files that have ended which one worker keeps for the next ones.
pub const SPARE_FILE_BUFFERS: usize = 64;
/// Bytes of the largest buffer it keeps so.
pub const SPARE_FILE_BUFFER_BYTES: usize = 128 << 10;
/// New bytes of a file after which rules look again.
pub const FILE_INSPECT_BYTES: usize = 16 << 10;
/// Files of one flow that are followed at once; more are passed by and counted.
pub const FILES_PER_FLOW: usize = 64;
/// Bytes from the start of a file that are kept for identification, classification and YARA.
pub const FILE_CONTENT_BYTES: usize = 8 << 20;
/// Bytes of content that all flows of one worker keep for that together.
pub const FILE_CONTENT_TOTAL_BYTES: usize = 256 << 20;
/// Files waiting for the thread that keeps them.
pub const FILE_STORE_QUEUE: usize = 64;
/// Files one run may keep.
pub const FILE_STORE_FILES: u64 = 1_000_000;
/// Announced flows that one worker waits for.
pub const EXPECTATIONS: usize = 4_096;
/// Seconds an announced flow is waited for.
pub const EXPECTATION_SECONDS: i64 = 300;
/// Payload bytes an alert record carries.
pub const ALERT_PAYLOAD_BYTES: usize = 4 << 10;
/// Alerts about packets and streams that tell the same transaction beside it; later ones do not repeat it.
pub const GUESSED_TRANSACTION_ALERTS: u8 = 4;
/// Hosts whose packets are recorded at once (keyword `tag`).
pub const TAGGED_HOSTS: usize = 16_384;
/// Transactions of one flow that are kept from being logged (keyword `config`).
pub const SILENCED_TRANSACTIONS: usize = 64;
/// Alerts of one packet that are written, unless the settings say otherwise.
pub const ALERTS_PER_PACKET: usize = 15;
/// Bytes of packets that one worker keeps for alert captures, unless the settings say otherwise.
pub const EVIDENCE_RING_BYTES: usize = 16 << 20;
/// Bytes of one alert capture.
pub const EVIDENCE_FLOW_BYTES: usize = 4 << 20;
/// Alert captures open at once.
pub const EVIDENCE_OPEN_FILES: usize = 256;
/// Alert captures one run may write.
pub const EVIDENCE_FILES: u64 = 100_000;
/// Packets waiting for the thread that writes alert captures.
pub const EVIDENCE_QUEUE: usize = 4_096;
/// Packets the reader of a capture file hands over at once: few enough that they are still in the processor's caches
/// when a worker looks at them.
pub const BATCH_PACKETS: usize = 256;
/// Batches of a capture file that may wait for one worker.
pub const BATCHES_PER_WORKER: usize = 8;
/// Batches after which every worker answers with its events.
pub const BATCHES_PER_ANSWER: usize = 8;
/// Answers of one worker that may wait.
pub const ANSWERS_PER_WORKER: usize = 4;
/// Events of live workers that may wait for the output thread, in batches.
pub const OUTPUT_QUEUE_BATCHES: usize = 256;
/// Workers of one sensor.
pub const WORKERS: usize = 64;
/// Bytes of one rule file.
pub const RULE_FILE_BYTES: u64 = 512 << 20;
/// Bytes of a suricata.yaml.
pub const YAML_BYTES: u64 = 4 << 20;
/// Nested `include` of suricata.yaml files.
pub const YAML_INCLUDES: usize = 8;
/// Nested values of a suricata.yaml.
pub const YAML_DEPTH: usize = 32;
/// Longest head of an answer of the analyzer, in bytes; a longer one is no answer.
pub const ANSWER_HEAD_BYTES: usize = 8 * 1024;
/// Longest body of an answer of the analyzer, in bytes; a longer one is no answer.
pub const ANSWER_BYTES: usize = 64 * 1024;
