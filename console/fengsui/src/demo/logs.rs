//! Plays recorded server logs: appends their lines to files that the analyzer follows, with today's times.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context;
use jiff::Zoned;

/// A recorded log and how its lines carry their time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RecordedLog {
    /// File below the folder of logs.
    pub(crate) file: &'static str,
    /// Name of the parser.
    pub(crate) source: &'static str,
    /// The capture it was recorded with; the lines are played when the capture is.
    pub(crate) capture: &'static str,
    stamp: Stamp,
}

/// Where the time stands in a line.
#[derive(Debug, Clone, Copy)]
enum Stamp {
    /// `<86>Nov 22 21:05:27 host …` (RFC 3164).
    Syslog,
    /// `… [22/Nov/2026:21:01:11 +0000] …` (access logs).
    Access,
}

/// The logs that were recorded together with captures.
pub(crate) const LOGS: &[RecordedLog] = &[
    RecordedLog { file: "web-attack.nginx.log", source: "web_access", capture: "web-attack", stamp: Stamp::Access },
    RecordedLog { file: "ssh-bruteforce.sshd.log", source: "syslog", capture: "ssh-bruteforce", stamp: Stamp::Syslog },
];

impl RecordedLog {
    /// The file the analyzer follows.
    pub(crate) fn followed(&self, data: &Path) -> PathBuf {
        data.join("logs").join(self.file)
    }

    /// Appends the recorded lines to the followed file, all with the present time.
    ///
    /// # Errors
    /// When the recording can't be read or the followed file not written.
    pub(crate) fn play(&self, recordings: &Path, data: &Path) -> anyhow::Result<()> {
        let path = recordings.join(self.file);
        let text = std::fs::read_to_string(&path).with_context(|| format!("log {} can't be read", path.display()))?;
        let now = Zoned::now().with_time_zone(jiff::tz::TimeZone::UTC);
        let mut out = open(&self.followed(data))?;
        for line in text.lines() {
            writeln!(out, "{}", self.stamp.renewed(line, &now)).context("the followed log can't be written")?;
        }
        Ok(())
    }
}

/// Makes the followed file, so that following can begin before the first line.
///
/// # Errors
/// When it can't be made.
pub(crate) fn open(path: &Path) -> anyhow::Result<File> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).with_context(|| format!("{} can't be made", folder.display()))?;
    }
    OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .with_context(|| format!("{} can't be written", path.display()))
}

impl Stamp {
    /// The line with another time; a line without one stays as it is.
    fn renewed(self, line: &str, now: &Zoned) -> String {
        self.place(line).map_or_else(
            || line.to_owned(),
            |(start, end)| format!("{}{}{}", &line[..start], self.text(now), &line[end..]),
        )
    }

    fn place(self, line: &str) -> Option<(usize, usize)> {
        match self {
            Self::Syslog => {
                let start = line.find('>')? + 1;
                line.get(start..start + 15).map(|_| (start, start + 15))
            }
            Self::Access => {
                let start = line.find('[')? + 1;
                line[start..].find(']').map(|length| (start, start + length))
            }
        }
    }

    fn text(self, now: &Zoned) -> String {
        match self {
            Self::Syslog => now.strftime("%b %e %H:%M:%S").to_string(),
            Self::Access => now.strftime("%d/%b/%Y:%H:%M:%S +0000").to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment() -> Zoned {
        "2026-01-05T08:09:10[UTC]".parse().expect("is a time")
    }

    #[test]
    fn times_are_renewed_where_they_stand() {
        let line = "<86>Nov 22 21:05:27 ssh sshd[22]: Accepted password";
        assert_eq!(Stamp::Syslog.renewed(line, &moment()), "<86>Jan  5 08:09:10 ssh sshd[22]: Accepted password");
        let line = "198.51.100.23 - - [22/Nov/2026:21:01:11 +0000] \"GET / HTTP/1.1\" 200";
        assert_eq!(
            Stamp::Access.renewed(line, &moment()),
            "198.51.100.23 - - [05/Jan/2026:08:09:10 +0000] \"GET / HTTP/1.1\" 200"
        );
        assert_eq!(Stamp::Access.renewed("no time", &moment()), "no time");
    }
}
