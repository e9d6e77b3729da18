//! Measures what the receivers take: messages a second that are on disk, over UDP, TCP, TLS and HTTP, while the analysis
//! runs behind them. Prints figures and judges nothing.
//!
//!   cargo run --release -p fengsui-pipeline --example receivers [SECONDS]

#![allow(clippy::print_stdout, reason = "it is there to print figures")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use fengsui_pipeline::{
    Detection, HttpListenerSettings, Organization, OutputSink, Pipeline, PipelineHandle, PipelineParts,
    PipelineSettings, SinkFuture, TlsListenerSettings,
};
use fengsui_relay::{FileDisk, Spool, SpoolSettings};
use fengsui_schema::{Clock, Output, Timestamp};
use fengsui_store::{Store, StoreSettings};
use rustls::pki_types::ServerName;
use rustls::pki_types::pem::PemObject;

const TOKEN: &str = "a token of the measurement";
const LINE: &str = "<134>1 2026-11-22T12:10:00.000Z gate.example.com sshd 4711 - - Failed password for invalid user admin from 192.0.2.77 port 50022 ssh2: the connection was closed by the peer after this";

struct Nowhere;

impl OutputSink for Nowhere {
    fn deliver(&self, _: Vec<Output>) -> SinkFuture<'_> {
        Box::pin(async { Ok(()) })
    }
}

struct FixedClock;

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_parts(1_795_349_400, 0)
    }
}

async fn start(folder: &Path) -> anyhow::Result<PipelineHandle> {
    let (certificate, key) = (folder.join("certificate"), folder.join("secret"));
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
    std::fs::write(&certificate, made.cert.pem())?;
    std::fs::write(&key, made.signing_key.serialize_pem())?;
    let token_file = folder.join("tokens");
    std::fs::write(&token_file, TOKEN)?;
    let any = || "127.0.0.1:0".to_owned();
    let mut settings = PipelineSettings { state_directory: folder.join("state"), ..PipelineSettings::default() };
    settings.receivers.syslog_udp = vec![any()];
    settings.receivers.syslog_tcp = vec![any()];
    settings.receivers.syslog_tls =
        vec![TlsListenerSettings { address: any(), certificate, key, client_authority: None }];
    settings.receivers.http =
        vec![HttpListenerSettings { address: any(), token_file, ..HttpListenerSettings::default() }];
    let store = Store::open(StoreSettings { directory: folder.join("index"), ..StoreSettings::default() })?;
    let parts = PipelineParts {
        spool: Spool::open(Arc::new(FileDisk::open(folder.join("spool"))?), SpoolSettings::default())?.0,
        store: Arc::new(store),
        detection: Arc::new(Detection::default()),
        organization: Organization::default(),
        sink: Arc::new(Nowhere),
        clock: Arc::new(FixedClock),
        gate: None,
    };
    Ok(Pipeline::start(settings, parts).await?)
}

/// Sends until the time is over; returns how many messages.
type Send = fn(SocketAddr, &Path, Instant) -> anyhow::Result<u64>;

fn udp(address: SocketAddr, _: &Path, end: Instant) -> anyhow::Result<u64> {
    let socket = UdpSocket::bind("127.0.0.1:0")?;
    let mut sent = 0;
    while Instant::now() < end {
        for _ in 0..200 {
            socket.send_to(LINE.as_bytes(), address)?;
        }
        sent += 200;
        // A burst every 4 ms: 50,000 datagrams a second.
        std::thread::sleep(Duration::from_millis(4));
    }
    Ok(sent)
}

fn lines(stream: &mut impl Write, end: Instant) -> anyhow::Result<u64> {
    let block = format!("{LINE}\n").repeat(500);
    let mut sent = 0;
    while Instant::now() < end {
        stream.write_all(block.as_bytes())?;
        sent += 500;
    }
    stream.flush()?;
    Ok(sent)
}

fn tcp(address: SocketAddr, _: &Path, end: Instant) -> anyhow::Result<u64> {
    lines(&mut TcpStream::connect(address)?, end)
}

fn tls(address: SocketAddr, folder: &Path, end: Instant) -> anyhow::Result<u64> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(rustls::pki_types::CertificateDer::from_pem_file(folder.join("certificate"))?)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let settings = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("localhost")?;
    let session = rustls::ClientConnection::new(Arc::new(settings), name)?;
    let mut stream = rustls::StreamOwned::new(session, TcpStream::connect(address)?);
    let sent = lines(&mut stream, end)?;
    stream.conn.send_close_notify();
    stream.flush()?;
    Ok(sent)
}

/// One request after the other, each of 2,000 records; every one is on disk before it is answered.
fn http(address: SocketAddr, _: &Path, end: Instant) -> anyhow::Result<u64> {
    let body = format!("{LINE}\n").repeat(2_000);
    let head = format!(
        "POST /ingest/syslog HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    let (mut stream, mut sent, mut answer) = (TcpStream::connect(address)?, 0, [0; 4096]);
    while Instant::now() < end {
        stream.write_all(head.as_bytes())?;
        stream.write_all(body.as_bytes())?;
        let length = stream.read(&mut answer)?;
        anyhow::ensure!(
            answer[..length].starts_with(b"HTTP/1.1 200"),
            "{}",
            String::from_utf8_lossy(&answer[..length])
        );
        sent += 2_000;
    }
    Ok(sent)
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let seconds = std::env::args().nth(1).map_or(Ok(5), |text| text.parse())?;
    for (place, (name, send)) in
        [("UDP", udp as Send), ("TCP", tcp), ("TLS", tls), ("HTTP", http)].into_iter().enumerate()
    {
        let folder = tempfile::tempdir()?;
        let handle = start(folder.path()).await?;
        let address = *handle.listening().get(place).context("is not listening")?;
        let (path, begin) = (folder.path().to_owned(), Instant::now());
        let end = begin + Duration::from_secs(seconds);
        let sent = tokio::task::spawn_blocking(move || send(address, &path, end)).await??;
        // What is under way arrives.
        let mut last = (handle.statistics().received_messages, begin.elapsed());
        loop {
            tokio::time::sleep(Duration::from_millis(300)).await;
            let now = (handle.statistics().received_messages, begin.elapsed());
            if now.0 == last.0 {
                break;
            }
            last = now;
        }
        let counts = handle.statistics();
        println!(
            "{name:4} {:.0} messages/s on disk ({} of {sent} sent, {} counted as dropped), {} analysed meanwhile",
            last.0 as f64 / last.1.as_secs_f64(),
            last.0,
            counts.datagrams_dropped,
            counts.events_indexed
        );
        handle.shutdown().await?;
    }
    println!("load average {}", std::fs::read_to_string("/proc/loadavg")?.split(' ').next().unwrap_or_default());
    Ok(())
}
