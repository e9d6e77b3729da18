//! The seeds of every fuzz target, as they are and a little changed: nothing panics.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test that can not go on has failed

use std::path::{Path, PathBuf};

use fengsui_fuzz::{TARGETS, run};

fn seeds(target: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
    let mut paths: Vec<PathBuf> = std::fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    paths.into_iter().map(|path| (path.clone(), std::fs::read(path).unwrap())).collect()
}

#[test]
fn seeds_and_their_neighbours_break_nothing() {
    for target in TARGETS {
        let seeds = seeds(target.name);
        assert!(!seeds.is_empty(), "{} has no seeds", target.name);
        for (path, seed) in &seeds {
            println!("{}", path.display());
            run(target.name, seed);
            for at in (0..seed.len()).step_by(seed.len().div_ceil(24).max(1)) {
                let mut changed = seed.clone();
                changed[at] ^= 0x81;
                run(target.name, &changed);
                run(target.name, &seed[..at]);
            }
        }
    }
}

#[test]
fn every_parser_has_a_seed() {
    let first: Vec<u8> = seeds("app_parser").iter().filter_map(|(_, seed)| seed.first().copied()).collect();
    for (place, spec) in (0_u8..).zip(fengsui_protocols::PARSERS) {
        assert!(first.contains(&place), "{} has no seed; run the example make_corpus", spec.protocol);
    }
}

#[test]
fn every_log_source_has_a_seed() {
    let first: Vec<u8> = seeds("log_source").iter().filter_map(|(_, seed)| seed.first().copied()).collect();
    for (place, source) in (0_u8..).zip(fengsui_normalize::SOURCES) {
        assert!(first.contains(&place), "{} has no seed; run the example make_corpus", source.name);
    }
}

#[test]
fn every_target_has_a_program() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("libfuzzer/fuzz_targets");
    for target in TARGETS {
        assert!(folder.join(format!("{}.rs", target.name)).is_file(), "{} has no program", target.name);
    }
}
