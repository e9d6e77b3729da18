//! Measures the whole pipeline: spool, parsing, detection, correlation and index in one process.
//!
//! `throughput [--seconds N] [--rate EVENTS_PER_S] [--folder DIR] [--sigma DIR] [--queries]` appends made-up sensor events at a
//! rate (0: as fast as they are taken), and prints events per second, resident memory, how long a grave alert takes to be an
//! incident and an event to be found, and what the disk holds. `--queries` asks the store afterwards.

#![allow(clippy::print_stdout, reason = "it is there to print figures")]
#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the numbers of the generator are small")]

mod events;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use fengsui_pipeline::{
    Organization, OutputSink, Pipeline, PipelineHandle, PipelineParts, PipelineSettings, RuleSources, SinkFuture,
    load_detection,
};
use fengsui_relay::{Class, FileDisk, Spool, SpoolSettings};
use fengsui_schema::{AlertId, Clock, Output, Timestamp};
use fengsui_store::{SearchRequest, Selection, Store, StoreSettings};
use parking_lot::Mutex;

/// As in the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

struct Options {
    seconds: u64,
    rate: u64,
    folder: Option<PathBuf>,
    sigma: Vec<PathBuf>,
    queries: bool,
}

fn options() -> anyhow::Result<Options> {
    let mut options = Options { seconds: 60, rate: 0, folder: None, sigma: Vec::new(), queries: false };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut value = || words.next().with_context(|| format!("{word} needs a value"));
        match word.as_str() {
            "--seconds" => options.seconds = value()?.parse()?,
            "--rate" => options.rate = value()?.parse()?,
            "--folder" => options.folder = Some(value()?.into()),
            "--sigma" => options.sigma.push(value()?.into()),
            "--queries" => options.queries = true,
            _ => anyhow::bail!("{word} is not known"),
        }
    }
    Ok(options)
}

struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let elapsed = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_nanos(i64::try_from(elapsed.as_nanos()).unwrap_or(i64::MAX))
    }
}

/// Remembers when the incident of each marked attack came: the first with an alert of it, as an incident of many attacks names
/// some of their addresses only.
#[derive(Default)]
struct Seen {
    alerts: Mutex<BTreeMap<AlertId, String>>,
    incidents: Mutex<BTreeMap<String, Instant>>,
}

impl OutputSink for Seen {
    fn deliver(&self, batch: Vec<Output>) -> SinkFuture<'_> {
        Box::pin(async move {
            let now = Instant::now();
            let (mut alerts, mut incidents) = (self.alerts.lock(), self.incidents.lock());
            for output in batch {
                match output {
                    Output::Alert(alert) => {
                        let mark = alert.entities.into_iter().find(|entity| entity.value.starts_with(events::MARKED));
                        alerts.extend(mark.map(|mark| (alert.id, mark.value)));
                    }
                    Output::Incident(incident) => {
                        let marks = incident.members.iter().filter_map(|member| alerts.get(&member.alert));
                        marks.for_each(|mark| {
                            incidents.entry(mark.clone()).or_insert(now);
                        });
                    }
                    _ => {}
                }
            }
            Ok(())
        })
    }
}

fn main() -> anyhow::Result<()> {
    let options = options()?;
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(run(options))
}

async fn run(options: Options) -> anyhow::Result<()> {
    let temporary = tempfile::tempdir()?;
    let folder = options.folder.clone().unwrap_or_else(|| temporary.path().to_owned());
    let disk = Arc::new(FileDisk::open(folder.join("spool"))?);
    let spool = Spool::open(disk, SpoolSettings::default())?.0;
    let store = StoreSettings { directory: folder.join("index"), ..StoreSettings::default() };
    let store = Arc::new(Store::open(store)?);
    let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../rules");
    let sigma = if options.sigma.is_empty() { vec![rules.join("sigma")] } else { options.sigma.clone() };
    let (detection, report) =
        load_detection(&RuleSources { sigma, indicators: vec![rules.join("indicators")], ..RuleSources::default() })?;
    println!("{} Sigma rules, load average {}", report.sigma_rules, load()?);
    let sink = Arc::new(Seen::default());
    let parts = PipelineParts {
        spool: spool.clone(),
        store: store.clone(),
        detection: Arc::new(detection),
        organization: Organization::default(),
        sink: Arc::clone(&sink) as Arc<dyn OutputSink>,
        clock: Arc::new(SystemClock),
        gate: None,
    };
    let settings = PipelineSettings { state_directory: folder.join("state"), ..PipelineSettings::default() };
    let handle = Pipeline::start(settings, parts).await?;
    let (rate, seconds) = (options.rate, options.seconds);
    let counts = handle.statistics_hook();
    let feeding = tokio::task::spawn_blocking(move || {
        feed(&spool, rate, seconds, &|| {
            let counts = counts();
            counts.events_indexed + counts.records_quarantined
        })
    });
    let finding = tokio::task::spawn_blocking({
        let store = Arc::clone(&store);
        move || find(&store, seconds)
    });
    let begin = Instant::now();
    while begin.elapsed().as_secs() < seconds {
        tokio::time::sleep(Duration::from_secs(seconds.min(10))).await;
        progress(&handle, begin);
    }
    let fed = feeding.await??;
    let found = finding.await??;
    drain(&handle, fed.events).await;
    let elapsed = begin.elapsed().as_secs_f64();
    println!(
        "{} events of {} MB in {elapsed:.1} s: {:.0} events/s, load average {}",
        fed.events,
        fed.bytes / 1_000_000,
        fed.events as f64 / elapsed,
        load()?
    );
    let statistics = handle.statistics();
    println!(
        "alerts {}, incidents {}, quarantined {}, in flight {}",
        statistics.alerts, statistics.incidents, statistics.records_quarantined, statistics.records_in_flight
    );
    let seen = sink.incidents.lock().clone();
    let mut shown: Vec<f64> =
        fed.marks.iter().filter_map(|(mark, at)| Some(seen.get(mark)?.duration_since(*at).as_secs_f64())).collect();
    println!("incident visible, {} of {} marked attacks: {}", shown.len(), fed.marks.len(), quantiles(&mut shown));
    let mut delays: Vec<f64> =
        fed.marks.iter().filter_map(|(mark, at)| Some(found.get(mark)?.duration_since(*at).as_secs_f64())).collect();
    println!("event found, {} of {}: {}", delays.len(), fed.marks.len(), quantiles(&mut delays));
    println!(
        "peak resident {} MiB, {:.1} µs of processor time per event",
        peak()?,
        processor_us()? / fed.events as f64
    );
    handle.shutdown().await?;
    let bytes: u64 = store.days().iter().map(|day| day.bytes).sum();
    println!("index {} MB, {:.2} of raw", bytes / 1_000_000, bytes as f64 / fed.bytes as f64);
    if options.queries {
        queries(&store)?;
    }
    Ok(())
}

/// What was appended: events, raw bytes, and when each marked attack was.
struct Fed {
    events: u64,
    bytes: u64,
    marks: Vec<(String, Instant)>,
}

fn feed(spool: &Spool, rate: u64, seconds: u64, taken: &dyn Fn() -> u64) -> anyhow::Result<Fed> {
    const GROUP: u64 = 250;
    let (mut generator, mut fed) = (events::Generator::new(), Fed { events: 0, bytes: 0, marks: Vec::new() });
    let begin = Instant::now();
    let mut next_mark = Duration::from_secs(2);
    while begin.elapsed().as_secs() < seconds {
        let now = SystemClock.now();
        let mut group: Vec<Vec<u8>> = (0..GROUP).map(|_| generator.event(now)).collect();
        if begin.elapsed() >= next_mark {
            let (mark, records) = generator.attack(now);
            group.extend(records);
            fed.marks.push((mark, Instant::now()));
            next_mark += Duration::from_millis(500);
        }
        fed.events += group.len() as u64;
        fed.bytes += group.iter().map(|record| record.len() as u64).sum::<u64>();
        spool.append(Class::Flow, group)?;
        if rate > 0 {
            let due = Duration::from_secs_f64(fed.events as f64 / rate as f64);
            std::thread::sleep(due.saturating_sub(begin.elapsed()));
        } else {
            // As fast as events are taken: the spool is not the bottleneck, so that it needs a brake.
            while fed.events > taken() + 20_000 {
                std::thread::sleep(Duration::from_millis(5));
            }
        }
    }
    Ok(fed)
}

/// Looks for marked attacks until the end.
fn find(store: &Store, seconds: u64) -> anyhow::Result<BTreeMap<String, Instant>> {
    let (begin, mut found) = (Instant::now(), BTreeMap::new());
    while begin.elapsed().as_secs() < seconds + 3 {
        std::thread::sleep(Duration::from_millis(100));
        let query = "source.ip:198.18.64.0/20 AND event.kind:alert".to_owned();
        let page = store.search(&SearchRequest { query, limit: 20, ..SearchRequest::default() })?;
        let now = Instant::now();
        for hit in page.hits {
            if let Some(source) = hit.fields.text("source.ip") {
                found.entry(source.to_owned()).or_insert(now);
            }
        }
    }
    Ok(found)
}

async fn drain(handle: &PipelineHandle, events: u64) {
    for _ in 0..3_000 {
        let statistics = handle.statistics();
        if statistics.events_indexed + statistics.records_quarantined >= events {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn progress(handle: &PipelineHandle, begin: Instant) {
    let statistics = handle.statistics();
    let seconds = begin.elapsed().as_secs_f64();
    println!(
        "{seconds:6.1} s: {} indexed, {:.0}/s",
        statistics.events_indexed,
        statistics.events_indexed as f64 / seconds
    );
}

fn quantiles(values: &mut [f64]) -> String {
    values.sort_by(f64::total_cmp);
    let at = |share: f64| values.get(((values.len() as f64 * share) as usize).min(values.len().saturating_sub(1)));
    let shown = |share| at(share).map_or("-".to_owned(), |seconds| format!("{seconds:.2} s"));
    format!("p50 {}, p99 {}", shown(0.5), shown(0.99))
}

/// Times of queries of every kind, warm.
fn queries(store: &Store) -> anyhow::Result<()> {
    let all = Selection::default();
    println!("{} events in the store", store.count(&all)?);
    let mut times = Vec::new();
    for index in 0..200_u64 {
        let query = match index % 4 {
            0 => format!("source.ip:10.1.{}.{}", index % 16, index % 200),
            1 => format!("url.domain:host{}.example.com", index % 300),
            2 => format!("dns.question.name:name{index}.example.org"),
            _ => format!("destination.port:{}", 1_000 + index),
        };
        let request = SearchRequest { query, ..SearchRequest::default() };
        store.search(&request)?;
        let begin = Instant::now();
        store.search(&request)?;
        times.push(begin.elapsed().as_secs_f64() * 1_000.0);
    }
    times.sort_by(f64::total_cmp);
    println!("term query: p50 {:.1} ms, p95 {:.1} ms", times[100], times[190]);
    let timed = |name: &str, work: &dyn Fn() -> anyhow::Result<()>| -> anyhow::Result<()> {
        work()?;
        let begin = Instant::now();
        work()?;
        println!("{name}: {:.0} ms", begin.elapsed().as_secs_f64() * 1_000.0);
        Ok(())
    };
    timed("histogram of all", &|| store.histogram(&all, 300_000).map(drop).map_err(Into::into))?;
    timed("top source.ip", &|| store.top_terms(&all, "source.ip", 10).map(drop).map_err(Into::into))?;
    timed("top url.domain", &|| store.top_terms(&all, "url.domain", 10).map(drop).map_err(Into::into))?;
    timed("statistics of source.bytes", &|| {
        store.numeric_statistics(&all, "source.bytes").map(drop).map_err(Into::into)
    })
}

fn load() -> anyhow::Result<String> {
    Ok(std::fs::read_to_string("/proc/loadavg")?.split(' ').next().unwrap_or_default().to_owned())
}

/// Processor time of this process and of its kernel work until now, in microseconds.
fn processor_us() -> anyhow::Result<f64> {
    const TICK_US: f64 = 10_000.0;
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let (_, fields) = stat.rsplit_once(')').context("no name")?;
    let times = fields.split_whitespace().skip(11).take(2).map(str::parse::<f64>);
    Ok(times.sum::<Result<f64, _>>()? * TICK_US)
}

/// Largest resident size of this process, in MiB.
fn peak() -> anyhow::Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find(|line| line.starts_with("VmHWM")).context("no VmHWM")?;
    Ok(line.split_whitespace().nth(1).context("no number")?.parse::<u64>()? / 1024)
}
