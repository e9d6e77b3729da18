//! Measures the whole pipeline: spool, parsing, detection, correlation and index in one process.
//!
//! `throughput [--seconds N] [--rate EVENTS_PER_S] [--folder DIR] [--sigma DIR] [--queries]` has a process of its own send made-up
//! sensor events into a local socket at a rate (0: as fast as they are taken), and prints events per second, resident memory of
//! the analyzer by kind, how long a grave alert takes to be in an incident and an event to be found, what became of every marked
//! attack, and what the disk holds. `--queries` asks the store afterwards.

#![allow(clippy::print_stdout, reason = "it is there to print figures")]
#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the numbers of the generator are small")]

mod attacks;
mod events;
mod feeding;
mod memory;
mod questions;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use fengsui_pipeline::{
    Organization, OutputSink, Pipeline, PipelineHandle, PipelineParts, PipelineSettings, RuleSources, SocketSettings,
    load_detection,
};
use fengsui_relay::{FileDisk, Spool, SpoolSettings};
use fengsui_schema::{Clock, Timestamp};
use fengsui_store::{Store, StoreSettings};

/// As in the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

struct Options {
    seconds: u64,
    rate: u64,
    folder: Option<PathBuf>,
    sigma: Vec<PathBuf>,
    queries: bool,
    /// Set in the process that sends.
    send_to: Option<PathBuf>,
}

fn options() -> anyhow::Result<Options> {
    let mut options = Options { seconds: 60, rate: 0, folder: None, sigma: Vec::new(), queries: false, send_to: None };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut value = || words.next().with_context(|| format!("{word} needs a value"));
        match word.as_str() {
            "--seconds" => options.seconds = value()?.parse()?,
            "--rate" => options.rate = value()?.parse()?,
            "--folder" => options.folder = Some(value()?.into()),
            "--sigma" => options.sigma.push(value()?.into()),
            "--queries" => options.queries = true,
            "--send-to" => options.send_to = Some(value()?.into()),
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

fn main() -> anyhow::Result<()> {
    let options = options()?;
    if let Some(socket) = &options.send_to {
        return feeding::send(&options, socket);
    }
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(run(options))
}

async fn run(options: Options) -> anyhow::Result<()> {
    let temporary = tempfile::tempdir()?;
    let folder = options.folder.clone().unwrap_or_else(|| temporary.path().to_owned());
    let store = StoreSettings { directory: folder.join("index"), ..StoreSettings::default() };
    let store = Arc::new(Store::open(store)?);
    let sink = attacks::Sink::new();
    let socket = folder.join("eve.sock");
    let handle = start(&options, &folder, &socket, &store, Arc::clone(&sink) as Arc<dyn OutputSink>).await?;
    let (seconds, begin, watch) = (options.seconds, Instant::now(), memory::Watch::start());
    let mut sender = feeding::start(&options, &socket)?;
    let counts = handle.statistics_hook();
    let taken = Arc::new(move || {
        let counts = counts();
        counts.events_indexed + counts.records_quarantined
    });
    let feeding = tokio::task::spawn_blocking(move || feeding::follow(&mut sender, taken));
    let finding = tokio::task::spawn_blocking({
        let store = Arc::clone(&store);
        move || questions::find(&store, seconds)
    });
    while begin.elapsed().as_secs() < seconds {
        tokio::time::sleep(Duration::from_secs(seconds.min(10))).await;
        progress(&handle, begin)?;
    }
    let (fed, found) = (feeding.await??, finding.await??);
    drain(&handle, fed.events).await;
    summary(&handle, &fed, begin.elapsed().as_secs_f64())?;
    println!("{}", sink.shown(&fed));
    let mut delays = attacks::delays(&fed, &found);
    println!("event found, {} of {}: {}", delays.len(), fed.marks.len(), quantiles(&mut delays));
    println!("resident at the most: {}", watch.end());
    handle.shutdown().await?;
    let bytes: u64 = store.days().iter().map(|day| day.bytes).sum();
    println!("index {} MB, {:.2} of raw", bytes / 1_000_000, bytes as f64 / fed.bytes as f64);
    if options.queries {
        questions::queries(&store)?;
    }
    Ok(())
}

/// Starts the analyzer with the rules of the repository and a socket to send to.
async fn start(
    options: &Options,
    folder: &Path,
    socket: &Path,
    store: &Arc<Store>,
    sink: Arc<dyn OutputSink>,
) -> anyhow::Result<PipelineHandle> {
    let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../rules");
    let sigma = if options.sigma.is_empty() { vec![rules.join("sigma")] } else { options.sigma.clone() };
    let (detection, report) =
        load_detection(&RuleSources { sigma, indicators: vec![rules.join("indicators")], ..RuleSources::default() })?;
    println!("{} Sigma rules, load average {}", report.sigma_rules, load()?);
    let disk = Arc::new(FileDisk::open(folder.join("spool"))?);
    let parts = PipelineParts {
        spool: Spool::open(disk, SpoolSettings::default())?.0,
        store: store.clone(),
        detection: Arc::new(detection),
        organization: Organization::default(),
        sink,
        clock: Arc::new(SystemClock),
        gate: None,
    };
    let mut settings = PipelineSettings { state_directory: folder.join("state"), ..PipelineSettings::default() };
    settings.receivers.sockets = vec![SocketSettings { path: socket.to_owned(), source: "fengsui_eve".to_owned() }];
    Ok(Pipeline::start(settings, parts).await?)
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

fn progress(handle: &PipelineHandle, begin: Instant) -> anyhow::Result<()> {
    let (statistics, seconds) = (handle.statistics(), begin.elapsed().as_secs_f64());
    let (indexed, memory) = (statistics.events_indexed, memory::shown()?);
    println!("{seconds:6.1} s: {indexed} indexed, {:.0}/s; {memory}", indexed as f64 / seconds);
    Ok(())
}

fn summary(handle: &PipelineHandle, fed: &feeding::Fed, seconds: f64) -> anyhow::Result<()> {
    let statistics = handle.statistics();
    let indexed = statistics.events_indexed as f64;
    println!(
        "{} events of {} MB sent; in {seconds:.1} s {:.0} events/s indexed, {:.1} µs of processor time each, load average {}",
        fed.events,
        fed.bytes / 1_000_000,
        indexed / seconds,
        processor_us()? / indexed,
        load()?
    );
    println!(
        "indexed {}, alerts {}, incidents {}, quarantined {}, in flight {}, late {}, given up {}",
        statistics.events_indexed,
        statistics.alerts,
        statistics.incidents,
        statistics.records_quarantined,
        statistics.records_in_flight,
        statistics.events_late,
        statistics.state_evicted
    );
    Ok(())
}

fn quantiles(values: &mut [f64]) -> String {
    values.sort_by(f64::total_cmp);
    let at = |share: f64| values.get(((values.len() as f64 * share) as usize).min(values.len().saturating_sub(1)));
    let shown = |share| at(share).map_or("-".to_owned(), |seconds| format!("{seconds:.2} s"));
    format!("p50 {}, p99 {}", shown(0.5), shown(0.99))
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
