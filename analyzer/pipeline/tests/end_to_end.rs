//! The pipeline over a real spool and a real store: what goes in comes out, across a crash.

#![allow(clippy::expect_used, clippy::panic, reason = "a test's helpers fail the test")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use fengsui_pipeline::{
    LogFileSettings, Organization, OutputSink, Pipeline, PipelineHandle, PipelineParts, PipelineSettings, RuleSources,
    SinkError, SinkFuture, load_detection,
};
use fengsui_relay::{Class, FileDisk, Spool, SpoolSettings};
use fengsui_schema::{Clock, Output, RawRecord, Timestamp};
use fengsui_store::{Store, StoreSettings};
use parking_lot::Mutex;

#[derive(Default)]
struct Collected {
    outputs: Mutex<Vec<Output>>,
    /// Deliveries that fail before any succeeds.
    failures: Mutex<u32>,
    /// Whether nothing is taken any more, as after a crash.
    gone: std::sync::atomic::AtomicBool,
    changed: tokio::sync::Notify,
}

impl OutputSink for Collected {
    fn deliver(&self, batch: Vec<Output>) -> SinkFuture<'_> {
        Box::pin(async move {
            let mut failures = self.failures.lock();
            if self.gone.load(Ordering::SeqCst) {
                return Err(SinkError("gone".into()));
            }
            if *failures > 0 {
                *failures -= 1;
                return Err(SinkError("not now".into()));
            }
            self.outputs.lock().extend(batch);
            self.changed.notify_waiters();
            Ok(())
        })
    }
}

impl Collected {
    /// Waits until a condition on the outputs holds.
    async fn until(&self, holds: impl Fn(&[Output]) -> bool) {
        let wait = async {
            loop {
                let changed = self.changed.notified();
                if holds(&self.outputs.lock()) {
                    return;
                }
                changed.await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), wait).await.expect("outputs come");
    }

    fn alerts(&self) -> BTreeSet<String> {
        self.outputs
            .lock()
            .iter()
            .filter_map(|output| match output {
                Output::Alert(alert) => Some(format!("{} {}", alert.rule.id, alert.id)),
                _ => None,
            })
            .collect()
    }

    /// The last revision of every incident that was not taken in by another.
    fn incidents(&self) -> BTreeMap<String, usize> {
        let mut last = BTreeMap::new();
        for output in self.outputs.lock().iter() {
            if let Output::Incident(incident) = output {
                last.insert(incident.id.to_string(), incident.members.len());
            }
        }
        last.retain(|_, members| *members > 0);
        last
    }
}

struct FixedClock;

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        "2026-11-22T12:10:00Z".parse().expect("time")
    }
}

fn settings(folder: &Path) -> PipelineSettings {
    PipelineSettings {
        state_directory: folder.join("state"),
        flush_interval_ms: 20,
        commit_interval_ms: 100,
        snapshot_interval_ms: 60,
        ..PipelineSettings::default()
    }
}

fn spool(folder: &Path) -> Spool {
    let disk = Arc::new(FileDisk::open(folder.join("spool")).expect("disk"));
    Spool::open(disk, SpoolSettings::default()).expect("spool").0
}

fn store(folder: &Path) -> Arc<Store> {
    Arc::new(Store::open(StoreSettings { directory: folder.join("store"), ..StoreSettings::default() }).expect("store"))
}

async fn start(settings: PipelineSettings, spool: Spool, store: Arc<Store>, sink: Arc<Collected>) -> PipelineHandle {
    let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../rules");
    let sources = RuleSources {
        sigma: vec![rules.join("sigma")],
        indicators: vec![rules.join("indicators")],
        ..RuleSources::default()
    };
    let (detection, report) = load_detection(&sources).expect("rules");
    assert_eq!(report.failures, []);
    let parts = PipelineParts {
        spool,
        store,
        detection: Arc::new(detection),
        organization: Organization::default(),
        sink,
        clock: Arc::new(FixedClock),
        gate: None,
    };
    Pipeline::start(settings, parts).await.expect("starts")
}

/// An attack as a sensor would report it: a scan, an injection that a signature sees, a web shell, a command server.
fn attack() -> Vec<Vec<u8>> {
    let at = |seconds: u32| format!("2026-11-22T12:{:02}:{:02}.000000+0000", seconds / 60, seconds % 60);
    let mut records = Vec::new();
    for port in 0..30_u32 {
        records.push(format!(r#"{{"timestamp":"{}","event_type":"flow","flow_id":{port},"src_ip":"198.51.100.130","src_port":40000,"dest_ip":"10.1.1.5","dest_port":{},"proto":"TCP","flow":{{"bytes_toserver":60,"bytes_toclient":54,"state":"new"}}}}"#, at(port), 1000 + port));
    }
    records.push(format!(r#"{{"timestamp":"{}","event_type":"alert","flow_id":100,"src_ip":"198.51.100.130","src_port":40001,"dest_ip":"10.1.1.5","dest_port":80,"proto":"TCP","app_proto":"http","alert":{{"signature_id":9,"signature":"injection","category":"Web Application Attack","severity":1}},"http":{{"hostname":"www.example.com","url":"/a?id=1+union+select+1","http_method":"GET","status":200}}}}"#, at(60)));
    records.push(format!(r#"{{"timestamp":"{}","event_type":"http","flow_id":101,"src_ip":"198.51.100.130","src_port":40002,"dest_ip":"10.1.1.5","dest_port":80,"proto":"TCP","http":{{"hostname":"www.example.com","url":"/uploads/a.php","http_method":"POST","status":200}}}}"#, at(90)));
    records.push(format!(r#"{{"timestamp":"{}","event_type":"flow","flow_id":102,"src_ip":"10.1.1.5","src_port":40003,"dest_ip":"203.0.113.66","dest_port":443,"proto":"TCP","flow":{{"bytes_toserver":600,"bytes_toclient":540,"state":"established"}}}}"#, at(120)));
    records.into_iter().map(String::into_bytes).collect()
}

fn raw(payload: Vec<u8>) -> Vec<u8> {
    RawRecord { source: "fengsui_eve".into(), instance: "s1".into(), received: FixedClock.now(), payload }.encode()
}

fn joined(outputs: &[Output]) -> bool {
    outputs.iter().any(|output| matches!(output, Output::Incident(incident) if incident.entities.iter().any(|entity| entity.value == "203.0.113.66") && incident.techniques.len() >= 3))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attack_becomes_alerts_and_one_incident() {
    let folder = tempfile::tempdir().expect("folder");
    let (spool, store, sink) = (spool(folder.path()), store(folder.path()), Arc::new(Collected::default()));
    *sink.failures.lock() = 2;
    let handle = start(settings(folder.path()), spool.clone(), Arc::clone(&store), Arc::clone(&sink)).await;
    let mut records: Vec<Vec<u8>> = attack().into_iter().map(raw).collect();
    records.push(raw(b"{\"no\":\"record\"}".to_vec()));
    let count = records.len() as u64;
    spool.append(Class::Alert, records).expect("appends");
    sink.until(joined).await;
    let statistics = handle.statistics();
    handle.shutdown().await.expect("stops");
    assert_eq!(sink.incidents().len(), 1, "{:?}", sink.incidents());
    for rule in ["behaviour:port_scan", "suricata:9", "indicator:demonstration/203.0.113.66"] {
        assert!(sink.alerts().iter().any(|alert| alert.starts_with(rule)), "{rule} in {:?}", sink.alerts());
    }
    assert_eq!(
        statistics.records_read,
        statistics.events_indexed
            + statistics.records_quarantined
            + statistics.records_repeated
            + statistics.records_in_flight
    );
    assert_eq!((statistics.records_read, statistics.records_quarantined, statistics.delivery_failures), (count, 1, 2));
    assert_eq!(spool.reader("analyzer").expect("reader").next_sequence(), count, "everything is acknowledged");
    let replayed = fengsui_pipeline::replay_quarantine(&folder.path().join("state"), &spool).expect("replays");
    assert_eq!((replayed.records, replayed.unreadable), (1, 0));
}

/// Names, sizes and times of every file below a folder.
fn listing(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("lists").flatten() {
        match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => found.extend(listing(&entry.path())),
            Ok(metadata) => found.push(format!("{:?} {} {:?}", entry.path(), metadata.len(), metadata.modified())),
            Err(_) => {}
        }
    }
    found.sort();
    found
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("folder");
    for entry in std::fs::read_dir(from).expect("lists").flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            // A file may vanish between listing and copying (a temporary one put in place): the listing tells.
            let _ = std::fs::copy(entry.path(), target);
        }
    }
}

/// Copies a folder as a crash at one moment would leave it.
fn copy_of_one_moment(from: &Path) -> tempfile::TempDir {
    loop {
        let (before, to) = (listing(from), tempfile::tempdir().expect("folder"));
        copy(from, to.path());
        if listing(from) == before {
            return to;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_at_any_point_leads_to_the_same_results() {
    let reference = run_with_crash_after(usize::MAX).await;
    assert_eq!(reference.1.len(), 1);
    for records in [0, 7, 29, 31, 33] {
        assert_eq!(run_with_crash_after(records).await, reference, "crash after {records} records");
    }
}

/// Runs the attack; after some records nothing is delivered any more, and all goes on from the disk as it is then. What both
/// runs delivered counts, as the console would have it.
async fn run_with_crash_after(records: usize) -> (BTreeSet<String>, BTreeMap<String, usize>) {
    let first = tempfile::tempdir().expect("folder");
    let sink = Arc::new(Collected::default());
    let attack = attack();
    let records = records.min(attack.len());
    let spool_before = spool(first.path());
    let handle = start(settings(first.path()), spool_before.clone(), store(first.path()), Arc::clone(&sink)).await;
    if records > 0 {
        spool_before.append(Class::Alert, attack[..records].iter().cloned().map(raw).collect()).expect("appends");
    }
    sink.gone.store(true, Ordering::SeqCst);
    let second = copy_of_one_moment(first.path());
    handle.shutdown().await.expect("stops");
    sink.gone.store(false, Ordering::SeqCst);
    let spool = spool(second.path());
    let handle = start(settings(second.path()), spool.clone(), store(second.path()), Arc::clone(&sink)).await;
    if records < attack.len() {
        spool.append(Class::Alert, attack[records..].iter().cloned().map(raw).collect()).expect("appends");
    }
    sink.until(joined).await;
    handle.shutdown().await.expect("stops");
    (sink.alerts(), sink.incidents())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_of_an_unknown_version_is_built_again_from_the_spool() {
    let reference = run_with_crash_after(usize::MAX).await;
    let (folder, sink, attack) = (tempfile::tempdir().expect("folder"), Arc::new(Collected::default()), attack());
    let saved = folder.path().join("state/state.snapshot");
    let spool = spool(folder.path());
    for (place, part) in [&attack[..31], &attack[31..]].into_iter().enumerate() {
        let handle = start(settings(folder.path()), spool.clone(), store(folder.path()), Arc::clone(&sink)).await;
        spool.append(Class::Alert, part.iter().cloned().map(raw).collect()).expect("appends");
        match place {
            0 => sink.until(|outputs| !outputs.is_empty()).await,
            _ => sink.until(joined).await,
        }
        handle.shutdown().await.expect("stops");
        if place == 0 {
            std::fs::write(&saved, b"FSSNAP99 and what a later program wrote").expect("writes");
        }
    }
    assert_eq!((sink.alerts(), sink.incidents()), reference);
    assert!(std::fs::read(&saved).expect("is there again").starts_with(b"FSSNAP02"));
    assert!(saved.with_extension("snapshot.unusable").exists(), "people can look at it");
}

#[tokio::test(flavor = "multi_thread")]
async fn syslog_and_log_files_reach_the_sink() {
    use tokio::io::AsyncWriteExt;
    let folder = tempfile::tempdir().expect("folder");
    let (spool, store, sink) = (spool(folder.path()), store(folder.path()), Arc::new(Collected::default()));
    let log = folder.path().join("access.log");
    let line = |path: &str| {
        format!("203.0.113.5 - - [22/Nov/2026:20:00:00 +0800] \"GET {path} HTTP/1.1\" 200 10 \"-\" \"x\"\n")
    };
    std::fs::write(&log, line("/.git/config")).expect("writes");
    let mut settings = settings(folder.path());
    settings.receivers.syslog_udp = vec!["127.0.0.1:0".into()];
    settings.receivers.syslog_tcp = vec!["127.0.0.1:0".into()];
    settings.receivers.files = vec![LogFileSettings { path: log.clone(), source: "web_access".into() }];
    let handle = start(settings, spool, store, Arc::clone(&sink)).await;
    let [udp, tcp] = handle.listening() else { panic!("two listeners") };
    let sender = tokio::net::UdpSocket::bind("127.0.0.1:0").await.expect("socket");
    sender
        .send_to(b"<38>Nov 22 12:09:00 web1 sshd[9]: Accepted password for root from 203.0.113.7 port 50 ssh2", udp)
        .await
        .expect("sends");
    let mut stream = tokio::net::TcpStream::connect(tcp).await.expect("connects");
    stream
        .write_all(b"<86>Nov 22 12:09:00 web1 sudo: a : TTY=x ; PWD=/ ; USER=root ; COMMAND=/bin/cat /etc/shadow\n")
        .await
        .expect("sends");
    let has = |outputs: &[Output], title: &str| {
        outputs
            .iter()
            .any(|output| matches!(output, Output::Alert(alert) if alert.rule.title_zh.as_deref() == Some(title)))
    };
    sink.until(|outputs| {
        ["root 账号以口令登录 SSH", "读取口令文件", "应用内部信息暴露"].iter().all(|title| has(outputs, title))
    })
    .await;
    std::fs::rename(&log, folder.path().join("access.log.1")).expect("rotates");
    std::fs::write(&log, line("/x?a=1+union+select+2")).expect("writes");
    sink.until(|outputs| has(outputs, "查询串中的 SQL 注入")).await;
    // A message is counted when the spool has said that it is on disk, which may be after the sink has seen it.
    let counted = async {
        while handle.statistics().received_messages < 4 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), counted).await.expect("all are counted");
    assert_eq!(handle.statistics().received_messages, 4);
    handle.shutdown().await.expect("stops");
}
