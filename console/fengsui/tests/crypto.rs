//! Keys, signatures and sealed letters on the command line.
#![allow(clippy::expect_used, clippy::panic)]
#![allow(missing_docs, reason = "nobody links against tests")]

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// `fengsui crypto …` in a folder, with something on its standard input.
fn crypto(folder: &Path, arguments: &str, input: &[u8]) -> Output {
    let mut program = Command::new(env!("CARGO_BIN_EXE_fengsui"))
        .arg("crypto")
        .args(arguments.split(' '))
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("starts");
    // A program that ends before it read all of it has an answer nevertheless.
    let _ = program.stdin.take().expect("has an input").write_all(input);
    program.wait_with_output().expect("ends")
}

fn ends(code: i32, folder: &Path, arguments: &str, input: &[u8]) -> Vec<u8> {
    let output = crypto(folder, arguments, input);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{arguments}: {said}");
    assert!(!said.contains("panicked"), "{said}");
    output.stdout
}

fn keys(folder: &Path, name: &str) {
    let public = ends(0, folder, &format!("keygen --output {name}.key"), b"");
    std::fs::write(folder.join(format!("{name}.pub")), &public).expect("written");
    assert_eq!(ends(0, folder, &format!("public --key {name}.key"), b""), public);
}

#[test]
fn signatures_are_made_and_checked() {
    let folder = tempfile::tempdir().expect("folder");
    let folder = folder.path();
    keys(folder, "a");
    keys(folder, "b");
    let signature = ends(0, folder, "sign --key a.key", "证据".as_bytes());
    let digits = String::from_utf8(signature.clone()).expect("text");
    std::fs::write(folder.join("a.sig"), &signature).expect("written");
    let parsed = fengsui_crypto::Signature::try_from(digits.trim().to_owned()).expect("a signature");
    std::fs::write(folder.join("a.der"), parsed.to_der()).expect("written");
    for given in [digits.trim(), "a.sig", "a.der"] {
        ends(0, folder, &format!("verify --public a.pub --signature {given}"), "证据".as_bytes());
        ends(1, folder, &format!("verify --public a.pub --signature {given}"), "证据。".as_bytes());
        ends(1, folder, &format!("verify --public b.pub --signature {given}"), "证据".as_bytes());
    }
    ends(2, folder, "verify --public a.pub --signature missing", b"");
    ends(2, folder, "verify --public a.sig --signature a.sig", b"");
    ends(2, folder, "verify --public missing --signature a.sig", b"");
    ends(2, folder, "keygen --output a.key", b"");
    std::fs::set_permissions(folder.join("a.key"), std::fs::Permissions::from_mode(0o644)).expect("changed");
    ends(2, folder, "sign --key a.key", b"");
}

#[test]
fn letters_are_sealed_and_opened_by_their_recipient_only() {
    let folder = tempfile::tempdir().expect("folder");
    let folder = folder.path();
    keys(folder, "a");
    keys(folder, "b");
    for message in [Vec::new(), b"\0\0\xff".to_vec(), "姓名,电话\n".repeat(100_000).into_bytes()] {
        let letter = ends(0, folder, "seal --public a.pub", &message);
        assert!(message.len() < 16 || !letter.windows(16).any(|part| part == &message[..16]));
        assert_eq!(ends(0, folder, "open --key a.key", &letter), message);
        let mut changed = letter.clone();
        let last = changed.len() - 1;
        changed[last] ^= 1;
        for (key, letter) in [("b", &letter[..]), ("a", &changed), ("a", &letter[..last]), ("a", b"no letter")] {
            assert!(ends(2, folder, &format!("open --key {key}.key"), letter).is_empty(), "nothing is written");
        }
    }
}

/// The keys are those of other programs too, where they know the curve.
#[test]
fn openssl_reads_the_keys_and_checks_the_signatures() {
    let folder = tempfile::tempdir().expect("folder");
    let folder = folder.path();
    keys(folder, "a");
    let known = Command::new("openssl").args(["pkey", "-pubin", "-in", "a.pub", "-noout"]).current_dir(folder).status();
    if !known.is_ok_and(|status| status.success()) {
        return;
    }
    std::fs::write(folder.join("m"), "证据").expect("written");
    let digits = String::from_utf8(ends(0, folder, "sign --key a.key", "证据".as_bytes())).expect("text");
    let signature = fengsui_crypto::Signature::try_from(digits.trim().to_owned()).expect("a signature");
    std::fs::write(folder.join("a.der"), signature.to_der()).expect("written");
    let command =
        "pkeyutl -verify -pubin -inkey a.pub -rawin -digest sm3 -in m -sigfile a.der -pkeyopt distid:1234567812345678";
    let checked = Command::new("openssl").args(command.split(' ')).current_dir(folder).output().expect("starts");
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
}
