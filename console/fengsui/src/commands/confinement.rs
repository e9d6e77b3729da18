//! `fengsui confinement`: shows from the inside what a confined role can't do.

use std::fs::File;
use std::io::ErrorKind;
use std::net::{SocketAddr, TcpStream};
use std::os::unix::process::CommandExt as _;
use std::process::{Command, ExitCode};
use std::time::Duration;

use serde_json::json;

use crate::hardening::{Enforced, Identity, Network, Sandbox, confine_scanner};
use crate::roles::{frugal, is_frugal};
use crate::settings::Settings;
use crate::terminal::say;

/// Enters the confinement, tries what an intruder would, and prints one JSON object.
pub(super) fn run(role: &str) -> anyhow::Result<ExitCode> {
    let mut folder = std::env::temp_dir();
    if role == "scan-worker" && !is_frugal() {
        return Err(frugal().args(["confinement", "--of", role]).exec().into());
    }
    let enforced = match role {
        // It has no folder of its own.
        "scan-worker" => confine_scanner()?.enforced,
        _ => {
            folder.push(format!("fengsui-confinement-{}", std::process::id()));
            std::fs::create_dir_all(&folder)?;
            enter_sandbox(&folder)?
        }
    };
    // A thread, because what the sensor starts is what parses.
    let report = std::thread::spawn(move || attempts(&folder)).join();
    let mut report = report.map_err(|_| anyhow::anyhow!("the attempts panicked"))?;
    report["files_confined"] = json!(enforced == Enforced::Fully);
    say(&mut std::io::stdout(), format_args!("{report}"))?;
    let refused = ["shadow", "execute", "connect", "listen"].iter().all(|name| report[*name] == "refused");
    Ok(ExitCode::from(u8::from(!refused)))
}

fn enter_sandbox(folder: &std::path::Path) -> anyhow::Result<Enforced> {
    let user = Identity::to_become(&Settings::default().confinement.user)?;
    if let Some(user) = user {
        user.own(folder)?;
    }
    let (read, write) = (vec!["/proc/self".into()], vec![folder.to_owned()]);
    Sandbox { read, write, user, network: Network::Accepting, ..Sandbox::default() }.enter()
}

fn attempts(folder: &std::path::Path) -> serde_json::Value {
    let status = std::fs::read_to_string("/proc/thread-self/status")
        .or_else(|_| std::fs::read_to_string("/proc/self/status"))
        .unwrap_or_default();
    let line = |name: &str| {
        let found = status.lines().find_map(|line| line.strip_prefix(name));
        found.map(|rest| rest.trim_start_matches(':').trim().to_owned())
    };
    let nowhere = SocketAddr::from(([127, 0, 0, 1], 9));
    let written = std::fs::write(folder.join("own"), b"1");
    let answer = json!({
        "user": line("Uid"), "cap_eff": line("CapEff"), "cap_prm": line("CapPrm"), "no_new_privs": line("NoNewPrivs"), "seccomp": line("Seccomp"),
        "shadow": word(File::open("/etc/shadow").map(drop)),
        "execute": word(Command::new("/bin/true").status().map(drop)),
        "connect": word(TcpStream::connect_timeout(&nowhere, Duration::from_secs(1)).map(drop)),
        "listen": word(std::net::TcpListener::bind("127.0.0.1:0").map(drop)),
        "own_folder": word(written),
    });
    let _ = std::fs::remove_file(folder.join("own"));
    let _ = std::fs::remove_dir(folder);
    answer
}

fn word(result: std::io::Result<()>) -> String {
    match result {
        Ok(()) => "allowed".to_owned(),
        Err(error) if error.kind() == ErrorKind::PermissionDenied => "refused".to_owned(),
        Err(error) => error.to_string(),
    }
}
