//! Strict value-and-type micro F1 over JSON lines with `text` and `entities`, or over a JSON array with `full_text` and `spans`:
//! `cargo run --example f1 -- FILE [--errors]`.

use std::collections::BTreeMap;

use fengsui_dlp_engine::{Engine, EngineSettings, Rules};

fn mapped(data_type: &str) -> Option<&'static str> {
    Some(match data_type {
        "person_name" => "person",
        "cn_mobile" | "cn_landline" | "phone_international" => "phone",
        "cn_resident_id" => "id_number",
        "bank_card" => "bank_card",
        "email" => "email",
        "address" => "address",
        "cn_license_plate" => "license_plate",
        "cn_passport" => "passport",
        "iban" => "iban",
        "us_ssn" => "ssn",
        "ip_address" => "ip",
        "url" => "url",
        _ => return None,
    })
}

/// Names of the same types in English sets; `None` for those that are not structured.
fn mapped_english(name: &str) -> Option<&'static str> {
    Some(match name {
        "PHONE_NUMBER" => "phone",
        "CREDIT_CARD" => "bank_card",
        "EMAIL_ADDRESS" => "email",
        "IBAN_CODE" => "iban",
        "US_SSN" => "ssn",
        "IP_ADDRESS" => "ip",
        "DOMAIN_NAME" => "url",
        _ => return None,
    })
}

#[derive(Default)]
struct Score {
    hits: usize,
    found: usize,
    expected: usize,
}

impl Score {
    fn print(&self, name: &str, out: &mut impl std::io::Write) -> std::io::Result<()> {
        let ratio = |part: usize, whole: usize| if whole == 0 { 1.0 } else { part as f64 / whole as f64 };
        let (precision, recall) = (ratio(self.hits, self.found), ratio(self.hits, self.expected));
        let f1 = 2.0 * precision * recall / (precision + recall).max(f64::MIN_POSITIVE);
        writeln!(out, "{name:14} precision {precision:.4} recall {recall:.4} f1 {f1:.4} of {}", self.expected)
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let path = arguments.first().ok_or("name a file")?;
    let errors = arguments.iter().any(|argument| argument == "--errors");
    let engine = Engine::new(EngineSettings::default(), &Rules::default())?;
    let mut scores: BTreeMap<String, Score> = BTreeMap::new();
    let mut out = std::io::stdout().lock();
    let text = std::fs::read_to_string(path)?;
    let english = text.starts_with('[');
    let records: Vec<serde_json::Value> = match english {
        true => serde_json::from_str(&text)?,
        false => text.lines().map(serde_json::from_str).collect::<Result<_, _>>()?,
    };
    for known in &records {
        record(&engine, known, &mut scores, errors)?;
    }
    for (name, score) in &scores {
        score.print(name, &mut out)?;
    }
    Ok(())
}

fn record(
    engine: &Engine,
    record: &serde_json::Value,
    scores: &mut BTreeMap<String, Score>,
    errors: bool,
) -> Result<(), Box<dyn std::error::Error>> {
    let text = record["text"].as_str().or_else(|| record["full_text"].as_str()).ok_or("a record has no text")?;
    let english = record.get("spans").is_some();
    let mut expected: Vec<(String, String)> = Vec::new();
    for entity in record["entities"].as_array().into_iter().flatten() {
        let field = |name: &str| entity[name].as_str().unwrap_or_default().to_owned();
        expected.push((field("type"), field("text")));
    }
    for entity in record["spans"].as_array().into_iter().flatten() {
        if let Some(kind) = entity["entity_type"].as_str().and_then(mapped_english) {
            expected.push((kind.to_owned(), entity["entity_value"].as_str().unwrap_or_default().to_owned()));
        }
    }
    let optional: Vec<String> =
        expected.extract_if(.., |(name, _)| name == "optional").map(|(_, known)| known).collect();
    let matches = engine.scan_text(text);
    for found in &matches {
        let Some(kind) = mapped(found.data_type) else { continue };
        if english && matches!(kind, "person" | "address" | "license_plate" | "passport" | "id_number")
            || !english && matches!(kind, "iban" | "ssn" | "ip" | "url")
        {
            continue;
        }
        let value = &text[found.start..found.end];
        let hit = expected.iter().position(|(name, known)| name == kind && known == value);
        // What may be found or not counts neither way.
        if hit.is_none() && optional.iter().any(|known| known.contains(value) || value.contains(known.as_str())) {
            continue;
        }
        for name in [kind, "all"] {
            let score = scores.entry(name.to_owned()).or_default();
            score.found += 1;
            score.hits += usize::from(hit.is_some());
            score.expected += usize::from(hit.is_some());
        }
        match hit {
            Some(at) => drop(expected.swap_remove(at)),
            None if errors => eprintln!("+ {kind} {value} ({}) in {text}", found.confidence),
            None => {}
        }
    }
    for (kind, value) in expected {
        for name in [kind.as_str(), "all"] {
            scores.entry(name.to_owned()).or_default().expected += 1;
        }
        if errors {
            eprintln!("- {kind} {value} in {text}");
        }
    }
    Ok(())
}
