//! How well a list of incidents shows the attack of a labelled network.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use fengsui_pipeline::{
    CorrelationSettings, InputFormat, OfflineInput, OfflineOptions, RuleSources, analyze_offline, load_detection,
};
use serde_json::Value;

use super::network::Labelled;

/// How well a list of incidents shows the attack of a labelled network.
#[derive(Debug, Clone, Default)]
pub(crate) struct Score {
    pub(crate) incidents: usize,
    /// Place of the incident that is the attack, from 1; `None` when none is.
    pub(crate) rank: Option<usize>,
    pub(crate) stages: usize,
    /// Stages with an alert within the first three incidents.
    pub(crate) touched: usize,
    /// Stages with at least half of their alerts there.
    pub(crate) half: usize,
    /// Share of the attack's incident that is of the attack.
    pub(crate) purity: f64,
    pub(crate) seconds: f64,
    pub(crate) missed: Vec<&'static str>,
    pub(crate) first: String,
}

/// Writes the lines of a network to a file.
pub(crate) fn write(network: &Labelled, path: &Path) -> anyhow::Result<()> {
    let mut file = std::io::BufWriter::new(std::fs::File::create(path).context("alerts can't be written")?);
    for line in &network.lines {
        writeln!(file, "{line}")?;
    }
    file.flush()?;
    Ok(())
}

/// Analyses a network.
pub(crate) fn score(network: &Labelled, folder: &Path, settings: &CorrelationSettings) -> anyhow::Result<Score> {
    let path = folder.join("alerts.jsonl");
    write(network, &path)?;
    let detection = Arc::new(load_detection(&RuleSources::default())?.0);
    let options = OfflineOptions {
        inputs: vec![OfflineInput::File(path)],
        format: InputFormat::Alerts,
        correlation: settings.clone(),
        limit: 25,
        ..OfflineOptions::default()
    };
    let (mut output, begin) = (Vec::new(), std::time::Instant::now());
    let summary = analyze_offline(&options, &detection, &mut output)?;
    anyhow::ensure!((summary.records, summary.records_failed) == (network.lines.len() as u64, 0), "{summary:?}");
    let seconds = begin.elapsed().as_secs_f64();
    let text = String::from_utf8(output)?;
    let incidents = text.lines().map(serde_json::from_str::<Value>).collect::<Result<Vec<_>, _>>()?;
    Ok(Score { seconds, ..judge(network, &incidents) })
}

fn judge(network: &Labelled, incidents: &[Value]) -> Score {
    let lines = |incident: &Value| -> Vec<usize> {
        let members = incident["members"].as_array().map(Vec::as_slice).unwrap_or_default();
        members.iter().filter_map(|member| Some(member["line"].as_u64()? as usize - 1)).collect()
    };
    let mut total = vec![0_usize; network.stages.len()];
    network.labels.iter().flatten().for_each(|stage| total[usize::from(*stage)] += 1);
    let present = total.iter().filter(|count| **count > 0).count();
    let (mut score, mut seen) = (Score { incidents: incidents.len(), stages: present, ..Score::default() }, Vec::new());
    seen.resize(network.stages.len(), 0_usize);
    for (place, incident) in incidents.iter().enumerate() {
        let members = lines(incident);
        let of_attack: Vec<u8> = members.iter().filter_map(|line| network.labels[*line]).collect();
        let stages: BTreeSet<u8> = of_attack.iter().copied().collect();
        if place == 0 {
            score.first = incident["title_en"].as_str().unwrap_or_default().to_owned();
        }
        if score.rank.is_none() && stages.len() >= (present / 3).max(2).min(present) {
            score.rank = Some(place + 1);
            score.purity = purity(network, &members);
        }
        if place < 3 {
            of_attack.iter().for_each(|stage| seen[usize::from(*stage)] += 1);
        }
    }
    for (stage, count) in seen.iter().enumerate() {
        score.touched += usize::from(*count > 0);
        score.half += usize::from(*count * 2 >= total[stage] && total[stage] > 0);
        if *count == 0 && total[stage] > 0 {
            score.missed.push(network.stages[stage]);
        }
    }
    score
}

/// Share of different alerts that are of the attack: repeats within ten minutes count once.
fn purity(network: &Labelled, members: &[usize]) -> f64 {
    let mut kinds: BTreeMap<(&str, &str), bool> = BTreeMap::new();
    for line in members {
        let text = &network.lines[*line];
        let time = text.find("T").map_or(0, |place| place + 5);
        let rest = text.find("Z\"").unwrap_or(0);
        *kinds.entry((&text[..time], &text[rest..])).or_default() |= network.labels[*line].is_some();
    }
    kinds.values().filter(|attack| **attack).count() as f64 / kinds.len().max(1) as f64
}
