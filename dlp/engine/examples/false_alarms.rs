//! False alarms per megabyte of data that holds nothing: made logs, hashes and order numbers, and whatever source code and logs
//! are named: `cargo run --release --example false_alarms -- [MEGABYTES] [FOLDER]…`.

#[allow(clippy::expect_used, clippy::panic, dead_code, unreachable_pub, reason = "makes test data")]
#[path = "../tests/corpus/mod.rs"]
mod corpus;

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use corpus::Random;
use fengsui_dlp_engine::{Engine, EngineSettings, Rules};

/// Confidence from which a finding counts as certain.
const HIGH: u8 = 80;
/// Types that code and logs hold in truth: what is found of them is no false alarm.
const TRUE_IN_CODE: &[&str] = &["email", "url", "ip_address", "mac_address", "secret"];

#[derive(Default)]
struct Count {
    bytes: usize,
    high: BTreeMap<&'static str, usize>,
    all: BTreeMap<&'static str, usize>,
    examples: BTreeMap<&'static str, Vec<String>>,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let megabytes: usize = arguments.next().map_or(Ok(40), |text| text.parse())?;
    let engine = Engine::new(EngineSettings::default(), &Rules::default())?;
    let mut made = Count::default();
    let mut random = Random::new(11);
    while made.bytes < megabytes * 1_000_000 {
        let lines: String = (0..2000).map(|_| line(&mut random)).collect();
        made.add(&engine, &lines);
    }
    let mut found = Count::default();
    for folder in arguments {
        walk(Path::new(&folder), &mut |path| {
            if let Ok(text) = std::fs::read_to_string(path) {
                found.add(&engine, &text);
            }
        });
    }
    let mut out = std::io::stdout().lock();
    made.print("made logs", &mut out)?;
    if found.bytes > 0 {
        found.print("named folders", &mut out)?;
    }
    Ok(())
}

impl Count {
    fn add(&mut self, engine: &Engine, text: &str) {
        self.bytes += text.len();
        for found in engine.scan_text(text) {
            *self.all.entry(found.data_type).or_default() += 1;
            if found.confidence >= HIGH {
                *self.high.entry(found.data_type).or_default() += 1;
                let examples = self.examples.entry(found.data_type).or_default();
                if examples.len() < 6 {
                    let line = text[..found.start].rfind('\n').map_or(0, |at| at + 1);
                    let head: String =
                        text[line..found.start].chars().rev().take(40).collect::<Vec<_>>().into_iter().rev().collect();
                    examples.push(format!("{head}[{}] {}", &text[found.start..found.end], found.confidence));
                }
            }
        }
    }

    fn print(&self, what: &str, out: &mut impl Write) -> std::io::Result<()> {
        let megabytes = self.bytes as f64 / 1e6;
        let false_high: usize =
            self.high.iter().filter(|(name, _)| !TRUE_IN_CODE.contains(name)).map(|(_, count)| count).sum();
        writeln!(
            out,
            "dlp  {what}: {megabytes:.0} MB, {:.3} false alarms of high confidence per MB",
            false_high as f64 / megabytes
        )?;
        for (name, count) in &self.all {
            let high = self.high.get(name).copied().unwrap_or(0);
            writeln!(out, "dlp    {name:26} high {high:6}  all {count:7}")?;
            if !TRUE_IN_CODE.contains(name) && std::env::var("SHOW").is_ok() {
                for example in self.examples.get(name).into_iter().flatten() {
                    writeln!(out, "         {example}")?;
                }
            }
        }
        Ok(())
    }
}

fn walk(path: &Path, visit: &mut impl FnMut(&Path)) {
    let Ok(kind) = std::fs::symlink_metadata(path) else { return };
    if kind.is_file() && kind.len() < 20_000_000 {
        visit(path);
    } else if kind.is_dir() {
        let mut entries: Vec<PathBuf> = std::fs::read_dir(path)
            .map(|all| all.filter_map(|entry| Some(entry.ok()?.path())).collect())
            .unwrap_or_default();
        entries.sort();
        entries.iter().for_each(|entry| walk(entry, visit));
    }
}

fn hexadecimal(random: &mut Random, length: usize) -> String {
    (0..length).map(|_| char::from(b"0123456789abcdef"[random.below(16)])).collect()
}

fn letters(random: &mut Random, length: usize) -> String {
    (0..length).map(|_| char::from(b"ABCDEFGHJKLMNPQRSTUVWXYZ0123456789"[random.below(34)])).collect()
}

/// One line of a log, with numbers that look like those of people and are none.
fn line(random: &mut Random) -> String {
    let millis = 1_600_000_000_000 + random.next() % 200_000_000_000;
    let day = format!("2024-{:02}-{:02}", 1 + random.below(12), 1 + random.below(28));
    let time = format!("{:02}:{:02}:{:02}", random.below(24), random.below(60), random.below(60));
    match random.below(14) {
        0 => format!(
            "{day} {time},123 INFO order {} created amount={}.{}\n",
            random.digits(18),
            random.digits(4),
            random.digits(2)
        ),
        1 => format!("{millis} [worker-{}] commit {} ok\n", random.below(64), hexadecimal(random, 40)),
        2 => format!("订单号{} 流水{} 状态已完成\n", random.digits(16), random.digits(20)),
        3 => format!("{{\"id\":\"{}\",\"ts\":{millis},\"hash\":\"{}\"}}\n", random.digits(19), hexadecimal(random, 64)),
        4 => format!(
            "uuid={}-{}-{}-{}-{}\n",
            hexadecimal(random, 8),
            hexadecimal(random, 4),
            hexadecimal(random, 4),
            hexadecimal(random, 4),
            hexadecimal(random, 12)
        ),
        5 => format!("sn {} sku {} batch {}\n", letters(random, 17), letters(random, 12), random.digits(11)),
        6 => format!(
            "DEBUG alloc 0x{} size={} took {}.{}us\n",
            hexadecimal(random, 16),
            random.digits(7),
            random.digits(3),
            random.digits(6)
        ),
        7 => format!(
            "{day}T{time}Z GET /v1/items/{}?page={} 200 {}\n",
            random.digits(12),
            random.below(90),
            random.digits(6)
        ),
        8 => format!("单据编号：{}，批次{}，数量{}\n", letters(random, 18), random.digits(15), random.below(900)),
        9 => format!("md5 {} sha256 {}\n", hexadecimal(random, 32), hexadecimal(random, 64)),
        10 => format!("{},{},{},{}\n", random.digits(18), random.digits(16), random.digits(11), random.digits(15)),
        11 => {
            format!("trace {} span {} parent {}\n", hexadecimal(random, 32), hexadecimal(random, 16), random.digits(19))
        }
        12 => format!(
            "凭证{} 金额{}.{}元 第{}号\n",
            random.digits(12),
            random.digits(5),
            random.digits(2),
            random.digits(8)
        ),
        _ => format!(
            "kernel: [{}.{}] eth0: rx {} tx {} drop {}\n",
            random.digits(5),
            random.digits(6),
            random.digits(10),
            random.digits(10),
            random.digits(3)
        ),
    }
}
