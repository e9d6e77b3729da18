//! Data protection on the command line, run as a steward would run it.
#![allow(clippy::expect_used, clippy::panic)]

mod graded;
mod masked;
mod scanned;
mod shared;

use std::path::{Path, PathBuf};

use fengsui_dlp_gateway::table::Table;
use fengsui_harness::{Finished, run};

/// A folder of a steward's files; commands run in it.
struct Desk(tempfile::TempDir);

impl Desk {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("folder"))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).expect("written");
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).expect("read")
    }

    fn table(&self, name: &str) -> Table {
        Table::read(&self.path(name)).expect("a table")
    }

    fn write_and_read(&self, name: &str, text: &str) -> Table {
        self.write(name, text);
        self.table(name)
    }

    /// Names of the files, those that are hidden too.
    fn files(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.0.path()).expect("folder");
        let mut names: Vec<String> =
            entries.map(|entry| entry.expect("entry").file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    /// `fengsui dlp …` with words parted by spaces.
    fn dlp(&self, arguments: &str) -> Finished {
        let words: Vec<&str> = std::iter::once("dlp").chain(arguments.split(' ')).collect();
        run(Path::new(env!("CARGO_BIN_EXE_fengsui")), &words, self.0.path()).expect("starts")
    }

    /// The same, which must end with a code.
    fn ends(&self, code: i32, arguments: &str) -> Finished {
        let finished = self.dlp(arguments);
        assert_eq!(finished.code, code, "{arguments}: {}{}", finished.out, finished.err);
        finished
    }

    /// The same, which must fail and say all of these.
    fn fails(&self, arguments: &str, says: &[&str]) {
        let finished = self.ends(2, arguments);
        for part in says {
            assert!(finished.err.contains(part), "{arguments}: no {part} in {}", finished.err);
        }
        assert!(!finished.err.contains("panicked"), "{}", finished.err);
    }
}

/// People that are nobody's, with valid check characters.
fn people(rows: u32) -> String {
    let weights = [7_u32, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let row = |row: u32| {
        let body = format!("620102{}{:02}{:02}{:03}", 1950 + row % 50, row % 12 + 1, row % 28 + 1, row / 7 % 1000);
        let sum: u32 = body.bytes().zip(weights).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
        let check = char::from(b"10X98765432"[(sum % 11) as usize]);
        let mixed = row.wrapping_mul(2_654_435_761);
        let name = ["王秀英", "马文忠", "李强", "张敏", "刘洋"][(mixed >> 8) as usize % 5];
        format!("{row},{name},{body}{check},138{:08},{}.{:02}\n", mixed % 100_000_000, mixed % 10_007, mixed % 100)
    };
    let rows: String = (0..rows).map(row).collect();
    format!("编号,姓名,证件号,手机号,金额\n{rows}")
}

const COMMANDS: [&str; 12] =
    ["scan", "classify", "mask", "reveal", "risk", "release", "mark", "trace", "ledger list", "register", "screen", ""];

#[test]
fn every_command_explains_itself_with_an_example() {
    let desk = Desk::new();
    for command in COMMANDS {
        let help = desk.ends(0, format!("{command} --help").trim_start());
        assert!(command.is_empty() || help.out.contains("Example"), "{command}: {}", help.out);
        assert!(command.is_empty() || help.out.contains(&format!("fengsui dlp {command}")), "{}", help.out);
    }
    assert!(desk.files().is_empty(), "help leaves nothing behind");
}
