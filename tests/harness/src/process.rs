//! Programs under test.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

/// What a program that ended left behind.
#[derive(Debug)]
pub struct Finished {
    /// Exit code; -1 when a signal ended it.
    pub code: i32,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

/// Runs a program to its end in a folder.
///
/// # Errors
/// When it can't be started.
pub fn run(program: &Path, arguments: &[&str], folder: &Path) -> anyhow::Result<Finished> {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .output()
        .with_context(|| format!("{} did not start", program.display()))?;
    Ok(Finished {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}

/// A program that goes on; it is killed when this is dropped.
#[derive(Debug)]
pub struct Running {
    child: Child,
}

impl Running {
    /// Starts a program; its standard error goes to a file.
    ///
    /// # Errors
    /// When it can't be started.
    pub fn start(program: &Path, arguments: &[&str], folder: &Path, log: &Path) -> anyhow::Result<Self> {
        let log = std::fs::File::create(log)?;
        let child = Command::new(program)
            .args(arguments)
            .current_dir(folder)
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .with_context(|| format!("{} did not start", program.display()))?;
        Ok(Self { child })
    }

    /// Asks the program to stop as Ctrl-C does and waits for its exit code.
    ///
    /// # Errors
    /// When it has not ended within the time.
    pub fn interrupt(mut self, within: Duration) -> anyhow::Result<i32> {
        Command::new("kill").args(["-INT", &self.child.id().to_string()]).status()?;
        let end = Instant::now() + within;
        while Instant::now() < end {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status.code().unwrap_or(-1));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        bail!("the program did not end within {} s", within.as_secs())
    }

    /// Kills the program at once, as a crash would.
    ///
    /// # Errors
    /// When it can't be killed.
    pub fn kill(mut self) -> anyhow::Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Number of the process.
    #[must_use]
    pub fn number(&self) -> u32 {
        self.child.id()
    }

    /// The exit code, when it has ended by itself.
    ///
    /// # Errors
    /// When the system can't tell.
    pub fn ended(&mut self) -> anyhow::Result<Option<i32>> {
        Ok(self.child.try_wait()?.map(|status| status.code().unwrap_or(-1)))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
