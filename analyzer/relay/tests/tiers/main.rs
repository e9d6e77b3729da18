//! Three tiers in one simulated world: partition, delay, repetition, reordering, crash with the loss of what was not
//! synced, restore from an old backup, damage, clock jumps of a day, and somebody who sends forged and captured batches.
//!
//! Everything follows from a seed. A seed that ever failed belongs into `REGRESSIONS`.

#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(missing_docs, unreachable_pub, reason = "nobody links against tests")]

mod node;
mod refusals;
mod world;

use node::Mutant;
use world::{World, run};

/// Seeds of one run.
const SEEDS: u64 = 2_500;
/// Seeds that found something once.
const REGRESSIONS: [u64; 0] = [];

fn seeds() -> u64 {
    std::env::var("FENGSUI_TIER_SEEDS").ok().and_then(|text| text.parse().ok()).unwrap_or(SEEDS)
}

/// Seeds are spread over threads; the first failure names its seed.
fn failures(mutant: Mutant, seeds: std::ops::Range<u64>) -> Vec<(u64, String)> {
    let threads = std::thread::available_parallelism().map_or(2, std::num::NonZero::get) as u64;
    let worker = |thread: u64| {
        let mine = seeds.clone().filter(move |seed| seed % threads == thread);
        std::thread::spawn(move || {
            mine.filter_map(|seed| Some((seed, run(seed, mutant).err()?))).take(3).collect::<Vec<_>>()
        })
    };
    let workers: Vec<_> = (0..threads).map(worker).collect();
    workers.into_iter().flat_map(|worker| worker.join().expect("a seed panicked")).collect()
}

#[test]
fn nothing_is_lost_doubled_or_reordered() {
    for seed in REGRESSIONS {
        run(seed, Mutant::None).unwrap_or_else(|error| panic!("seed {seed}: {error}"));
    }
    let found = failures(Mutant::None, 0..seeds());
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn the_world_is_as_bad_as_it_claims() {
    let mut sum = world::Toll::default();
    for seed in 0..60 {
        let mut world = World::new(seed, Mutant::None);
        world.live().unwrap_or_else(|error| panic!("seed {seed}: {error}"));
        sum.add(&world.toll);
    }
    let parts = [
        sum.dropped,
        sum.doubled,
        sum.crashes,
        sum.restores,
        sum.damaged,
        sum.clock_jumps,
        sum.partitions,
        sum.forged,
        sum.replayed,
        sum.delivered,
    ];
    assert!(parts.iter().all(|part| *part > 10), "{sum:?}");
}

#[test]
fn a_node_that_answers_before_it_syncs_is_caught() {
    assert!(!failures(Mutant::AnswerBeforeSync, 0..200).is_empty());
}

#[test]
fn a_node_that_never_syncs_is_caught() {
    assert!(!failures(Mutant::NoSync, 0..200).is_empty());
}

#[test]
fn a_node_that_skips_the_look_at_what_it_has_seen_is_caught() {
    assert!(!failures(Mutant::SkipDedupe, 0..200).is_empty());
}

#[test]
fn a_node_that_reuses_its_epoch_after_a_restore_is_caught() {
    assert!(!failures(Mutant::KeepEpoch, 0..400).is_empty());
}

#[test]
fn a_node_that_takes_what_does_not_link_up_is_caught() {
    assert!(!failures(Mutant::SkipVerification, 0..200).is_empty());
}
