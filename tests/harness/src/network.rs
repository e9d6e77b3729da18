//! A network of a test's own.

use std::process::{Command, Stdio};

use anyhow::ensure;

/// Set where a test runs in a network of its own.
const INSIDE: &str = "FENGSUI_OWN_NETWORK";
/// Brings the loopback interface up and becomes the test.
const BECOME: &str = "ip link set lo up && exec \"$0\" \"$@\"";

/// Whether the caller, the test of this name, is to go on: it runs in a network namespace of its own, where nothing else
/// sends. A sensor that listens on the loopback interface of everybody sees what every other test sends, and loses packets
/// over it. The first call runs the test once more in such a namespace, holds it to its result, and answers no.
///
/// Only root can listen on an interface: for others it says so and answers no. Where root can't make a namespace the test
/// goes on in the network of everybody.
///
/// # Errors
/// When the test fails in there.
#[expect(clippy::print_stdout, reason = "what a test says about itself")]
pub fn in_own_network(test: &str) -> anyhow::Result<bool> {
    if std::env::var_os(INSIDE).is_some() {
        return Ok(true);
    }
    let root = std::fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0);
    if !root {
        println!("only root can listen on an interface: not checked");
        return Ok(false);
    }
    let unshare = || {
        let mut command = Command::new("unshare");
        command.args(["--net", "sh", "-c", BECOME]);
        command
    };
    let can = unshare().arg("true").stderr(Stdio::null()).status().is_ok_and(|status| status.success());
    if !can {
        println!("no network namespace can be made: other tests are listened to as well");
        return Ok(true);
    }
    let program = std::env::current_exe()?;
    let status = unshare().arg(program).args(["--exact", test, "--nocapture"]).env(INSIDE, "1").status()?;
    ensure!(status.success(), "{test} failed in a network of its own; what it said stands above");
    Ok(false)
}
