//! The house is as docs/ARCHITECTURE.md draws it.
#![allow(clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;

use fengsui_tidy::edges::{SANS_IO, forbidden_edges, packages};
use fengsui_tidy::functions::{
    FILE_ADVICE, FILE_LIMIT, FUNCTION_ADVICE, FUNCTION_LIMIT, long_files, long_functions, panicking_calls,
};
use fengsui_tidy::sources::{files_ending_in, tracked_paths};
use fengsui_tidy::supply::{denied, linked, policy};
use fengsui_tidy::words::{crate_roots, forbidden_words, reads_of_the_world};
use fengsui_tidy::{Problem, top};

fn assert_none(problems: &[Problem]) {
    let list: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert!(problems.is_empty(), "{} problem(s):\n{}", problems.len(), list.join("\n"));
}

#[test]
fn dependency_edges() {
    assert_none(&forbidden_edges(&packages().expect("workspace")));
}

#[test]
fn licences_bans_and_sources() {
    let text = std::fs::read_to_string(top().join("deny.toml")).expect("deny.toml");
    let policy = policy(&text).expect("is understood");
    let packages = linked(&policy).expect("what is linked");
    assert!(packages.len() > 300, "{} packages are not all that is linked", packages.len());
    assert_none(&denied(&policy, &packages));
}

#[test]
fn sizes_of_files_and_functions() {
    let files = files_ending_in(&[".rs", ".ts", ".tsx", ".py"]).expect("sources");
    let rust = files_ending_in(&[".rs"]).expect("sources");
    for advice in long_files(&files, FILE_ADVICE).iter().chain(&long_functions(&rust, FUNCTION_ADVICE)) {
        println!("advice: {advice}");
    }
    assert_none(&long_files(&files, FILE_LIMIT));
    assert_none(&long_functions(&rust, FUNCTION_LIMIT));
}

#[test]
fn nothing_panics_by_choice() {
    let product: Vec<_> = files_ending_in(&[".rs"])
        .expect("sources")
        .into_iter()
        .filter(|file| !file.path.starts_with("tests/"))
        .collect();
    assert_none(&panicking_calls(&product));
}

#[test]
fn words() {
    let files =
        files_ending_in(&[".rs", ".ts", ".tsx", ".py", ".toml", ".md", ".sh", ".yml", ".json", "Makefile", ".rules"])
            .expect("sources");
    assert_none(&forbidden_words(&files));
}

#[test]
fn crates_say_what_they_own_and_read_nothing_they_should_not() {
    let files = files_ending_in(&[".rs"]).expect("sources");
    assert_none(&crate_roots(&files));
    let sans_io: Vec<String> = packages()
        .expect("workspace")
        .iter()
        .filter(|package| SANS_IO.contains(&package.name.as_str()))
        .map(|package| {
            let manifest = package.manifest_path.as_str();
            let top = top().canonicalize().expect("top folder");
            let relative = manifest.strip_prefix(&format!("{}/", top.display())).expect("below the top folder");
            relative.trim_end_matches("Cargo.toml").to_owned()
        })
        .collect();
    assert_eq!(sans_io.len(), SANS_IO.len());
    assert_none(&reads_of_the_world(&files, &sans_io));
}

#[test]
fn top_level() {
    let allowed: BTreeSet<&str> = [
        "Cargo.toml",
        "Cargo.lock",
        "sensors",
        "analyzer",
        "dlp",
        "console",
        "rules",
        "tests",
        "docs",
        "README.md",
        "README.zh-CN.md",
        "LICENSE",
        "Makefile",
        "deny.toml",
        "clippy.toml",
        "rustfmt.toml",
    ]
    .into();
    let tops: BTreeSet<String> =
        tracked_paths().expect("paths").iter().filter_map(|path| path.split('/').next().map(str::to_owned)).collect();
    let strange: Vec<&String> =
        tops.iter().filter(|name| !name.starts_with('.') && !allowed.contains(name.as_str())).collect();
    assert!(strange.is_empty(), "entries at the top that have no place there: {strange:?}");
}

#[test]
fn every_direct_dependency_has_its_reason() {
    let manifest = std::fs::read_to_string(top().join("Cargo.toml")).expect("manifest");
    let section =
        manifest.split("[workspace.dependencies]").nth(1).and_then(|rest| rest.split("\n[").next()).expect("section");
    let bare: Vec<&str> = section
        .lines()
        .filter(|line| {
            line.contains(" = ") && !line.starts_with('#') && !line.contains("path = ") && !line.contains(" # ")
        })
        .collect();
    assert!(bare.is_empty(), "dependencies without a reason: {bare:?}");
}

#[test]
fn every_crate_takes_the_lints_of_the_workspace() {
    for package in packages().expect("workspace") {
        let manifest = std::fs::read_to_string(&package.manifest_path).expect("manifest");
        assert!(manifest.contains("[lints]\nworkspace = true"), "{} lacks [lints] workspace = true", package.name);
    }
}
