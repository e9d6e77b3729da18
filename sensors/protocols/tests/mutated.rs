//! Packets of real captures, changed at random, through decoding and every parser: nothing panics, nothing hangs.
//!
//! `FENGSUI_MUTATIONS` says how many inputs each parser gets: few by default, a million in `make long`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use fengsui_protocols::app::{Context, Input, Probe, Verdict};
use fengsui_protocols::*;
use fengsui_schema::Timestamp;

/// A generator of numbers that is the same on every run (Marsaglia, "Xorshift RNGs", 2003).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(limit.max(1)).unwrap()).unwrap()
    }
}

/// Payloads of other people's captures that one parser gets at most.
const SAMPLES: usize = 400;

fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Captures in a folder and below: classic pcap files of Ethernet.
fn captures(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(captures(&path));
        } else if path.extension().is_some_and(|extension| extension == "pcap") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Magic number of classic pcap files of little-endian machines, with micro- and nanoseconds; and the link type of Ethernet.
const MAGIC: [[u8; 4]; 2] = [[0xd4, 0xc3, 0xb2, 0xa1], [0x4d, 0x3c, 0xb2, 0xa1]];
const ETHERNET: [u8; 4] = [1, 0, 0, 0];

fn frames_of(path: &Path) -> Vec<Vec<u8>> {
    let bytes = std::fs::read(path).unwrap();
    let is_known = bytes.len() > 24 && MAGIC.iter().any(|magic| bytes.starts_with(magic)) && bytes[20..24] == ETHERNET;
    let (mut frames, mut at) = (Vec::new(), 24);
    while let Some(header) = bytes.get(at..at + 16).filter(|_| is_known) {
        let length = u32::from_le_bytes(header[8..12].try_into().unwrap()) as usize;
        frames.extend(bytes.get(at + 16..at + 16 + length).map(<[u8]>::to_vec));
        at += 16 + length;
    }
    frames
}

/// Frames of the captures of the project.
fn frames() -> Vec<Vec<u8>> {
    let frames: Vec<_> = captures(&top().join("tests/pcaps")).iter().flat_map(|path| frames_of(path)).collect();
    assert!(frames.len() > 100);
    frames
}

fn payload_of(frame: &[u8]) -> Vec<u8> {
    let decoding = DecodeSettings { verify_checksums: false, ..DecodeSettings::default() };
    decode(frame, LinkLayer::Ethernet, &decoding).payload.to_vec()
}

/// The messages of the seeds that the fuzz target of parsers has for a protocol: after a byte that says the parser, a byte
/// of direction, two of length and the message, again and again.
fn seeds(protocol: &str) -> Vec<Vec<u8>> {
    let bytes = std::fs::read(top().join("tests/fuzz/corpus/app_parser").join(protocol)).unwrap_or_default();
    let (mut messages, mut rest) = (Vec::new(), bytes.get(1..).unwrap_or_default());
    while let [_, high, low, after @ ..] = rest {
        let (message, next) = after.split_at(usize::from(u16::from_be_bytes([*high, *low])).min(after.len()));
        messages.push(message.to_vec());
        rest = next;
    }
    messages
}

/// What each parser knows as its own, by its place in the registry: of the project's captures and seeds, and of those
/// beside the project where they are.
fn samples(payloads: &[Vec<u8>]) -> Vec<Vec<Vec<u8>>> {
    let own = |spec: &app::ParserSpec| {
        let captured = payloads.iter().filter(|payload| is_of(spec, payload)).cloned();
        captured.chain(seeds(spec.protocol.as_str())).collect::<Vec<_>>()
    };
    let mut samples: Vec<_> = PARSERS.iter().map(own).collect();
    let most: Vec<_> = samples.iter().map(|own| own.len() + SAMPLES).collect();
    for path in captures(&top().join("../shared/data/suricata-verify-dev")) {
        for payload in frames_of(&path).iter().map(|frame| payload_of(frame)).filter(|payload| payload.len() > 3) {
            for (place, spec) in PARSERS.iter().enumerate() {
                if samples[place].len() < most[place] && is_of(spec, &payload) {
                    samples[place].push(payload.clone());
                }
            }
        }
    }
    samples
}

/// Flips, replaces, cuts, repeats.
fn mutate(bytes: &mut Vec<u8>, random: &mut Random) {
    for _ in 0..=random.below(6) {
        if bytes.is_empty() {
            return;
        }
        let at = random.below(bytes.len());
        match random.below(6) {
            0 => bytes[at] ^= 1 << random.below(8),
            1 => bytes[at] = [0, 1, 0x7f, 0x80, 0xff][random.below(5)],
            2 => bytes.truncate(at),
            3 => {
                let end = (at + random.below(64)).min(bytes.len());
                let part = bytes[at..end].to_vec();
                bytes.splice(at..at, part);
            }
            4 => {
                let end = (at + random.below(16)).min(bytes.len());
                bytes.drain(at..end);
            }
            _ => bytes[at] = u8::try_from(random.next() & 0xff).unwrap(),
        }
    }
    bytes.truncate(16 << 10);
}

fn wanted() -> usize {
    std::env::var("FENGSUI_MUTATIONS").ok().and_then(|text| text.parse().ok()).unwrap_or(2_000)
}

/// An input may cost this much at most, on a machine that does other things too.
const PATIENCE: Duration = Duration::from_secs(5);

#[test]
fn decoding_and_defragmentation_survive_mutated_packets() {
    let (frames, settings) = (frames(), DecodeSettings::default());
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut defragmenter = Defragmenter::new(DefragSettings::default());
    for _ in 0..wanted() {
        let mut frame = frames[random.below(frames.len())].clone();
        mutate(&mut frame, &mut random);
        let start = Instant::now();
        for link in [LinkLayer::Ethernet, LinkLayer::Raw, LinkLayer::Ppp, LinkLayer::Sll] {
            let mut decoded = decode(&frame, link, &settings);
            if decoded.ip.as_ref().is_some_and(|ip| ip.fragment.is_some()) {
                let _ = defragmenter.add(Timestamp::EPOCH, &decoded, None);
            }
            while let Some(tunnel) = decoded.tunnel {
                decoded = tunnel.decode(&settings);
            }
        }
        assert!(start.elapsed() < PATIENCE, "{frame:02x?}");
    }
    eprintln!("decoding and defragmentation: {} frames", wanted());
}

#[test]
fn every_parser_survives_mutated_payloads() {
    let frames = frames();
    let settings = AppSettings::default();
    let payloads: Vec<_> = frames.iter().map(|frame| payload_of(frame)).filter(|payload| payload.len() > 3).collect();
    for (spec, own) in PARSERS.iter().zip(samples(&payloads)) {
        assert!(!own.is_empty(), "{} has no samples", spec.protocol);
        let mut random = Random(0x2545_f491_4f6c_dd1d);
        let (mut fed, begun) = (0, Instant::now());
        while fed < wanted() {
            let mut parser = (spec.create)(spec.transports[0]);
            let (mut transactions, mut events) = (Transactions::default(), Vec::new());
            for _ in 0..=random.below(8) {
                let all = if random.below(8) == 0 { &payloads } else { &own };
                let sample = &all[random.below(all.len())];
                let mut bytes = sample.clone();
                if random.below(4) > 0 {
                    mutate(&mut bytes, &mut random);
                }
                let direction = [Direction::ToServer, Direction::ToClient][random.below(2)];
                let input = match random.below(24) {
                    0 => Input::Gap(random.next() % 100_000),
                    1 => Input::End,
                    _ => Input::Data(&bytes),
                };
                let start = Instant::now();
                let mut context = Context::new(Timestamp::EPOCH, &settings, &mut transactions, &mut events);
                parser.parse(direction, input, &mut context);
                assert!(start.elapsed() < PATIENCE, "{}: {bytes:02x?}", spec.protocol.as_str());
                fed += 1;
            }
        }
        eprintln!(
            "{:15} {fed} inputs in {:.1} s, {} samples of its own",
            spec.protocol,
            begun.elapsed().as_secs_f64(),
            own.len()
        );
    }
}

fn is_of(spec: &app::ParserSpec, payload: &[u8]) -> bool {
    [Direction::ToServer, Direction::ToClient].into_iter().any(|direction| {
        let probe = Probe {
            data: payload,
            direction,
            transport: spec.transports[0],
            port_matches: true,
            server_port: spec.ports.first().copied().unwrap_or(0),
        };
        (spec.probe)(&probe) == Verdict::Yes
    })
}
