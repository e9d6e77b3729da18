//! How many rows of ten columns are masked from file to file in a CPU second of one thread:
//! `cargo run --release -p fengsui-dlp-gateway --example mask_rows [ROWS]`.
#![allow(clippy::expect_used, clippy::print_stdout)]

#[allow(unreachable_pub, dead_code, reason = "each example uses its part")]
mod people;

use fengsui_dlp_gateway::command::mask::{MaskOptions, run};
use people::{Random, original};

/// Seconds this thread has had a processor (Linux, `proc(5)`): what others do meanwhile does not count.
fn cpu_seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").expect("the kernel accounts");
    text.split(' ').next().and_then(|nanos| nanos.parse::<f64>().ok()).expect("is a number") / 1e9
}

fn main() {
    let rows = std::env::args().nth(1).map_or(200_000, |text| text.parse().expect("a number"));
    let folder = tempfile::tempdir().expect("makes a folder");
    let path = |name: &str| folder.path().join(name);
    let table = original(rows, &mut Random(7));
    for form in ["csv", "jsonl", "parquet"] {
        let input = path(&format!("in.{form}"));
        table.write(&input).expect("writes");
        let options = MaskOptions {
            policy: "share-standard".to_owned(),
            key: path("key"),
            input: input.to_string_lossy().into_owned(),
            output: path(&format!("out.{form}")).to_string_lossy().into_owned(),
            ..MaskOptions::default()
        };
        let start = cpu_seconds();
        run(&options, &mut Vec::new()).expect("masks");
        println!("{form:8} {:9.0} rows of ten columns in a second", rows as f64 / (cpu_seconds() - start));
    }
}
