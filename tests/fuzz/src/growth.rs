//! Work grows with the input and not faster: twice the bytes cost at most 2.3 times the instructions.
//!
//! Instructions are counted by callgrind, so that it does not matter what else the machine does. `FENGSUI_DOUBLING_BYTES`
//! sets the smaller size. Without valgrind a check says so and checks nothing.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stderr,
    reason = "a check that can't go on has failed"
)]

use std::path::Path;
use std::process::Command;
use std::rc::Rc;

/// Instructions of twice the input, in hundredths of those of the input.
const LIMIT_PERCENT: u64 = 230;
/// The function whose calls are counted, by its full name: with a pattern callgrind counts and does not dump.
const FUNCTION: &str = "fengsui_fuzz::growth::counted_by_callgrind";
/// Set for the run that is counted.
const COUNTED: &str = "FENGSUI_COUNTED";
/// A case that costs fewer instructions for each byte only passes its input by; there copying a line that waits shows.
const IDLE_INSTRUCTIONS_PER_BYTE: u64 = 16;

/// What is done once its input is there.
type Work = Box<dyn FnOnce()>;

/// Something that is done with an input of a size in bytes.
pub struct Case {
    name: String,
    /// Makes the input, which is not counted, and gives back what is.
    prepare: Box<dyn Fn(usize) -> Work>,
}

impl Case {
    /// A case by its name in the report.
    pub fn new(name: String, work: impl Fn(usize) + 'static) -> Self {
        let work = Rc::new(work);
        let prepare = move |size: usize| -> Work {
            let work = Rc::clone(&work);
            Box::new(move || work(size))
        };
        Self { name, prepare: Box::new(prepare) }
    }

    /// A case whose input costs work of its own to make, which is not counted: a whole archive or office document.
    pub fn over(name: String, make: impl Fn(usize) -> Vec<u8> + 'static, read: fn(&[u8])) -> Self {
        let prepare = move |size: usize| -> Work {
            let input = make(size);
            Box::new(move || read(&input))
        };
        Self { name, prepare: Box::new(prepare) }
    }
}

/// A text again and again, cut at a size.
#[must_use]
pub fn repeated(unit: &[u8], size: usize) -> Vec<u8> {
    unit.iter().copied().cycle().take(size).collect()
}

fn bytes() -> usize {
    std::env::var("FENGSUI_DOUBLING_BYTES").ok().and_then(|text| text.parse().ok()).unwrap_or(16 << 10)
}

/// What callgrind counts: the name is known to it.
#[inline(never)]
fn counted_by_callgrind(work: Work) {
    std::hint::black_box(work)();
}

/// Runs every case in both sizes, to be counted.
fn run(cases: &[Case]) {
    for case in cases {
        // What is made once (tables, compiled expressions) is made before.
        (case.prepare)(64)();
        for size in [bytes(), 2 * bytes()] {
            let work = (case.prepare)(size);
            counted_by_callgrind(work);
        }
    }
}

/// Checks every case. `test` is the full name of the test that calls it: the program runs that test again, counted.
///
/// # Panics
/// When the work of a case grows faster than its input.
pub fn check(test: &str, cases: &[Case]) {
    if std::env::var_os(COUNTED).is_some() {
        return run(cases);
    }
    let folder = tempfile::tempdir().unwrap();
    let Some(counts) = instructions(test, folder.path()) else {
        eprintln!("valgrind is not installed (tests/harness/install.sh test): the growth of work is not checked");
        return;
    };
    assert_eq!(counts.len(), 2 * cases.len(), "callgrind counts every case twice");
    let mut problems = Vec::new();
    for (case, counts) in cases.iter().zip(counts.chunks_exact(2)) {
        eprintln!("{:40} {:>12} {:>12}", case.name, counts[0], counts[1]);
        if counts[1] > IDLE_INSTRUCTIONS_PER_BYTE * 2 * bytes() as u64 && counts[1] * 100 > counts[0] * LIMIT_PERCENT {
            problems.push(format!("{}: {} instructions, then {}", case.name, counts[0], counts[1]));
        }
    }
    assert!(problems.is_empty(), "work grows faster than the input:\n{}", problems.join("\n"));
}

/// Instructions of each counted call, in turn; none without valgrind.
fn instructions(test: &str, folder: &Path) -> Option<Vec<u64>> {
    let output = Command::new("valgrind")
        .arg("--tool=callgrind")
        .arg(format!("--toggle-collect={FUNCTION}"))
        .arg(format!("--dump-after={FUNCTION}"))
        .arg(format!("--callgrind-out-file={}", folder.join("out").display()))
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", test, "--test-threads=1"])
        .env(COUNTED, "1")
        .output()
        .ok()?;
    let said = [&output.stdout[..], &output.stderr].concat();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&said));
    let mut dumps = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let number = path.extension().and_then(|number| number.to_string_lossy().parse::<u64>().ok());
        let Some(number) = number else { continue };
        let text = std::fs::read_to_string(&path).unwrap();
        let total = text.lines().find_map(|line| line.strip_prefix("totals: ")).unwrap_or("0");
        dumps.push((number, total.trim().parse::<u64>().unwrap()));
    }
    dumps.sort_unstable();
    // The last dump is that of the end of the program, which has counted nothing.
    Some(dumps.into_iter().map(|dump| dump.1).filter(|total| *total > 0).collect())
}
