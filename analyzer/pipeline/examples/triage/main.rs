//! Judges the triage of alerts on made-up networks, and writes such networks to files.
//!
//! `triage [--seeds FROM..TO] [--volume N] [--without PART]… [--chance N] [--window N] [--quiet]` prints one line a network and the sum;
//! `triage --write FOLDER --seeds FROM..TO --volume N` writes `SEED.jsonl` and `SEED.labels` only.

#![allow(clippy::print_stdout, reason = "it is there to print figures")]
#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the numbers of the generator are small")]

mod attack;
mod network;
mod noise;
mod score;

use std::path::PathBuf;

use anyhow::Context as _;
use fengsui_pipeline::CorrelationSettings;
use network::Network;
use score::Score;

struct Options {
    seeds: std::ops::Range<u64>,
    volume: f64,
    write: Option<PathBuf>,
    without: Vec<String>,
    quiet: bool,
    settings: CorrelationSettings,
}

fn options() -> anyhow::Result<Options> {
    let (without, settings) = (Vec::new(), CorrelationSettings::default());
    let mut options = Options { seeds: 1..41, volume: 1.0, write: None, without, quiet: false, settings };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut value = || words.next().with_context(|| format!("{word} needs a value"));
        match word.as_str() {
            "--seeds" => {
                let text = value()?;
                let (from, to) = text.split_once("..").context("seeds are FROM..TO")?;
                options.seeds = from.parse()?..to.parse()?;
            }
            "--volume" => options.volume = value()?.parse()?,
            "--write" => options.write = Some(value()?.into()),
            "--without" => options.without.push(value()?),
            "--chance" => options.settings.chance = value()?.parse()?,
            "--window" => options.settings.link_window_s = value()?.parse()?,
            "--quiet" => options.quiet = true,
            _ => anyhow::bail!("{word} is not known"),
        }
    }
    Ok(options)
}

fn main() -> anyhow::Result<()> {
    let options = options()?;
    if let Some(folder) = &options.write {
        std::fs::create_dir_all(folder)?;
        for seed in options.seeds {
            let network = Network::generate(seed, options.volume);
            score::write(&network, &folder.join(format!("{seed}.jsonl")))?;
            let labels: Vec<String> =
                network.labels.iter().map(|label| label.map_or_else(String::new, |stage| stage.to_string())).collect();
            std::fs::write(folder.join(format!("{seed}.labels")), labels.join("\n"))?;
            println!("network {seed}: {} alerts, {}", network.lines.len(), network.traits);
        }
        return Ok(());
    }
    let mut settings = options.settings;
    for part in &options.without {
        settings.evidence.switch_off(part).with_context(|| format!("{part} is no part of the evidence"))?;
    }
    let folder = tempfile::tempdir()?;
    let mut scores = Vec::new();
    for seed in options.seeds {
        let network = Network::generate(seed, options.volume);
        let score = score::score(&network, folder.path(), &settings)?;
        if !options.quiet {
            println!(
                "{seed:3} rank {:>2} stages {}/{}/{} incidents {:2} pure {:.2} {:.1} s {:6} alerts | {} | missed {:?} | {}",
                score.rank.map_or("-".to_owned(), |rank| rank.to_string()),
                score.half,
                score.touched,
                score.stages,
                score.incidents,
                score.purity,
                score.seconds,
                network.lines.len(),
                network.traits,
                score.missed,
                score.first
            );
        }
        scores.push(score);
    }
    println!("without {:?}: {}", options.without, sum(&scores));
    Ok(())
}

fn sum(scores: &[Score]) -> String {
    let count = |holds: &dyn Fn(&Score) -> bool| scores.iter().filter(|score| holds(score)).count();
    let total = |of: &dyn Fn(&Score) -> usize| scores.iter().map(of).sum::<usize>();
    format!(
        "{} networks, attack first in {}, in the first three {}, stages touched {:.1} %, half {:.1} %, incidents {:.1} each, pure {:.2}, {:.1} s",
        scores.len(),
        count(&|score| score.rank == Some(1)),
        count(&|score| score.rank.is_some_and(|rank| rank <= 3)),
        100.0 * total(&|score| score.touched) as f64 / total(&|score| score.stages).max(1) as f64,
        100.0 * total(&|score| score.half) as f64 / total(&|score| score.stages).max(1) as f64,
        total(&|score| score.incidents) as f64 / scores.len().max(1) as f64,
        scores.iter().map(|score| score.purity).sum::<f64>() / scores.len().max(1) as f64,
        scores.iter().map(|score| score.seconds).sum::<f64>(),
    )
}
