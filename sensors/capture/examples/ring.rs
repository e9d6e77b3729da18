//! Reads a ring for some seconds and says what a packet costs: `ring INTERFACE SECONDS`.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::process::ExitCode;
use std::time::{Duration, Instant};

use fengsui_capture::{PacketSource, RingSettings, RingSource};

/// User and system seconds of this process (`/proc/self/stat`, fields 14 and 15, in hundredths).
fn cpu_seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = text.rsplit(')').next().unwrap_or_default();
    fields.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<f64>().ok()).sum::<f64>() / 100.0
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [interface, seconds] = arguments.as_slice() else {
        eprintln!("ring INTERFACE SECONDS");
        return ExitCode::from(2);
    };
    let end = Instant::now() + Duration::from_secs(seconds.parse().unwrap_or(10));
    let mut source = match RingSource::open(interface, &RingSettings::default()) {
        Ok(source) => source,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    };
    let (mut packets, mut bytes, mut sum) = (0_u64, 0_u64, 0_u64);
    while Instant::now() < end {
        // The clock is asked once for many packets, so that it is not what is measured.
        for _ in 0..1024 {
            match source.next() {
                Ok(Some(packet)) => {
                    packets += 1;
                    bytes += packet.data.len() as u64;
                    sum += u64::from(packet.data.get(packet.data.len() / 2).copied().unwrap_or(0));
                }
                Ok(None) => break,
                Err(error) => {
                    eprintln!("{error}");
                    return ExitCode::FAILURE;
                }
            }
        }
    }
    let statistics = source.statistics();
    println!(
        "capture {packets} packets {bytes} bytes {:.3} us/packet {} dropped (check {sum})",
        cpu_seconds() * 1e6 / packets.max(1) as f64,
        statistics.dropped
    );
    ExitCode::SUCCESS
}
