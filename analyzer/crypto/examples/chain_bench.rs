//! Rate of the hash chain on one core: `chain_bench [ENTRIES] [BYTES_PER_ENTRY]`.

#![allow(clippy::print_stdout, reason = "a command line program")]

use std::time::Instant;

use fengsui_crypto::HashChain;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |index: usize, default| arguments.get(index).map_or(Ok(default), |text| text.parse::<usize>());
    let (entries, bytes) = (number(0, 500_000)?, number(1, 500)?);
    let entry = vec![0x61; bytes];
    let (mut chain, start) = (HashChain::new(), Instant::now());
    for _ in 0..entries {
        chain.append(&entry);
    }
    let seconds = start.elapsed().as_secs_f64();
    println!(
        "{entries} entries of {bytes} bytes: {:.0} entries/s, {:.1} MB/s",
        entries as f64 / seconds,
        (entries * bytes) as f64 / seconds / 1e6
    );
    Ok(())
}
