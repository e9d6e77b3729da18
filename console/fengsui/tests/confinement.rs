//! What a confined process can't do, and how far the systemd units go.

#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(missing_docs, reason = "nobody links against tests")]

use std::path::Path;
use std::process::Command;

use fengsui_harness::{run, top};
use serde_json::Value;

fn report_of(role: &str) -> Value {
    let done = run(Path::new(env!("CARGO_BIN_EXE_fengsui")), &["confinement", "--of", role], &top()).expect("runs");
    serde_json::from_str(&done.out).unwrap_or_else(|_| panic!("{} {}", done.out, done.err))
}

#[test]
fn a_scan_worker_can_do_nothing_but_scan() {
    let report = report_of("scan-worker");
    for refused in ["shadow", "execute", "connect", "listen", "own_folder"] {
        assert_eq!(report[refused], "refused", "{report}");
    }
}

#[test]
fn a_confined_process_has_no_way_out() {
    let report = report_of("sensor");
    let user = report["user"].as_str().expect("is told").to_owned();
    assert!(user.split_whitespace().all(|id| id != "0"), "root is still root: {report}");
    assert_eq!(report["cap_eff"], "0000000000000000", "{report}");
    assert_eq!(report["cap_prm"], "0000000000000000", "{report}");
    assert_eq!((&report["no_new_privs"], &report["seccomp"]), (&"1".into(), &"2".into()), "{report}");
    for refused in ["execute", "connect", "listen"] {
        assert_eq!(report[refused], "refused", "{report}");
    }
    // Without landlock in the kernel the file is out of reach for everybody but root only.
    assert!(report["shadow"] == "refused" || report["files_confined"] == false, "{report}");
    assert_eq!(report["own_folder"], "allowed", "{report}");
}

#[test]
fn the_units_give_up_what_they_can() {
    for (unit, limit) in [("sensor", 20), ("analyzer", 15), ("console", 15), ("scan-worker@", 10)] {
        let file = top().join(format!("console/fengsui/systemd/fengsui-{unit}.service"));
        let text = std::fs::read_to_string(&file).expect("is there");
        for needed in ["NoNewPrivileges=yes", "ProtectSystem=strict", "SystemCallFilter=", "CapabilityBoundingSet="] {
            assert!(text.contains(needed), "{unit} lacks {needed}");
        }
        // The score needs systemd's tool; where it is missing the lines above are all that is checked.
        let threshold = format!("--threshold={limit}");
        let file = file.display().to_string();
        let analysed = Command::new("systemd-analyze").args(["security", "--offline=true", &threshold, &file]).output();
        if let Ok(output) = analysed {
            assert!(output.status.success(), "{unit}: {}", String::from_utf8_lossy(&output.stdout));
        }
    }
}
