//! A run over a capture file: one worker that reads for itself, or one reader and N workers that share nothing; one ordered
//! output.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};

use fengsui_capture::{CaptureError, FileSource, PacketSource};
use fengsui_schema::{Timestamp, Visibility, shown};
use fengsui_signatures::RuleData;

use super::configure::{Configuration, configure};
use super::data::{Places, rule_data};
use super::options::{OfflineOptions, OfflineSummary};
use super::reader::{Batch, Clock, Step, read};
use crate::account::{Account, Counter};
use crate::limits::{ANSWERS_PER_WORKER, BATCHES_PER_WORKER};
use crate::output::{EveFile, EventSink};
use crate::parts::{self, SensorParts};
use crate::report::Reporter;
use crate::rules::{LiveRules, LoadedRules, load_rules};
use crate::worker::{Shared, Worker};
use crate::{EveEvent, SensorError};

/// Reads a capture file as the options say and writes `eve.json` into the output folder.
///
/// # Errors
/// When the capture, a rule file or the suricata.yaml cannot be read, or `eve.json` cannot be written. Rules that do not
/// load are in the summary; a capture file that is cut is no error.
pub fn run_offline(options: &OfflineOptions) -> Result<OfflineSummary, SensorError> {
    run_offline_into(options, &mut EveFile::create(&options.output_directory.join("eve.json"))?)
}

/// As [`run_offline`], with the events going to a sink.
///
/// # Errors
/// As [`run_offline`], and when the sink fails.
pub fn run_offline_into(options: &OfflineOptions, sink: &mut dyn EventSink) -> Result<OfflineSummary, SensorError> {
    let configuration = configure(options)?;
    let mut source = FileSource::open(&options.pcap)?;
    let paths: &[PathBuf] = if options.rules.is_empty() { &configuration.settings.rules } else { &options.rules };
    let places = Places::new(options, paths);
    let data =
        if options.disable_detection { RuleData::default() } else { rule_data(&configuration.yaml, &places, paths)? };
    let rules = rules_of(options, (paths, &configuration, &data))?;
    let mut parts = SensorParts::new(LiveRules::new(rules));
    let start = options.scanners.as_deref().unwrap_or(&parts::yara_in_process);
    let settings = &configuration.settings;
    let rules = parts::scan_rules(settings, &settings.yara, options.content.clone())?;
    parts.scanning = parts::start_scanning(settings, rules, start)?;
    parts.hashes = parts::load_hash_lists(&configuration.settings.hash_lists)?;
    let name = options.pcap.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let summary = read_with(configuration.settings, parts, (&mut source, &name, options.simulate_ips), sink)?;
    for (name, content) in data.datasets.to_save() {
        let path = places.to_save(&name);
        std::fs::write(&path, content)
            .map_err(|source| SensorError::Write { path: shown(&path.to_string_lossy()).to_string(), source })?;
    }
    Ok(summary)
}

/// Reads all packets of a source with these settings and parts and hands the events to a sink, in order. The result does
/// not depend on the number of workers.
///
/// # Errors
/// When a setting is wrong, a thread cannot be started or the sink fails.
pub fn read_capture(
    settings: SensorSettings,
    parts: SensorParts,
    source: &mut dyn PacketSource,
    name: &str,
    sink: &mut dyn EventSink,
) -> Result<OfflineSummary, SensorError> {
    read_with(settings, parts, (source, name, false), sink)
}

use crate::settings::SensorSettings;

fn rules_of(
    options: &OfflineOptions,
    (paths, configuration, data): (&[PathBuf], &Configuration, &RuleData),
) -> Result<LoadedRules, SensorError> {
    if options.disable_detection {
        return Ok(LoadedRules::default());
    }
    load_rules(paths, &configuration.settings.variables, data)
}

/// What a worker answers to a batch; the last answer has no `until`.
struct Answer {
    until: Option<(u64, Timestamp)>,
    events: Vec<EveEvent>,
    account: Account,
}

fn read_with(
    settings: SensorSettings,
    parts: SensorParts,
    (source, name, inline): (&mut dyn PacketSource, &str, bool),
    sink: &mut dyn EventSink,
) -> Result<OfflineSummary, SensorError> {
    let shared = parts::shared(settings, parts, (false, inline))?;
    let workers = shared.settings.workers;
    let mut reporter = Reporter::new(Arc::clone(&shared), name.to_owned());
    let (account, damage) = match workers {
        1 => read_alone(&shared, source, (&mut reporter, sink)),
        _ => read_together(&shared, source, (&mut reporter, sink)),
    }?;
    sink.flush()?;
    let (account, last) = account;
    summarize(&shared, &reporter, (account, last), damage)
}

/// How far the last answer reached, and what all workers have counted.
type Outcome = Result<((Account, Timestamp), Result<(), CaptureError>), SensorError>;

/// One worker reads for itself: what it works on is in the caches of its processor.
fn read_alone(
    shared: &Arc<Shared>,
    source: &mut dyn PacketSource,
    (reporter, sink): (&mut Reporter, &mut dyn EventSink),
) -> Outcome {
    let (answer, output) = sync_channel(ANSWERS_PER_WORKER);
    std::thread::scope(|scope| {
        let shared = Arc::clone(shared);
        let worker = spawn(scope, "worker-0".to_owned(), move || work_alone(shared, source, &answer))?;
        let account = collect(&[output], reporter, sink);
        let damage = worker.join().map_err(|_| SensorError::Gone { name: "worker-0".to_owned() })?;
        Ok((account?, damage))
    })
}

fn read_together(
    shared: &Arc<Shared>,
    source: &mut dyn PacketSource,
    (reporter, sink): (&mut Reporter, &mut dyn EventSink),
) -> Outcome {
    let workers = shared.settings.workers;
    let (queues, inputs): (Vec<_>, Vec<_>) = (0..workers).map(|_| sync_channel(BATCHES_PER_WORKER)).unzip();
    let (answers, outputs): (Vec<_>, Vec<_>) = (0..workers).map(|_| sync_channel(ANSWERS_PER_WORKER)).unzip();
    let (give_back, spent) = channel();
    std::thread::scope(|scope| {
        for (number, (input, answer)) in inputs.into_iter().zip(answers).enumerate() {
            let (shared, give_back) = (Arc::clone(shared), give_back.clone());
            spawn(scope, format!("worker-{number}"), move || work(shared, &input, (&answer, &give_back)))?;
        }
        let reader = spawn(scope, "reader".to_owned(), move || read(source, &queues, spent))?;
        let account = collect(&outputs, reporter, sink);
        drop(outputs);
        let damage = reader.join().map_err(|_| SensorError::Gone { name: "reader".to_owned() })?;
        Ok((account?, damage))
    })
}

fn spawn<'scope, T: Send + 'scope>(
    scope: &'scope std::thread::Scope<'scope, '_>,
    name: String,
    body: impl FnOnce() -> T + Send + 'scope,
) -> Result<std::thread::ScopedJoinHandle<'scope, T>, SensorError> {
    std::thread::Builder::new()
        .name(name.clone())
        .spawn_scoped(scope, body)
        .map_err(|source| SensorError::Thread { name, source })
}

fn work(shared: Arc<Shared>, input: &Receiver<Batch>, (output, give_back): (&SyncSender<Answer>, &Sender<Batch>)) {
    let (mut worker, mut last) = (Worker::new(shared), Timestamp::EPOCH);
    while let Ok(mut batch) = input.recv() {
        for step in batch.steps() {
            guarded(&mut worker, &step);
        }
        let asked = batch.until;
        batch.clear();
        // At the end of the file nobody waits for it any more.
        let _ = give_back.send(batch);
        let Some(until) = asked else { continue };
        last = until.1;
        if !answer(&mut worker, until, output) {
            return;
        }
    }
    finish(worker, last, output);
}

fn work_alone(
    shared: Arc<Shared>,
    source: &mut dyn PacketSource,
    output: &SyncSender<Answer>,
) -> Result<(), CaptureError> {
    let (mut worker, mut clock) = (Worker::new(shared), Clock::default());
    let end = loop {
        let packet = match source.next() {
            Ok(Some(packet)) => packet,
            Ok(None) => break Ok(()),
            Err(error) => break Err(error),
        };
        let ticks = clock.take(&packet);
        let (number, time) = clock.now();
        if ticks {
            guarded(&mut worker, &Step::Tick(time, number));
        }
        guarded(&mut worker, &Step::Packet(packet, number));
        if clock.asks() && !answer(&mut worker, clock.now(), output) {
            return Ok(());
        }
    };
    if answer(&mut worker, clock.now(), output) {
        finish(worker, clock.now().1, output);
    }
    end
}

/// Answers with what has come so far; false when nobody takes it any more.
fn answer(worker: &mut Worker, until: (u64, Timestamp), output: &SyncSender<Answer>) -> bool {
    worker.collect();
    let answer = Answer { until: Some(until), events: worker.take_events(), account: worker.account.clone() };
    output.send(answer).is_ok()
}

/// The last answer.
fn finish(mut worker: Worker, last: Timestamp, output: &SyncSender<Answer>) {
    worker.finish(last);
    let answer = Answer { until: None, events: worker.take_events(), account: worker.account.clone() };
    let _ = output.send(answer);
}

/// One packet. No input should make the code panic; if one does, it costs that packet and its flow and is counted.
fn guarded(worker: &mut Worker, step: &Step<'_>) {
    let done = catch_unwind(AssertUnwindSafe(|| match step {
        Step::Packet(packet, number) => worker.packet(packet, *number),
        Step::Tick(time, number) => worker.tick(*time, *number),
    }));
    if done.is_err() {
        worker.recover(matches!(step, Step::Packet(..)));
    }
}

impl Worker {
    /// After a panic: the packet is lost, flows that were being worked on are gone.
    pub(crate) fn recover(&mut self, was_packet: bool) {
        self.account.count(Counter::Panics);
        self.lose_packets_at_work(was_packet);
        self.forget_broken_flows();
    }
}

/// Brings the answers of all workers together, batch by batch, in the order of packets.
fn collect(
    outputs: &[Receiver<Answer>],
    reporter: &mut Reporter,
    sink: &mut dyn EventSink,
) -> Result<(Account, Timestamp), SensorError> {
    let mut last = (0, Timestamp::EPOCH);
    loop {
        let mut account = Account::default();
        let (mut events, mut until) = (Vec::new(), None);
        for (number, output) in outputs.iter().enumerate() {
            let answer = output.recv().map_err(|_| SensorError::Gone { name: format!("worker-{number}") })?;
            account.merge(&answer.account);
            events.extend(answer.events);
            until = answer.until;
        }
        events.sort_by_key(|event| event.order);
        let Some(until) = until else {
            events.extend(reporter.records((last.1, (u64::MAX, u64::MAX, 0)), (&account, 0), true));
            reporter.shed += sink.write(events)?;
            return Ok((account, last.1));
        };
        last = until;
        if reporter.is_due(until.1) {
            events.extend(reporter.records((until.1, (until.0, u64::MAX, 0)), (&account, 0), false));
        }
        reporter.shed += sink.write(events)?;
    }
}

fn summarize(
    shared: &Shared,
    reporter: &Reporter,
    (account, last): (Account, Timestamp),
    damage: Result<(), CaptureError>,
) -> Result<OfflineSummary, SensorError> {
    let damage = match damage {
        Ok(()) => None,
        Err(error @ (CaptureError::Truncated { .. } | CaptureError::Malformed { .. })) => {
            Some(shown(&error.to_string()).to_string())
        }
        Err(error) => return Err(error.into()),
    };
    let visibility: Visibility = reporter.visibility(last, &account, 0);
    let rules = shared.rules.current().report.clone();
    let alerts = account.get(Counter::DetectAlerts);
    Ok(OfflineSummary { visibility, events: account.events, alerts, rules, damage })
}
