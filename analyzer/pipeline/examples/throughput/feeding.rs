//! The sender: a process of its own, so that what is measured is the analyzer alone. It writes lines of EVE into a local socket,
//! as Suricata does, and tells on its output when it sent which marked attack.

use std::io::{BufRead, BufReader, BufWriter, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use fengsui_schema::{Clock as _, Timestamp};

use crate::events::Generator;
use crate::{Options, SystemClock};

/// Events written in one go.
const GROUP: u64 = 250;

/// Events that may be under way when the analyzer sets the pace.
const AHEAD: u64 = 20_000;

/// Pause between two marked attacks.
const MARK_EVERY: Duration = Duration::from_millis(500);

/// What was sent: events, bytes, and when each marked attack was.
#[derive(Debug, Default)]
pub(crate) struct Fed {
    pub(crate) events: u64,
    pub(crate) bytes: u64,
    pub(crate) marks: Vec<(String, Timestamp)>,
}

/// Starts the sender.
pub(crate) fn start(options: &Options, socket: &Path) -> anyhow::Result<Child> {
    let number = |number: u64| number.to_string();
    Command::new(std::env::current_exe()?)
        .args(["--send-to".as_ref(), socket.as_os_str()])
        .args(["--seconds", &number(options.seconds), "--rate", &number(options.rate)])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("start the sender")
}

/// Follows the sender to its end, and tells it how much was taken.
pub(crate) fn follow(child: &mut Child, taken: Arc<dyn Fn() -> u64 + Send + Sync>) -> anyhow::Result<Fed> {
    let (mut input, output) = (child.stdin.take().context("no input")?, child.stdout.take().context("no output")?);
    // Ends when the sender does, as nobody reads any more.
    std::thread::spawn(move || {
        while writeln!(input, "{}", taken()).is_ok() {
            std::thread::sleep(Duration::from_millis(5));
        }
    });
    let mut fed = Fed::default();
    for line in BufReader::new(output).lines() {
        let line = line?;
        match line.split(' ').collect::<Vec<_>>().as_slice() {
            ["mark", name, time] => fed.marks.push(((*name).to_owned(), Timestamp::from_nanos(time.parse()?))),
            ["sent", events, bytes] => (fed.events, fed.bytes) = (events.parse()?, bytes.parse()?),
            _ => anyhow::bail!("the sender says {line}"),
        }
    }
    anyhow::ensure!(child.wait()?.success(), "the sender failed");
    Ok(fed)
}

/// The sender itself.
pub(crate) fn send(options: &Options, socket: &Path) -> anyhow::Result<()> {
    let taken = Arc::new(AtomicU64::new(0));
    let heard = Arc::clone(&taken);
    std::thread::spawn(move || {
        for line in std::io::stdin().lines().map_while(Result::ok) {
            heard.store(line.parse().unwrap_or(0), Ordering::Relaxed);
        }
    });
    let mut to = BufWriter::with_capacity(256 * 1024, UnixStream::connect(socket)?);
    let (mut generator, mut events, mut bytes) = (Generator::new(), 0, 0);
    let (begin, mut next_mark) = (Instant::now(), Duration::from_secs(2));
    while begin.elapsed().as_secs() < options.seconds {
        let now = SystemClock.now();
        let mut group: Vec<String> = (0..GROUP).map(|_| generator.event(now)).collect();
        if begin.elapsed() >= next_mark {
            let (mark, records) = generator.attack(now);
            group.extend(records);
            println!("mark {mark} {}", now.as_nanos());
            next_mark += MARK_EVERY;
        }
        for line in &group {
            writeln!(to, "{line}")?;
            bytes += line.len();
        }
        to.flush()?;
        events += group.len() as u64;
        if options.rate > 0 {
            let due = Duration::from_secs_f64(events as f64 / options.rate as f64);
            std::thread::sleep(due.saturating_sub(begin.elapsed()));
        } else {
            // As fast as events are taken: the spool is not the bottleneck, so that it needs a brake.
            while events > taken.load(Ordering::Relaxed) + AHEAD {
                std::thread::sleep(Duration::from_millis(5));
            }
        }
    }
    println!("sent {events} {bytes}");
    Ok(())
}
