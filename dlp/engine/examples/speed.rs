//! Speed of finding, in megabytes per CPU second of one thread, beside a plain search for one byte in the same data:
//! `cargo run --release --example speed [MEGABYTES [prose|csv [structured|lexicon|names]]]`.

#[allow(clippy::expect_used, clippy::panic, dead_code, unreachable_pub, reason = "makes test data")]
#[path = "../tests/corpus/mod.rs"]
mod corpus;

use std::collections::BTreeMap;
use std::hint::black_box;
use std::io::Write;

use corpus::{Corpus, Random};
use fengsui_dlp_engine::lexicon::Lexicon;
use fengsui_dlp_engine::{Engine, EngineSettings, Rules};

/// Rounds of which the median counts.
const ROUNDS: usize = 5;
/// Shortest round, in seconds.
const SHORTEST: f64 = 0.1;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let megabytes: usize = std::env::args().nth(1).map_or(Ok(16), |text| text.parse())?;
    let bytes = megabytes * 1_000_000;
    let corpus = Corpus::load();
    let prose = prose(&corpus, bytes);
    let table = table(&corpus, bytes);
    let structured = EngineSettings { names: false, addresses: false, ..EngineSettings::default() };
    let structured = Engine::new(structured, &Rules::default())?;
    let whole = Engine::new(EngineSettings::default(), &Rules::default())?;
    let lexicon = Lexicon::new(&BTreeMap::from([("large.toml".to_owned(), words(50_000))]))?;
    let mut out = std::io::stdout().lock();
    let (only, part) = (std::env::args().nth(2), std::env::args().nth(3));
    for (name, text) in [("prose", &prose), ("csv", &table)] {
        if only.as_ref().is_some_and(|only| only != name) {
            continue;
        }
        let plain = rate(text, |text| memchr::memchr_iter(b'\x01', text.as_bytes()).count());
        writeln!(out, "dlp  {name:5} plain byte search    {plain:9.1} MB/s")?;
        let mut show = |what: &str, work: &dyn Fn(&str) -> usize| {
            if part.as_ref().is_some_and(|part| !what.starts_with(part)) {
                return Ok(());
            }
            let rate = rate(text, work);
            writeln!(out, "dlp  {name:5} {what:20} {rate:9.1} MB/s  1/{:.1} of plain", plain / rate)
        };
        show("structured", &|text| found(&structured, text))?;
        show("lexicon 50k", &|text| lexicon.screen(text).len())?;
        show("names and addresses", &|text| found(&whole, text))?;
    }
    Ok(())
}

/// How many values an engine finds, handed out one by one as `fengsui dlp scan` takes them.
fn found(engine: &Engine, text: &str) -> usize {
    let mut count = 0;
    engine.each_match(text, None, |_| count += 1);
    count
}

fn rate(text: &str, work: impl Fn(&str) -> usize) -> f64 {
    let mut rates: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            // The kernel accounts in steps of some milliseconds.
            let (start, mut times, mut spent) = (cpu_seconds(), 0, 0.0);
            while spent < SHORTEST && times < 500 {
                black_box(work(black_box(text)));
                times += 1;
                spent = cpu_seconds() - start;
            }
            text.len() as f64 * f64::from(times) / 1e6 / spent
        })
        .collect();
    rates.sort_by(f64::total_cmp);
    rates[ROUNDS / 2]
}

/// Seconds this thread has had a processor (Linux, `proc(5)`): what others do meanwhile does not count.
fn cpu_seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    text.split(' ').next().and_then(|nanos| nanos.parse::<f64>().ok()).unwrap_or_default() / 1e9
}

/// News and official prose: a value now and then.
fn prose(corpus: &Corpus, bytes: usize) -> String {
    let mut text = String::with_capacity(bytes + 4096);
    let records = corpus.records("development", 3, 4000);
    let filler = "根据全省经济社会发展总体部署，各级各部门要坚持稳中求进工作总基调，完整准确全面贯彻新发展理念，统筹推进重点任务落实，\
                  持续优化营商环境，切实保障和改善民生，不断提高群众的满意度。会议指出，当前形势总体平稳，但也面临不少困难和挑战，必须增强信心，\
                  保持定力，扎扎实实做好各项工作。";
    let mut next = records.iter().filter(|record| record.genre == "news" || record.genre == "official").cycle();
    while text.len() < bytes {
        for _ in 0..3 {
            text.push_str(filler);
        }
        if let Some(record) = next.next() {
            text.push_str(&record.text);
        }
        text.push('\n');
    }
    text
}

/// A dense table: eight columns of values in every row.
fn table(corpus: &Corpus, bytes: usize) -> String {
    let mut random = Random::new(5);
    let mut text = String::from("姓名,身份证号,手机号,银行卡号,邮箱,地址,车牌,登记日期\n");
    let rows: Vec<String> = (0..2000).map(|_| corpus.row(&mut random)).collect();
    while text.len() < bytes {
        text.push_str(&rows[random.below(rows.len())]);
    }
    text
}

/// A lexicon file of made-up words of two to six characters.
fn words(count: usize) -> String {
    let mut random = Random::new(9);
    let word = |random: &mut Random| {
        let length = 2 + random.below(5);
        (0..length).filter_map(|_| char::from_u32(0x4e00 + u32::try_from(random.below(6000)).ok()?)).collect::<String>()
    };
    let words: Vec<String> = (0..count).map(|_| format!("'{}'", word(&mut random))).collect();
    format!("category = 'bench'\ntitle = '测速'\nwords = [{}]\n", words.join(", "))
}
