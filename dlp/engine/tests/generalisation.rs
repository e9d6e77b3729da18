//! How well values are found in texts that share neither words nor sentences with the engine.

#[allow(clippy::expect_used, clippy::panic, dead_code, reason = "makes test data: a broken list ends the test")]
mod corpus;
mod score;

use std::collections::BTreeMap;

use corpus::{Corpus, Record};
use fengsui_dlp_engine::{Engine, EngineSettings, Rules};
use score::Score;

/// Types that other types of the same value stand for, and types the texts hold without naming them.
const UNSCORED: &[&str] =
    &["url", "verification_code", "student_or_staff_number", "medical_record_number", "cn_bank_account"];

/// Strict scores by type: the same characters and the same type.
fn score(engine: &Engine, records: &[Record], show: bool) -> BTreeMap<String, Score> {
    let mut scores: BTreeMap<String, Score> = BTreeMap::new();
    for record in records {
        let mut expected: Vec<(String, usize, String)> = record
            .entities
            .iter()
            .map(|entity| {
                let data_type = if entity.data_type == "person" { "person_name" } else { &entity.data_type };
                (data_type.to_owned(), entity.start, entity.text.clone())
            })
            .collect();
        for found in engine.scan_text(&record.text) {
            let value = record.text[found.start..found.end].to_owned();
            let at = expected
                .iter()
                .position(|(name, start, text)| name == found.data_type && *start == found.start && *text == value);
            if at.is_none() && UNSCORED.contains(&found.data_type) {
                continue;
            }
            let own = scores.entry(found.data_type.to_owned()).or_default();
            own.found += 1;
            match at {
                Some(at) => {
                    own.hits += 1;
                    own.expected += 1;
                    expected.swap_remove(at);
                }
                None if show => eprintln!("+ {} {value} ({}) in {}", found.data_type, found.confidence, record.text),
                None => {}
            }
        }
        for (name, _, value) in expected {
            scores.entry(name.clone()).or_default().expected += 1;
            if show {
                eprintln!("- {name} {value} in {}", record.text);
            }
        }
    }
    scores
}

fn by_genre(engine: &Engine, records: Vec<Record>) -> BTreeMap<String, Score> {
    let mut genres: BTreeMap<String, Vec<Record>> = BTreeMap::new();
    for record in records {
        genres.entry(record.genre.clone()).or_default().push(record);
    }
    genres.into_iter().map(|(genre, records)| (genre, total(&score(engine, &records, false)))).collect()
}

fn total(scores: &BTreeMap<String, Score>) -> Score {
    scores.values().fold(Score::default(), |sum, score| Score {
        hits: sum.hits + score.hits,
        found: sum.found + score.found,
        expected: sum.expected + score.expected,
    })
}

fn print(part: &str, scores: &BTreeMap<String, Score>) {
    for (name, score) in scores {
        eprintln!(
            "{part} {name:26} precision {:.3} recall {:.3} f1 {:.4} of {}",
            score.hits as f64 / score.found.max(1) as f64,
            score.hits as f64 / score.expected.max(1) as f64,
            score.f1(),
            score.expected
        );
    }
    eprintln!("{part} all f1 {:.4}", total(scores).f1());
}

#[test]
fn values_are_found_in_texts_of_other_words() {
    let corpus = Corpus::load();
    let engine = Engine::new(EngineSettings::default(), &Rules::default()).expect("embedded rules are sound");
    let show = std::env::var("SHOW").is_ok();
    let development = score(&engine, &corpus.records("development", 7, 1500), show);
    print("development", &development);
    let held_out = score(&engine, &corpus.records("held_out", 2026, 3000), false);
    print("held out", &held_out);
    assert!(total(&held_out).f1() >= 0.95);
    for (genre, own) in by_genre(&engine, corpus.records("held_out", 2026, 3000)) {
        eprintln!("held out genre {genre:10} f1 {:.4}", own.f1());
        assert!(own.f1() >= 0.85, "{genre}: {:.4}", own.f1());
    }
    for (name, own) in &held_out {
        assert!(own.expected < 20 || own.f1() >= 0.90, "{name}: {:.4}", own.f1());
    }
}
