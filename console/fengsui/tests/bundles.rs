//! Signed bundles from the command line: made, checked, installed, altered, rolled back, and what the audit log says.

#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(missing_docs, reason = "nobody links against tests")]

use std::path::{Path, PathBuf};

use fengsui_harness::{Finished, NodeUnderTest, run, whole_list};

struct Signer {
    folder: tempfile::TempDir,
}

impl Signer {
    fn new() -> Self {
        let signer = Self { folder: tempfile::tempdir().expect("folder") };
        let key = signer.fengsui(&["crypto", "keygen", "--output", "signer.key"]);
        assert_eq!(key.code, 0, "{}", key.err);
        std::fs::write(signer.place("signer.pub"), key.out).expect("written");
        signer
    }

    fn place(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn fengsui(&self, arguments: &[&str]) -> Finished {
        run(Path::new(env!("CARGO_BIN_EXE_fengsui")), arguments, self.folder.path()).expect("runs")
    }

    /// A bundle with one rule that says which version it is of.
    fn bundle(&self, version: u32) -> String {
        let rules = self.place("rules/suricata");
        std::fs::create_dir_all(&rules).expect("made");
        let rule = format!("alert tcp any any -> any any (msg:\"version {version}\"; sid:{};)\n", 9_200_000 + version);
        std::fs::write(rules.join("own.rules"), rule).expect("written");
        let (number, output) = (version.to_string(), format!("rules-{version}.bundle"));
        let made = self.fengsui(&[
            "bundle",
            "create",
            "--key",
            "signer.key",
            "--number",
            &number,
            "--output",
            &output,
            "rules",
        ]);
        assert_eq!(made.code, 0, "{}", made.err);
        self.place(&output).display().to_string()
    }
}

fn install(node: &NodeUnderTest, bundle: &str, more: &[&str]) -> Finished {
    let settings = node.settings().display().to_string();
    let all: Vec<&str> = ["bundle", "install", "-C", &settings, bundle].iter().chain(more).copied().collect();
    node.command(&all).expect("runs")
}

fn altered(path: &str) -> String {
    let mut bytes = std::fs::read(path).expect("is there");
    let middle = bytes.len() - 3;
    bytes[middle] ^= 1;
    let other = format!("{path}.altered");
    std::fs::write(&other, bytes).expect("written");
    other
}

#[tokio::test]
async fn only_what_a_trusted_key_signed_gets_in_and_every_try_is_in_the_audit_log() {
    let (signer, stranger) = (Signer::new(), Signer::new());
    let (first, second, foreign) = (signer.bundle(1), signer.bundle(2), stranger.bundle(3));
    let shown = signer.fengsui(&["bundle", "verify", "--signer", "signer.pub", "rules-1.bundle"]);
    assert!(shown.code == 0 && shown.out.contains("suricata/own.rules"), "{}{}", shown.out, shown.err);

    let folder = tempfile::tempdir().expect("folder");
    let mut node =
        NodeUnderTest::lay_out(Path::new(env!("CARGO_BIN_EXE_fengsui")), folder.path(), "").expect("laid out");
    let settings = std::fs::read_to_string(node.settings()).expect("is there");
    let signed = format!("[rules]\nsigners = [\"{}\"]\nsigned_only = true\n", signer.place("signer.pub").display());
    std::fs::write(node.settings(), settings.replace("[rules]\n", &signed)).expect("written");

    for (bundle, options, code, word) in [
        (second.as_str(), &[][..], 0, "version 2 is installed"),
        (first.as_str(), &[][..], 2, "--roll-back"),
        (first.as_str(), &["--roll-back"][..], 0, "in place of version 2"),
        (second.as_str(), &[][..], 0, "version 2 is installed"),
        (foreign.as_str(), &[][..], 2, "not trusted"),
        (altered(&second).as_str(), &[][..], 2, "altered"),
        (signer.place("signer.pub").to_str().expect("text"), &[][..], 2, "no signed bundle"),
    ] {
        let done = install(&node, bundle, options);
        assert!(done.code == code && done.err.contains(word), "{bundle} {options:?}: {} {}", done.code, done.err);
    }

    node.start().expect("starts");
    node.until_up().await.expect("is up");
    node.set_up().await.expect("is set up");
    let laid_out: Vec<_> = std::fs::read_dir(node.data().join("bundle-rules")).expect("is there").flatten().collect();
    assert_eq!(laid_out.len(), 1, "another bundle was left: {laid_out:?}");
    let laid_out = laid_out[0].path().join("suricata/own.rules");
    assert!(std::fs::read_to_string(&laid_out).expect("is laid out").contains("version 2"));
    let entries = audit(&node).await;
    let with =
        |action: &str, outcome: &str| entries.iter().filter(|entry| entry.0 == action && entry.1 == outcome).count();
    assert_eq!((with("rules.install", "success"), with("rules.roll_back", "success")), (2, 1), "{entries:?}");
    assert_eq!(with("rules.install", "failed"), 4, "{entries:?}");
    assert_eq!(node.interrupt().expect("stops"), 0);

    // The file on the shelf is exchanged behind the program's back for an older one with a good signature.
    std::fs::copy(&first, node.data().join("bundles/rules.bundle")).expect("copied");
    node.start().expect("starts");
    node.until_up().await.expect("goes on without it");
    let entries = audit(&node).await;
    let refused = entries.iter().find(|entry| entry.0 == "rules.refuse").expect("is in the audit log");
    assert!(refused.1 == "failed" && refused.2.contains("version 1 lies there"), "{refused:?}");
}

/// Action, outcome and detail of every entry, as the auditor sees them.
async fn audit(node: &NodeUnderTest) -> Vec<(String, String, String)> {
    let auditor = node.person("aud").await.expect("logs in");
    let entries = whole_list(&auditor, "/audit").await.expect("entries");
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    entries.iter().map(|entry| (text(&entry["action"]), text(&entry["outcome"]), text(&entry["detail"]))).collect()
}
