//! The trial of tracing: copies of one table for a thousand recipients, leaked in part and attacked in many ways.
//! Prints how often who leaked was named, and whether anybody else was.
//!
//! `cargo run --release -p fengsui-dlp-gateway --example trace_trial -- ROUNDS [ROWS [RECIPIENTS [SEED]]]`
#![allow(clippy::expect_used, clippy::panic, clippy::print_stdout)]

#[allow(unreachable_pub, dead_code, reason = "each example uses its part")]
mod people;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use fengsui_dlp_engine::EngineSettings;
use fengsui_dlp_gateway::ledger::{Entry, Ledger};
use fengsui_dlp_gateway::sharing::{ReleaseRequest, TraceRequest, Tracer, release};
use fengsui_dlp_gateway::table::{Table, open_bytes};
use fengsui_schema::Timestamp;
use people::{Random, original};

/// Copies that are really made; leakers are drawn among their recipients.
const COPIES: usize = 9;

struct Trial {
    folder: tempfile::TempDir,
    copies: Vec<Table>,
}

fn recipient(number: usize) -> String {
    format!("单位{number:04}")
}

impl Trial {
    fn new(rows: usize, recipients: usize, random: &mut Random) -> Self {
        let folder = tempfile::tempdir().expect("makes a folder");
        original(rows, random).write(&folder.path().join("in.csv")).expect("writes");
        let path = |name: &str| folder.path().join(name);
        let leakers = random.some(COPIES, recipients);
        let mut copies = Vec::new();
        let mut last = Entry::default();
        for number in &leakers {
            let request = ReleaseRequest {
                policy: "share-standard".to_owned(),
                recipient: recipient(*number),
                role: String::new(),
                purpose: String::new(),
                ledger: path("ledger"),
                input: path("in.csv"),
                output: path("copy.csv"),
                replace: true,
                time: Timestamp::from_nanos(0),
                engine: EngineSettings::default(),
            };
            let start = std::time::Instant::now();
            last = release(&request).expect("releases").first;
            println!(
                "released {} rows to {} in {:.1} s; carriers {:?}, keyed {:?}",
                last.rows,
                last.recipient,
                start.elapsed().as_secs_f64(),
                last.carriers,
                last.keyed
            );
            copies.push(Table::read(&path("copy.csv")).expect("reads"));
        }
        // The copies of the innocent play no part in a trace; that they were made is what matters.
        let mut ledger = Ledger::open(&path("ledger")).expect("opens");
        for number in (0..recipients).filter(|number| !leakers.contains(number)) {
            ledger
                .append(Entry { recipient: recipient(number), digest: String::new(), ..last.clone() })
                .expect("appends");
        }
        Self { folder, copies }
    }

    fn names(&self, ledger: &Path) -> Vec<String> {
        let ledger = Ledger::open(ledger).expect("opens");
        ledger.entries().iter().take(COPIES).map(|entry| entry.recipient.clone()).collect()
    }

    fn ledger(&self) -> PathBuf {
        self.folder.path().join("ledger")
    }
}

/// What is done to the rows that leak.
#[derive(Clone, Copy)]
struct Attack {
    name: &'static str,
    /// Leakers, and the share of the rows that leaks.
    leakers: usize,
    share: f64,
    /// Share of the cells that are overwritten by values of other rows.
    overwritten: f64,
    /// How many columns are left; all when zero.
    columns: usize,
    dropped: &'static [&'static str],
}

const KEYED: &[&str] = &["编号", "证件号", "手机号", "银行卡号"];

const ATTACKS: &[Attack] = &[
    Attack { name: "1 % of the rows", leakers: 1, share: 0.01, overwritten: 0.0, columns: 0, dropped: &[] },
    Attack {
        name: "1 %, half of the cells overwritten",
        leakers: 1,
        share: 0.01,
        overwritten: 0.5,
        columns: 0,
        dropped: &[],
    },
    Attack {
        name: "1 %, keys dropped (编号 证件号)",
        leakers: 1,
        share: 0.01,
        overwritten: 0.0,
        columns: 0,
        dropped: &["编号", "证件号"],
    },
    Attack { name: "1 %, half of the columns", leakers: 1, share: 0.01, overwritten: 0.0, columns: 5, dropped: &[] },
    Attack {
        name: "1 %, half of the cells, half of the columns",
        leakers: 1,
        share: 0.01,
        overwritten: 0.5,
        columns: 5,
        dropped: &[],
    },
    Attack {
        name: "1 %, all encrypted columns and the number dropped",
        leakers: 1,
        share: 0.01,
        overwritten: 0.0,
        columns: 0,
        dropped: KEYED,
    },
    Attack {
        name: "1 %, the same, half of the cells overwritten",
        leakers: 1,
        share: 0.01,
        overwritten: 0.5,
        columns: 0,
        dropped: KEYED,
    },
    Attack { name: "3 % of three colluders", leakers: 3, share: 0.03, overwritten: 0.0, columns: 0, dropped: &[] },
    Attack {
        name: "3 % of three colluders, all encrypted columns dropped",
        leakers: 3,
        share: 0.03,
        overwritten: 0.0,
        columns: 0,
        dropped: KEYED,
    },
];

/// What colluders put in a cell of which their copies differ.
fn chosen<'v>(values: &[&'v str], strategy: usize, random: &mut Random) -> &'v str {
    let count = |value: &str| values.iter().filter(|known| **known == value).count();
    let by = |key: &dyn Fn(&str) -> usize| values.iter().copied().max_by_key(|value| key(value)).unwrap_or("");
    match strategy {
        0 => by(&|value| count(value)),
        1 => by(&|value| values.len() - count(value)),
        2 => values[random.below(values.len())],
        3 => by(&|value| value.len()),
        _ => by(&|value| usize::MAX - value.len()),
    }
}

fn leak(trial: &Trial, attack: &Attack, guilty: &[usize], strategy: usize, random: &mut Random) -> Table {
    let first = &trial.copies[guilty[0]];
    let rows = random.some((first.rows.len() as f64 * attack.share) as usize, first.rows.len());
    let mut left: Vec<usize> =
        (0..first.columns.len()).filter(|place| !attack.dropped.contains(&first.columns[*place].as_str())).collect();
    if attack.columns > 0 {
        let kept = random.some(attack.columns, left.len());
        left = kept.into_iter().map(|place| left[place]).collect();
    }
    let mut table =
        Table { columns: left.iter().map(|place| first.columns[*place].clone()).collect(), rows: Vec::new() };
    for row in &rows {
        let mut cells = Vec::new();
        for place in &left {
            let from = if random.draw() % 10_000 < (attack.overwritten * 10_000.0) as u64 {
                rows[random.below(rows.len())]
            } else {
                *row
            };
            let values: Vec<&str> = guilty.iter().map(|copy| trial.copies[*copy].rows[from][*place].as_str()).collect();
            cells.push(chosen(&values, strategy, random).to_owned());
        }
        table.rows.push(cells);
    }
    table
}

fn csv_bytes(table: &Table, folder: &Path) -> Vec<u8> {
    let path = folder.join("leak.csv");
    table.write(&path).expect("writes");
    std::fs::read(&path).expect("reads")
}

#[derive(Default)]
struct Count {
    trials: usize,
    one: usize,
    all: usize,
    innocent: usize,
    worst: f64,
    least_innocent: f64,
    /// Trials in which the likeliest innocent had a stated probability below each of [`CHANCES`].
    below: [usize; 3],
}

/// Stated probabilities of error whose truth is counted.
const CHANCES: [f64; 3] = [0.3, 0.1, 0.01];

fn main() {
    let mut arguments = std::env::args().skip(1).map(|argument| argument.parse::<u64>().expect("a number"));
    let rounds = arguments.next().unwrap_or(10) as usize;
    let rows = arguments.next().unwrap_or(100_000) as usize;
    let recipients = arguments.next().unwrap_or(1000) as usize;
    let seed = arguments.next().unwrap_or(20_260_101);
    let mut random = Random(seed);
    let trial = Trial::new(rows, recipients, &mut random);
    let names = trial.names(&trial.ledger());
    let request = TraceRequest { ledger: trial.ledger(), ..TraceRequest::default() };
    let tracer = Tracer::open(&request).expect("opens");
    let mut counts: BTreeMap<usize, Count> = BTreeMap::new();
    for round in 0..rounds {
        for (place, attack) in ATTACKS.iter().enumerate() {
            let guilty = random.some(attack.leakers, COPIES);
            let table = leak(&trial, attack, &guilty, round % 5, &mut random);
            let bytes = csv_bytes(&table, trial.folder.path());
            let mut source = open_bytes(Path::new("leak.csv"), bytes).expect("opens");
            let report = tracer.trace(source.as_mut()).expect("traces");
            let right = guilty.iter().filter(|copy| report.named.contains(&names[**copy])).count();
            let count = counts.entry(place).or_insert_with(|| Count { least_innocent: 1.0, ..Count::default() });
            count.trials += 1;
            count.one += usize::from(right > 0);
            count.all += usize::from(right == guilty.len());
            count.innocent += report.named.len() - right;
            if right < guilty.len() {
                println!("round {round}, {}: {right} of {} named by {:?}", attack.name, guilty.len(), table.columns);
            }
            for suspect in report.datasets.iter().flat_map(|dataset| &dataset.suspects) {
                let innocent = !guilty.iter().any(|copy| names[*copy] == suspect.recipient);
                if innocent {
                    count.least_innocent = count.least_innocent.min(suspect.error_probability);
                    count.below.iter_mut().enumerate().for_each(|(place, below)| {
                        *below += usize::from(suspect.error_probability <= CHANCES[place]);
                    });
                } else {
                    count.worst = count.worst.max(suspect.error_probability);
                }
            }
        }
        // Who waits for hours sees how it goes.
        if (round + 1) % 10 == 0 || round + 1 == rounds {
            println!("{} rounds, {rows} rows, {recipients} recipients, seed {seed}", round + 1);
            print(&counts);
        }
    }
}

fn print(counts: &BTreeMap<usize, Count>) {
    let trials: usize = counts.values().map(|count| count.trials).sum();
    for (place, chance) in CHANCES.iter().enumerate() {
        let below: usize = counts.values().map(|count| count.below[place]).sum();
        println!("an innocent with a stated probability of at most {chance}: {below} in {trials} trials");
    }
    for (place, count) in counts {
        println!(
            "{:58} at least one named {}/{}, all named {}/{}, innocent named {}; largest error probability of a leaker {:.1e}, smallest of an innocent {:.1e}",
            ATTACKS[*place].name,
            count.one,
            count.trials,
            count.all,
            count.trials,
            count.innocent,
            count.worst,
            count.least_innocent
        );
    }
}
