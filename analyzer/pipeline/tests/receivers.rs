//! The receivers on real listeners, with the senders people use: logger, openssl s_client, curl.

#![allow(clippy::expect_used, clippy::panic, reason = "a test's helpers fail the test")]

use std::io::Write;
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use fengsui_pipeline::{
    Detection, EventLogSettings, HttpListenerSettings, Organization, OutputSink, Pipeline, PipelineHandle,
    PipelineParts, PipelineSettings, SinkFuture, SocketSettings, TlsListenerSettings,
};
use fengsui_relay::{Class, FileDisk, Reader, Spool, SpoolSettings};
use fengsui_schema::{Clock, Output, RawRecord, Timestamp};
use fengsui_store::{Store, StoreSettings};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};

struct Nowhere;

impl OutputSink for Nowhere {
    fn deliver(&self, _: Vec<Output>) -> SinkFuture<'_> {
        Box::pin(async { Ok(()) })
    }
}

struct FixedClock;

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        "2026-11-22T12:10:00Z".parse().expect("time")
    }
}

struct Running {
    folder: tempfile::TempDir,
    handle: PipelineHandle,
    spool: Spool,
    reader: Reader,
}

async fn start(spool_settings: SpoolSettings, receivers: impl FnOnce(&Path, &mut PipelineSettings)) -> Running {
    start_in(tempfile::tempdir().expect("folder"), spool_settings, receivers).await
}

async fn start_in(
    folder: tempfile::TempDir,
    spool_settings: SpoolSettings,
    receivers: impl FnOnce(&Path, &mut PipelineSettings),
) -> Running {
    let disk = Arc::new(FileDisk::open(folder.path().join("spool")).expect("disk"));
    let (spool, _) = Spool::open(disk, spool_settings).expect("spool");
    let reader = spool.reader("test").expect("reader");
    let mut settings = PipelineSettings { state_directory: folder.path().join("state"), ..PipelineSettings::default() };
    receivers(folder.path(), &mut settings);
    let parts = PipelineParts {
        spool: spool.clone(),
        store: Arc::new(
            Store::open(StoreSettings { directory: folder.path().join("store"), ..StoreSettings::default() })
                .expect("store"),
        ),
        detection: Arc::new(Detection::default()),
        organization: Organization::default(),
        sink: Arc::new(Nowhere),
        clock: Arc::new(FixedClock),
        gate: None,
    };
    let handle = Pipeline::start(settings, parts).await.expect("starts");
    Running { folder, handle, spool, reader }
}

impl Running {
    /// The next records that are on disk, as source, sender and text.
    fn records(&mut self, count: usize) -> Vec<(String, String, String)> {
        let (mut found, until) = (Vec::new(), Instant::now() + Duration::from_secs(20));
        while found.len() < count && Instant::now() < until {
            for record in self.reader.read(count - found.len(), Duration::from_millis(50)).expect("reads") {
                let record = RawRecord::decode(&record.payload).expect("is a record");
                found.push((record.source, record.instance, String::from_utf8_lossy(&record.payload).into_owned()));
            }
        }
        assert_eq!(found.len(), count, "{found:?}");
        found
    }
}

fn run(program: &str, arguments: &[&str], input: &[u8]) -> String {
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{program} can't be run ({error}); tests/harness/install.sh test installs it"));
    child.stdin.take().expect("input").write_all(input).expect("writes");
    let output = child.wait_with_output().expect("ends");
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn port(address: &SocketAddr) -> String {
    address.port().to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn syslog_of_logger_over_udp_and_tcp() {
    let mut running = start(SpoolSettings::default(), |_, settings| {
        settings.receivers.syslog_udp = vec!["127.0.0.1:0".into()];
        settings.receivers.syslog_tcp = vec!["127.0.0.1:0".into()];
    })
    .await;
    let addresses = running.handle.listening().to_vec();
    run("logger", &["-n", "127.0.0.1", "-P", &port(&addresses[0]), "-d", "-t", "app", "over udp"], b"");
    run("logger", &["-n", "127.0.0.1", "-P", &port(&addresses[1]), "-T", "--octet-count", "-t", "app", "counted"], b"");
    run("logger", &["-n", "127.0.0.1", "-P", &port(&addresses[1]), "-T", "--rfc3164", "-t", "app", "one a line"], b"");
    let found = running.records(3);
    assert!(found.iter().all(|(source, sender, _)| source == "syslog" && sender == "127.0.0.1"), "{found:?}");
    for text in ["over udp", "counted", "one a line"] {
        assert!(found.iter().any(|(.., record)| record.contains(text)), "{text} in {found:?}");
    }
    running.handle.shutdown().await.expect("stops");
}

/// A certificate for 127.0.0.1 and its key, in PEM.
fn certificate(folder: &Path) -> (std::path::PathBuf, std::path::PathBuf) {
    let made = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).expect("certificate");
    let (certificate, key) = (folder.join("cert.pem"), folder.join("key.pem"));
    std::fs::write(&certificate, made.cert.pem()).expect("writes");
    std::fs::write(&key, made.signing_key.serialize_pem()).expect("writes");
    (certificate, key)
}

#[tokio::test(flavor = "multi_thread")]
async fn syslog_over_tls_and_with_client_certificates() {
    let mut running = start(SpoolSettings::default(), |folder, settings| {
        let (certificate, key) = certificate(folder);
        let plain = TlsListenerSettings { address: "127.0.0.1:0".into(), certificate, key, client_authority: None };
        let strict = TlsListenerSettings { client_authority: Some(plain.certificate.clone()), ..plain.clone() };
        settings.receivers.syslog_tls = vec![plain, strict];
    })
    .await;
    let addresses = running.handle.listening().to_vec();
    let line = b"<38>Nov 22 12:09:00 web1 sshd[9]: over tls\n";
    let connect = format!("127.0.0.1:{}", addresses[0].port());
    run("openssl", &["s_client", "-quiet", "-no_ign_eof", "-connect", &connect], line);
    let found = running.records(1);
    assert!(found[0].2.ends_with("over tls"), "{found:?}");
    let connect = format!("127.0.0.1:{}", addresses[1].port());
    run("openssl", &["s_client", "-quiet", "-no_ign_eof", "-connect", &connect], line);
    let until = Instant::now() + Duration::from_secs(20);
    while running.handle.statistics().handshakes_failed == 0 && Instant::now() < until {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(running.handle.statistics().handshakes_failed, 1);
    assert_eq!(running.handle.statistics().received_messages, 1);
    running.handle.shutdown().await.expect("stops");
}

/// Writes and closes, and never reads: what many senders do.
fn write_only(address: SocketAddr, authority: &Path, text: &[u8]) {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(authority).expect("certificate")).expect("trusts");
    let settings = rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("127.0.0.1").expect("name");
    let session = rustls::ClientConnection::new(Arc::new(settings), name).expect("session");
    let mut stream = rustls::StreamOwned::new(session, TcpStream::connect(address).expect("connects"));
    stream.conn.complete_io(&mut stream.sock).expect("shakes hands");
    // What the server may send after the handshake has arrived by then.
    std::thread::sleep(Duration::from_millis(50));
    stream.write_all(text).expect("writes");
    stream.conn.send_close_notify();
    stream.flush().expect("writes");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_a_sender_that_never_reads_is_lost() {
    let mut authority = std::path::PathBuf::new();
    let mut running = start(SpoolSettings::default(), |folder, settings| {
        let (certificate, key) = certificate(folder);
        authority.clone_from(&certificate);
        let address = "127.0.0.1:0".to_owned();
        settings.receivers.syslog_tls = vec![TlsListenerSettings { address, certificate, key, client_authority: None }];
    })
    .await;
    let address = running.handle.listening()[0];
    let lines: String = (0..20_000).map(|n| format!("<38>Nov 22 12:09:00 web1 sshd[9]: line {n}\n")).collect();
    tokio::task::spawn_blocking(move || write_only(address, &authority, lines.as_bytes())).await.expect("ends");
    let found = running.records(20_000);
    assert!(found[19_999].2.ends_with("line 19999"), "{:?}", found[19_999]);
    running.handle.shutdown().await.expect("stops");
}

const TOKEN: &str = "a-token-of-the-tests";

fn http(folder: &Path, settings: &mut PipelineSettings) {
    let token_file = folder.join("tokens");
    std::fs::write(&token_file, format!("# collectors\n{TOKEN}\n")).expect("writes");
    settings.receivers.http =
        vec![HttpListenerSettings { address: "127.0.0.1:0".into(), token_file, ..HttpListenerSettings::default() }];
}

/// Posts with curl; the status and the answer.
fn post(address: &SocketAddr, path: &str, more: &[&str], body: &[u8]) -> String {
    let url = format!("http://{address}{path}");
    let mut arguments = vec!["-sS", "-w", "\n%{http_code} %header{retry-after}", "--data-binary", "@-"];
    arguments.extend(more);
    arguments.push(&url);
    run("curl", &arguments, body)
}

#[tokio::test(flavor = "multi_thread")]
async fn records_over_http_with_a_token() {
    let mut running = start(SpoolSettings::default(), http).await;
    let address = running.handle.listening()[0];
    let bearer = format!("Authorization: Bearer {TOKEN}");
    let token = ["-H", bearer.as_str()];
    let eve = b"{\"event_type\":\"dns\",\"timestamp\":\"2026-11-22T12:00:00Z\"}\n{\"event_type\":\"tls\",\"timestamp\":\"2026-11-22T12:00:00Z\"}";
    let answer = post(&address, "/ingest/eve?instance=sensor%207", &token, eve);
    assert!(answer.contains("\"accepted\":2") && answer.contains("\n200"), "{answer}");
    let found = running.records(2);
    assert_eq!((found[0].0.as_str(), found[0].1.as_str()), ("fengsui_eve", "sensor 7"));
    let chunked = [token[0], token[1], "-H", "Transfer-Encoding: chunked"];
    let large: Vec<u8> = b"CEF:0|a|b|c|d|e|1|src=192.0.2.1\n".repeat(50_000);
    let answer = post(&address, "/ingest", &chunked, &large);
    assert!(answer.contains("\"accepted\":50000") && answer.contains("\"cef\""), "{answer}");
    assert!(running.records(50_000).iter().all(|(source, sender, _)| source == "cef" && sender == "127.0.0.1"));
    for (path, headers, status) in [
        ("/ingest/eve", &["-H", "Authorization: Bearer wrong"][..], "401"),
        ("/ingest/eve", &[][..], "401"),
        ("/ingest/nothing", &token[..], "404"),
        ("/other", &token[..], "404"),
        ("/ingest", &[token[0], token[1], "-H", "Content-Encoding: gzip"][..], "415"),
        ("/ingest", &[token[0], token[1], "-X", "DELETE"][..], "405"),
    ] {
        let answer = post(&address, path, headers, b"x");
        assert!(answer.contains(&format!("\n{status}")), "{path} {headers:?}: {answer}");
    }
    assert_eq!(running.handle.statistics().tokens_refused, 2);
    assert_eq!(running.handle.statistics().received_messages, 50_002);
    running.handle.shutdown().await.expect("stops");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_room_http_senders_are_asked_to_come_again() {
    // The reader of the test acknowledges nothing, so the spool fills up.
    let small = SpoolSettings { limit_bytes: 8 * 1024 * 1024, segment_bytes: 1024 * 1024, ..SpoolSettings::default() };
    let running = start(small, http).await;
    let address = running.handle.listening()[0];
    let bearer = format!("Authorization: Bearer {TOKEN}");
    let body: Vec<u8> = [b"CEF:0|a|b|c|d|e|1|msg=".as_slice(), &[b'x'; 4_000], b"\n"].concat().repeat(200);
    let mut accepted = 0_u64;
    let refused = (0..40).find_map(|_| {
        let answer = post(&address, "/ingest/cef", &["-H", &bearer], &body);
        if answer.contains("\n200") {
            accepted += 200
        } else {
            return Some(answer);
        }
        None
    });
    let answer = refused.expect("the spool fills up");
    assert!(answer.contains("\n429 5"), "{answer}");
    assert!(running.handle.statistics().requests_deferred >= 1);
    assert_eq!(running.handle.statistics().received_messages, accepted, "what was answered 200 is what was taken");
    running.handle.shutdown().await.expect("stops");
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_over_a_local_socket_and_flows_over_udp() {
    let mut running = start(SpoolSettings::default(), |folder, settings| {
        let path = folder.join("eve.sock");
        // A socket that a crashed process left behind is in nobody's way.
        drop(std::os::unix::net::UnixListener::bind(&path).expect("binds"));
        settings.receivers.sockets = vec![SocketSettings { path, source: String::new() }];
        settings.receivers.flows_udp = vec!["127.0.0.1:0".into()];
    })
    .await;
    let path = running.folder.path().join("eve.sock");
    let mut stream = UnixStream::connect(&path).expect("connects");
    stream.write_all(b"{\"event_type\":\"dns\",\"timestamp\":\"2026-11-22T12:00:00Z\"}\n{\"event").expect("writes");
    stream.write_all(b"_type\":\"tls\"}\n").expect("writes");
    let found = running.records(2);
    assert!(found.iter().all(|(source, ..)| source == "fengsui_eve"), "{found:?}");
    let mut datagram = [&5_u16.to_be_bytes()[..], &1_u16.to_be_bytes()].concat();
    for number in [10_000_u32, 1_795_348_800, 0, 1, 0] {
        datagram.extend(number.to_be_bytes());
    }
    datagram.extend([192, 0, 2, 1, 198, 51, 100, 9]);
    datagram.extend([0; 40]);
    let sender = UdpSocket::bind("127.0.0.1:0").expect("socket");
    sender.send_to(&datagram, running.handle.listening()[0]).expect("sends");
    sender.send_to(b"no flow export", running.handle.listening()[0]).expect("sends");
    let found = running.records(2);
    assert!(found[0].2.contains("\"src_ip\":\"192.0.2.1\""), "{found:?}");
    assert_eq!(found[1].2, "no flow export");
    running.handle.shutdown().await.expect("stops");
    assert!(!path.exists());
}

/// A log of one chunk with a second one behind it: the same records under the next numbers.
fn grown(log: &[u8]) -> Vec<u8> {
    const HEADER_BYTES: usize = 4_096;
    let mut chunk = log[HEADER_BYTES..].to_vec();
    let records: Vec<usize> =
        chunk.windows(4).enumerate().filter(|(_, bytes)| *bytes == [0x2a, 0x2a, 0, 0]).map(|(at, _)| at).collect();
    for at in &records {
        chunk[at + 8] += u8::try_from(records.len()).expect("few");
    }
    let mut grown = [log, &chunk].concat();
    grown[42] = 2;
    grown
}

fn numbers(found: &[(String, String, String)]) -> Vec<u64> {
    let number = |text: &str| {
        let (_, rest) = text.split_once("EventRecordID\":")?;
        rest.split(|sign: char| !sign.is_ascii_digit()).find(|digits| !digits.is_empty())?.parse().ok()
    };
    found.iter().map(|(_, _, text)| number(text).expect("has a number")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn windows_logs_of_a_folder_are_read_once_as_they_appear_and_grow() {
    let folder = tempfile::tempdir().expect("folder");
    let logs = folder.path().join("logs");
    std::fs::create_dir(&logs).expect("creates");
    let log =
        std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/logs/windows.evtx")).expect("sample");
    let follow = |_: &Path, settings: &mut PipelineSettings| {
        settings.receivers.event_logs = vec![EventLogSettings { folder: logs.clone() }];
    };
    std::fs::write(logs.join("Security.EVTX"), &log).expect("writes");
    std::fs::write(logs.join("notes.txt"), &log).expect("writes");
    std::fs::write(logs.join("broken.evtx"), b"MZ").expect("writes");
    let mut running = start_in(folder, SpoolSettings::default(), follow).await;
    let found = running.records(6);
    assert!(found.iter().all(|(source, sender, _)| source == "evtx" && sender.ends_with("Security.EVTX")), "{found:?}");
    assert_eq!(numbers(&found), [1, 2, 3, 4, 5, 6]);
    // It grows while nobody looks.
    running.handle.shutdown().await.expect("stops");
    drop((running.spool, running.reader));
    std::fs::write(logs.join("Security.EVTX"), grown(&log)).expect("writes");
    let mut running = start_in(running.folder, SpoolSettings::default(), follow).await;
    // The spool gives the first six again, as nobody acknowledged them.
    running.records(12);
    // Cleared, it is another log; one that is only written again is not.
    std::fs::write(logs.join("Security.EVTX"), &log).expect("writes");
    assert_eq!(numbers(&running.records(6)), [1, 2, 3, 4, 5, 6]);
    std::fs::write(logs.join("Security.EVTX"), &log).expect("writes");
    std::fs::write(logs.join("System.evtx"), &log).expect("writes");
    let found = running.records(6);
    assert!(found.iter().all(|(_, sender, _)| sender.ends_with("System.evtx")), "{found:?}");
    running.handle.shutdown().await.expect("stops");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_quarantined_is_read_again_after_a_replay() {
    let mut running = start(SpoolSettings::default(), |_, settings| {
        settings.receivers.syslog_tcp = vec!["127.0.0.1:0".into()];
        settings.snapshot_interval_ms = 50;
    })
    .await;
    let address = running.handle.listening()[0];
    let mut stream = std::net::TcpStream::connect(address).expect("connects");
    stream.write_all(b"neither priority nor time\n").expect("writes");
    assert_eq!(running.records(1).len(), 1);
    let until = Instant::now() + Duration::from_secs(20);
    while running.handle.statistics().records_quarantined == 0 && Instant::now() < until {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    drop(stream);
    running.handle.shutdown().await.expect("stops");
    let replayed =
        fengsui_pipeline::replay_quarantine(&running.folder.path().join("state"), &running.spool).expect("replays");
    assert_eq!(replayed.records, 1);
    let again = running.reader.read(1, Duration::from_secs(5)).expect("reads");
    assert!(String::from_utf8_lossy(&again[0].payload).ends_with("neither priority nor time"));
    assert_eq!(again[0].class, Class::Protocol);
}
