//! How fast columns are masked, in cells per CPU second: `cargo run --release -p fengsui-dlp-engine --example mask_speed`.
#![allow(clippy::expect_used, clippy::print_stdout)]

use fengsui_dlp_engine::cells::{CellKind, Cells};
use fengsui_dlp_engine::mask::{ColumnMasker, MaskKey, MaskParameters, mask};
use fengsui_dlp_engine::policy::Step;

const CELLS: usize = 300_000;

fn identity(row: usize) -> String {
    let body = format!("620102{}{:02}{:02}{:03}", 1950 + row % 50, row % 12 + 1, row % 28 + 1, row / 7 % 1000);
    let weights = [7_u32, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum: u32 = body.bytes().zip(weights).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
    format!("{body}{}", char::from(b"10X98765432"[(sum % 11) as usize]))
}

fn measure(function: &str, data_type: &'static str, value: impl Fn(usize) -> String) {
    let mut plain = Cells::new();
    (0..CELLS).for_each(|row| plain.push(&value(row), CellKind::Text));
    let parameters = MaskParameters::default();
    let step = Step { mask: mask(function).expect("exists"), parameters: &parameters };
    let mut masker = ColumnMasker::new(step, Some(data_type), &MaskKey::new([1; 32]), None);
    let mut best = f64::INFINITY;
    for _ in 0..5 {
        let mut masked = Cells::new();
        let start = cpu_seconds();
        masker.mask_cells(&plain, &mut masked);
        best = best.min(cpu_seconds() - start);
        assert_eq!(masked.len(), CELLS);
    }
    println!("{function:10} {data_type:16} {:8.0} cells/s", CELLS as f64 / best);
}

/// Seconds this thread has had a processor (Linux, `proc(5)`): what others do meanwhile does not count.
fn cpu_seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").expect("the kernel accounts");
    text.split(' ').next().and_then(|nanos| nanos.parse::<f64>().ok()).expect("is a number") / 1e9
}

fn main() {
    measure("ff1", "cn_resident_id", identity);
    measure("ff1", "cn_mobile", |row| format!("138{:08}", row * 7919 % 100_000_000));
    measure("ff1", "vin", |row| format!("{:016}", row as u64 * 1_000_003));
    measure("hash", "cn_resident_id", identity);
    measure("tokenise", "cn_resident_id", identity);
    measure("partial", "address", |row| format!("甘肃省兰州市城关区东岗西路{row}号"));
    measure("generalise", "date_of_birth", |row| format!("19{:02}-0{}-1{}", row % 99, row % 9 + 1, row % 10));
    measure("fake", "person_name", |row| format!("姓名{row}"));
}
