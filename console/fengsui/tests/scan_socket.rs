//! Scan workers that systemd starts behind a socket (`confinement.scan_socket`): files go there and answers come back.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(missing_docs, reason = "nobody links against tests")]

use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use connection::Connection;
use fengsui_harness::{run, top};
use serde_json::Value;

#[path = "../../../sensors/sensor/tests/wire/connection.rs"]
mod connection;
#[path = "../../../sensors/sensor/tests/wire/mod.rs"]
#[allow(dead_code, reason = "packets go to a file here")]
mod wire;

const PROGRAM: &str = env!("CARGO_BIN_EXE_fengsui");

/// What `fengsui-scan-worker.socket` and `fengsui-scan-worker@.service` do: a process for each connection, which is its
/// standard input and output.
fn accept_as_systemd(listener: UnixListener, started: Arc<Mutex<Vec<Child>>>) {
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let stream: UnixStream = stream.expect("connects");
            let input = OwnedFd::from(stream.try_clone().expect("is shared"));
            let mut command = Command::new(PROGRAM);
            command.arg("scan-worker").env_clear().env("LISTEN_FDS", "1").env("LISTEN_FDNAMES", "connection");
            command.stdin(Stdio::from(input)).stdout(Stdio::from(OwnedFd::from(stream)));
            started.lock().expect("nobody panicked").push(command.spawn().expect("starts"));
        }
    });
}

/// A capture file of raw IP packets.
fn write_capture(path: &Path, packets: &[Vec<u8>]) {
    let mut bytes = Vec::new();
    for number in [0xa1b2_c3d4_u32, 0x0004_0002, 0, 0, 65_535, 101] {
        bytes.extend(number.to_le_bytes());
    }
    for (second, packet) in (1_000_u32..).zip(packets) {
        let length = u32::try_from(packet.len()).expect("is small");
        for number in [second, 0, length, length] {
            bytes.extend(number.to_le_bytes());
        }
        bytes.extend(packet);
    }
    std::fs::write(path, bytes).expect("is written");
}

fn capture(path: &Path) {
    // In two pieces, so that this file is not what it looks for.
    let known = ["X5O!P%@AP[4\\PZX54(P^)7CC)7}$EIC", "AR-STANDARD"].concat();
    let mut connection = Connection::open();
    for body in [known.as_str(), "姓名：马文忠，联系电话13800138000"] {
        let head = format!("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\r\n", body.len());
        connection.exchange(&head, body.as_bytes());
    }
    write_capture(path, &connection.packets);
}

#[test]
fn files_are_scanned_by_workers_behind_a_socket() {
    let base = tempfile::tempdir().expect("folder");
    let open = |path: &Path, mode| std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).expect("is opened");
    // Whoever the keepers become has to get through the folder and to the socket.
    open(base.path(), 0o755);
    let socket = base.path().join("socket");
    let listener = UnixListener::bind(&socket).expect("listens");
    open(&socket, 0o666);
    let started = Arc::new(Mutex::new(Vec::new()));
    accept_as_systemd(listener, Arc::clone(&started));

    capture(&base.path().join("in.pcap"));
    let settings = format!(
        "[confinement]\nscan_socket = \"{}\"\n[sensor]\nyara = [\"{}\"]\n[sensor.decode]\nverify_checksums = false\n",
        socket.display(),
        top().join("rules/yara/test.yar").display()
    );
    std::fs::write(base.path().join("sensor.toml"), settings).expect("settings");
    let arguments = ["sensor", "-r", "in.pcap", "-l", "out", "-C", "sensor.toml"];
    let done = run(Path::new(PROGRAM), &arguments, base.path()).expect("runs");
    assert_eq!(done.code, 0, "{}{}", done.out, done.err);

    let text = std::fs::read_to_string(base.path().join("out/eve.json")).expect("is written");
    let records: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("is JSON")).collect();
    let of_type = |name: &str| records.iter().filter(|record| record["event_type"] == name).collect::<Vec<_>>();
    assert!(of_type("alert").iter().any(|alert| alert["yara"]["rule"] == "eicar_test_file"), "{text}");
    assert_eq!(of_type("dlp").len(), 1, "{text}");
    assert!(of_type("anomaly").is_empty(), "{text}");

    let mut started = started.lock().expect("nobody panicked");
    assert_eq!(started.len(), 1, "one connection for one scan thread");
    for process in started.iter_mut() {
        assert!(process.wait().expect("ends").success(), "a keeper ends with its sensor");
    }
}
