//! Who a process becomes when it was started by root.

use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;

use anyhow::{Context, ensure};

/// A user and their group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Identity {
    user: u32,
    group: u32,
}

impl Identity {
    /// The user to become, by name or number; `None` when this process was not started by root and is somebody already.
    ///
    /// # Errors
    /// When there is no such user, or it is root.
    pub(crate) fn to_become(name: &str) -> anyhow::Result<Option<Self>> {
        if !is_root()? {
            return Ok(None);
        }
        let users = std::fs::read_to_string("/etc/passwd").context("/etc/passwd can't be read")?;
        let found = Self::of(name, &users);
        found.map(Some).with_context(|| {
            let name = fengsui_schema::shown(name);
            format!("confinement.user = {name} is no user of this system but root; make one or name another")
        })
    }

    /// Looks a user up in the lines of `passwd(5)`.
    fn of(name: &str, users: &str) -> Option<Self> {
        let fields = users.lines().map(|line| line.split(':').collect::<Vec<_>>());
        let mut named = fields.filter(|fields| fields.len() >= 4 && (fields[0] == name || fields[2] == name));
        let fields = named.next()?;
        let identity = Self { user: fields[2].parse().ok()?, group: fields[3].parse().ok()? };
        (identity.user != 0).then_some(identity)
    }

    /// Makes a folder and what is below it this user's. What has another name elsewhere as well stays what it is: whoever
    /// was this user before may have put a link there.
    ///
    /// # Errors
    /// When the owner can't be changed.
    pub(crate) fn own(self, folder: &Path) -> anyhow::Result<()> {
        let give = |path: &Path| {
            self.take(path).with_context(|| format!("{} can't be given to user {}", path.display(), self.user))
        };
        give(folder)?;
        for entry in std::fs::read_dir(folder)? {
            let entry = entry?;
            let (kind, path) = (entry.file_type()?, entry.path());
            if kind.is_dir() {
                self.own(&path)?;
            } else if kind.is_file() {
                give(&path)?;
            }
        }
        Ok(())
    }

    /// Changes the owner of what is open, so that it is what was looked at.
    fn take(self, path: &Path) -> std::io::Result<()> {
        let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_CLOEXEC;
        let file = std::fs::OpenOptions::new().read(true).custom_flags(flags).open(path)?;
        let found = file.metadata()?;
        if found.is_file() && found.nlink() > 1 {
            tracing::warn!(path = %path.display(), "has a second name elsewhere and keeps its owner");
            return Ok(());
        }
        std::os::unix::fs::fchown(&file, Some(self.user), Some(self.group))
    }

    /// Becomes this user. Only this thread and what it starts from now on do, so it has to be the only one.
    pub(super) fn become_it(self) -> anyhow::Result<()> {
        let threads = std::fs::read_dir("/proc/self/task").context("threads can't be counted")?.count();
        ensure!(threads == 1, "{threads} threads run already; the others would stay root");
        capctl::cap_set_ids(Some(self.user), Some(self.group), Some(&[self.group]))
            .with_context(|| format!("the process can't become user {}", self.user))
    }
}

/// Whether this process is root, by the effective user in `proc(5)`.
fn is_root() -> anyhow::Result<bool> {
    let status = std::fs::read_to_string("/proc/self/status").context("/proc/self/status can't be read")?;
    let users = status.lines().find_map(|line| line.strip_prefix("Uid:")).context("it names no user")?;
    Ok(users.split_whitespace().nth(1) == Some("0"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_given_away_and_what_is_linked_into_it_is_not() {
        if !is_root().expect("reads") {
            eprintln!("only root can give files away: not checked");
            return;
        }
        let folder = tempfile::tempdir().expect("folder");
        let at = |name: &str| folder.path().join(name);
        std::fs::create_dir_all(at("own/below")).expect("makes");
        for name in ["own/below/file", "linked", "pointed"] {
            std::fs::write(at(name), b"x").expect("writes");
        }
        std::fs::hard_link(at("linked"), at("own/hard")).expect("links");
        std::os::unix::fs::symlink(at("pointed"), at("own/soft")).expect("links");
        Identity { user: 65534, group: 65534 }.own(&at("own")).expect("gives");
        let owner = |name: &str| std::fs::metadata(at(name)).expect("is there").uid();
        assert_eq!(["own", "own/below", "own/below/file"].map(owner), [65534; 3]);
        assert_eq!(["linked", "pointed"].map(owner), [0; 2]);
    }

    #[test]
    fn users_are_found_by_name_and_number_and_root_is_none() {
        let users = "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65533:nobody:/:/usr/sbin/nologin\nbroken:x\n";
        let nobody = Some(Identity { user: 65534, group: 65533 });
        assert_eq!(Identity::of("nobody", users), nobody);
        assert_eq!(Identity::of("65534", users), nobody);
        for name in ["root", "0", "broken", "somebody", ""] {
            assert_eq!(Identity::of(name, users), None, "{name}");
        }
    }
}
