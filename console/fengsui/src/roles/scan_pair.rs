//! The two processes that keep scan workers for a sensor that may start no program any more.
//!
//! Both read orders from one socket of the sensor's. An order is a token of random bytes: who reads it connects to the socket
//! that the sensor listens on, says the token, and keeps a worker for whoever is at the other end, in a thread. The two have
//! a connection to each other, and who sees it end starts the other one again. So killing one leaves one that brings it
//! back, and the sensor orders new connections in the place of those that ended. Both end with the sensor.

use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context;
use fengsui_crypto::random_bytes;
use fengsui_files::limits::SCAN_LOAD_CPU_SECONDS;
use fengsui_files::{FilesError, HelperCounts, Helpers, KeeperLink, Keepers, keep, pause};

use super::scan_worker::{PROGRAM, keeper_sandbox, worker};
use crate::hardening::Network;
use crate::settings::ConfinementSettings;
use crate::terminal::tell;

/// Bytes of a token.
const TOKEN_BYTES: usize = 16;
/// Times an order is given: one may have been read by a keeper that was killed over it.
const ORDERS: u32 = 5;
/// How long an order may take.
const ORDER_WITHIN: Duration = Duration::from_secs(1);
/// How long whoever connects may take to say the token.
const INTRODUCTION: Duration = Duration::from_millis(200);
/// How often a keeper looks after the other one.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// A keeper that lived so long is no longer counted among those that died in a row.
const STEADY: Duration = Duration::from_secs(10);

/// What one of the two is told on its command line. Orders come on standard input; standard output is the connection to
/// the other one.
#[derive(Debug, Clone)]
pub(crate) struct PairJob {
    /// Name of the sensor's listening socket.
    pub(crate) name: String,
    /// User to become.
    pub(crate) user: String,
    /// Where systemd starts keepers; then this one only passes on what goes there.
    pub(crate) socket: Option<PathBuf>,
    /// The other one started it, and it has inherited everything that was given up.
    pub(crate) again: bool,
}

impl PairJob {
    fn command(&self, again: bool, orders: UnixStream, other: UnixStream) -> Command {
        let mut command = Command::new(PROGRAM);
        command.args(["scan-worker", "--pair", &self.name, "--user", &self.user]).env_clear();
        if let Some(socket) = &self.socket {
            command.arg("--socket").arg(socket);
        }
        if again {
            command.arg("--again");
        }
        command.stdin(Stdio::from(OwnedFd::from(orders))).stdout(Stdio::from(OwnedFd::from(other)));
        command
    }
}

/// The sensor's side.
#[derive(Debug)]
struct Pair {
    processes: Vec<Child>,
    /// `None` only at the end.
    orders: Option<UnixStream>,
    listener: UnixListener,
    /// How many of the two were started again.
    restarts: u64,
    /// Both have ended, so that nobody is left to start one.
    gone: bool,
}

/// One pair for all scan threads.
#[derive(Debug, Clone)]
pub(super) struct SharedPair {
    pair: Arc<Mutex<Pair>>,
    /// What was last seen of the two: who asks does not wait for an order that is being given.
    seen: Arc<Mutex<HelperCounts>>,
}

impl SharedPair {
    /// Starts the two. Call before the process confines itself.
    pub(super) fn start(settings: &ConfinementSettings) -> io::Result<Self> {
        // Whoever reads the name from a list of sockets still lacks the token.
        let name = format!("fengsui-scan-{}", hex(&random_bytes::<TOKEN_BYTES>().map_err(io::Error::other)?));
        let listener = UnixListener::bind_addr(&SocketAddr::from_abstract_name(&name)?)?;
        listener.set_nonblocking(true)?;
        let (orders, read) = UnixStream::pair()?;
        orders.set_nonblocking(true)?;
        let (user, socket) = (settings.user.clone(), settings.scan_socket.clone());
        let job = PairJob { name, user, socket, again: false };
        let (one, other) = UnixStream::pair()?;
        // A signal from the terminal ends the sensor; they end with it, once it has done with them.
        let start = |end| job.command(false, read.try_clone()?, end).process_group(0).spawn();
        let mut pair = Pair { processes: vec![start(one)?], orders: Some(orders), listener, restarts: 0, gone: false };
        pair.processes.push(start(other)?);
        Ok(Self { pair: Arc::new(Mutex::new(pair)), seen: Arc::default() })
    }

    /// Whether both have ended: killed at once, so that neither could start the other one again.
    pub(super) fn is_gone(&self) -> bool {
        self.counts().gone > 0
    }
}

impl Helpers for SharedPair {
    fn counts(&self) -> HelperCounts {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if let Ok(mut pair) = self.pair.try_lock() {
            pair.look();
            *seen = HelperCounts { restarted: pair.restarts, gone: u64::from(pair.gone) };
        }
        *seen
    }
}

impl Keepers for SharedPair {
    fn next(&mut self) -> Result<KeeperLink, FilesError> {
        self.pair.lock().unwrap_or_else(PoisonError::into_inner).order().map_err(FilesError::Worker)
    }
}

impl Pair {
    fn order(&mut self) -> io::Result<KeeperLink> {
        let token = random_bytes::<TOKEN_BYTES>().map_err(io::Error::other)?;
        for _ in 0..ORDERS {
            self.orders.as_mut().ok_or(ErrorKind::BrokenPipe)?.write_all(&token)?;
            if let Some(link) = self.accept(token)? {
                return Ok(link);
            }
        }
        Err(io::Error::new(ErrorKind::TimedOut, "no keeper came"))
    }

    fn accept(&self, token: [u8; TOKEN_BYTES]) -> io::Result<Option<KeeperLink>> {
        let end = Instant::now() + ORDER_WITHIN;
        while Instant::now() < end {
            match self.listener.accept() {
                Ok((stream, _)) => {
                    if let Some(link) = introduced(stream, token) {
                        return Ok(Some(link));
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => std::thread::sleep(Duration::from_millis(2)),
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }

    /// Reads what they tell: a byte for each that was started again, the end when nobody is left. Whoever of them was
    /// killed is let go.
    fn look(&mut self) {
        self.processes.retain_mut(|process| matches!(process.try_wait(), Ok(None)));
        let mut told = [0; 64];
        match self.orders.as_mut().map(|orders| orders.read(&mut told)) {
            Some(Ok(0)) => self.gone = true,
            Some(Ok(count)) => self.restarts += count as u64,
            Some(Err(error)) => self.gone |= error.kind() == ErrorKind::ConnectionReset,
            None => {}
        }
    }
}

impl Drop for Pair {
    fn drop(&mut self) {
        self.orders = None;
        for process in &mut self.processes {
            let _ = process.wait();
        }
    }
}

/// Whoever says the token was ordered.
fn introduced(mut stream: UnixStream, token: [u8; TOKEN_BYTES]) -> Option<KeeperLink> {
    let mut said = [0; TOKEN_BYTES];
    stream.set_read_timeout(Some(INTRODUCTION)).ok()?;
    stream.read_exact(&mut said).ok()?;
    stream.set_read_timeout(None).ok()?;
    let other = stream.try_clone().ok()?;
    (said == token).then(|| KeeperLink::over(Box::new(stream), Box::new(other)))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Keeps workers for a sensor until it is gone.
///
/// # Errors
/// When the confinement can't be entered, or orders can't be read.
pub(crate) fn run_keeper_of_pair(job: &PairJob) -> anyhow::Result<()> {
    if !job.again {
        keeper_sandbox(&job.user, Network::Local)?.enter()?;
    }
    let orders = inherited(io::stdin().as_fd()).context("orders can't be read")?;
    orders.set_read_timeout(Some(LOOK_EVERY))?;
    let link = inherited(io::stdout().as_fd()).context("the other keeper can't be seen")?;
    link.set_nonblocking(true)?;
    let other = Other { link, process: None, started: Instant::now(), failures: 0 };
    Keeping { job, orders, other }.serve()
}

fn inherited(descriptor: BorrowedFd<'_>) -> io::Result<UnixStream> {
    Ok(descriptor.try_clone_to_owned()?.into())
}

/// The other one.
struct Other {
    /// Nothing is said over it; it ends with the other one.
    link: UnixStream,
    /// When this one started it.
    process: Option<Child>,
    started: Instant,
    /// How many died in a row.
    failures: u32,
}

impl Other {
    fn lives(&mut self) -> bool {
        self.link
            .read(&mut [0])
            .is_err_and(|error| matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted))
    }

    /// Leaves no process behind without a name.
    fn let_go(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

struct Keeping<'a> {
    job: &'a PairJob,
    orders: UnixStream,
    other: Other,
}

impl Keeping<'_> {
    fn serve(mut self) -> anyhow::Result<()> {
        let mut token = [0; TOKEN_BYTES];
        loop {
            match self.orders.read(&mut token) {
                Ok(TOKEN_BYTES) => {
                    if let Err(error) = self.keep(token) {
                        tell(format_args!("a scan worker can't be kept: {error}"));
                    }
                }
                // The sensor is gone.
                Ok(_) => return Ok(()),
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
                Err(error) => return Err(error).context("orders can't be read"),
            }
            self.look_after_other();
        }
    }

    fn look_after_other(&mut self) {
        let lived = self.other.started.elapsed();
        if self.other.lives() || lived < pause(self.other.failures) {
            return;
        }
        self.other.let_go();
        self.other.failures = if lived > STEADY { 1 } else { self.other.failures.saturating_add(1) };
        self.other.started = Instant::now();
        match self.start_other() {
            Ok(()) => {
                tell("a keeper of scan workers was lost; the other one has started it again");
                // A sensor that does not read has its count full, and is told above.
                let _ = self.orders.write(&[1]);
            }
            Err(error) => tell(format_args!("a keeper of scan workers was lost and can't be started: {error}")),
        }
    }

    fn start_other(&mut self) -> io::Result<()> {
        let (link, end) = UnixStream::pair()?;
        link.set_nonblocking(true)?;
        let process = self.job.command(true, self.orders.try_clone()?, end).spawn()?;
        (self.other.link, self.other.process) = (link, Some(process));
        Ok(())
    }

    /// Connects to the sensor and keeps a worker for it.
    fn keep(&self, token: [u8; TOKEN_BYTES]) -> io::Result<()> {
        let mut stream = UnixStream::connect_addr(&SocketAddr::from_abstract_name(&self.job.name)?)?;
        stream.write_all(&token)?;
        if let Some(path) = &self.job.socket {
            return join(stream, UnixStream::connect(path)?);
        }
        let mut output = stream.try_clone()?;
        let kept = move || {
            if let Err(error) = keep(stream, &mut output, || worker(SCAN_LOAD_CPU_SECONDS)) {
                tell(format_args!("a scan worker is no longer kept: {error}"));
            }
        };
        std::thread::Builder::new().name("keeper".to_owned()).spawn(kept).map(|_| ())
    }
}

/// Passes bytes on between a sensor and a keeper that systemd started; when one side ends, the other one is told.
fn join(sensor: UnixStream, keeper: UnixStream) -> io::Result<()> {
    for (mut from, mut to) in [(sensor.try_clone()?, keeper.try_clone()?), (keeper, sensor)] {
        std::thread::Builder::new().name("join".to_owned()).spawn(move || {
            let _ = io::copy(&mut from, &mut to);
            let _ = to.shutdown(std::net::Shutdown::Both);
            let _ = from.shutdown(std::net::Shutdown::Both);
        })?;
    }
    Ok(())
}
