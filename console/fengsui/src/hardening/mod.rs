//! What a process gives up once it has what it needs: capabilities, files, system calls. From then on whoever takes it
//! over through a parser can read its data folder and little else.
//!
//! Works without systemd too; the units in `systemd/` say the same from outside.

mod calls;
mod identity;
mod scanner;

use std::path::PathBuf;

use anyhow::Context;
use landlock::{
    ABI, Access, AccessFs, PathBeneath, PathFd, Ruleset, RulesetAttr, RulesetCreated, RulesetCreatedAttr, RulesetStatus,
};

pub(crate) use identity::Identity;
pub(crate) use scanner::{ConfinedScanner, confine_scanner};

/// What a process keeps.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sandbox {
    /// Folders and files it may read.
    pub(crate) read: Vec<PathBuf>,
    /// Folders it may write.
    pub(crate) write: Vec<PathBuf>,
    /// What of the network.
    pub(crate) network: Network,
    /// Whether it may still start programs.
    pub(crate) executes: bool,
    /// Who it becomes, when it was started by root.
    pub(crate) user: Option<Identity>,
}

/// What of the network a process keeps, besides the connections that are open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Network {
    /// Nothing.
    #[default]
    Nothing,
    /// Whoever comes to a socket that it listens on already.
    Accepting,
    /// Connections to sockets of this machine (unix(7)).
    Local,
    /// All of it.
    Everything,
}

/// How far the kernel went along.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Enforced {
    /// Files and system calls.
    Fully,
    /// System calls; this kernel can't confine files, or not all accesses to them.
    WithoutAllFiles,
}

impl Sandbox {
    /// Gives everything else up, for this thread and all it starts from now on. Call before threads are started and
    /// after sockets are open.
    ///
    /// # Errors
    /// When the kernel refuses a step; the process should not go on then.
    pub(crate) fn enter(&self) -> anyhow::Result<Enforced> {
        self.give_up_privileges()?;
        self.confine()
    }

    /// The first half of [`Sandbox::enter`]: becomes the user, without capabilities. Threads that are started between
    /// the two keep nothing but what they need for themselves to give up.
    ///
    /// # Errors
    /// When the kernel refuses a step, or threads run that would stay who they are.
    pub(crate) fn give_up_privileges(&self) -> anyhow::Result<()> {
        drop_capabilities(self.user).context("privileges can't be dropped")
    }

    /// The second half: files and system calls.
    ///
    /// # Errors
    /// When the kernel refuses a step.
    pub(crate) fn confine(&self) -> anyhow::Result<Enforced> {
        let enforced = confine_files(&self.read, &self.write).context("files can't be confined")?;
        calls::confine(self.network, self.executes).context("system calls can't be confined")?;
        Ok(enforced)
    }
}

/// Gives up all files but these. This sets `no_new_privs` as well.
fn confine_files(read: &[PathBuf], write: &[PathBuf]) -> anyhow::Result<Enforced> {
    let abi = ABI::V4;
    let mut rules = Ruleset::default().handle_access(AccessFs::from_all(abi))?.create()?;
    for (paths, access) in [(read, AccessFs::from_read(abi)), (write, AccessFs::from_all(abi))] {
        for path in paths.iter().filter(|path| path.exists()) {
            rules = allow(rules, path, access)?;
        }
    }
    let status = rules.restrict_self()?;
    let fully = matches!(status.ruleset, RulesetStatus::FullyEnforced);
    Ok(if fully { Enforced::Fully } else { Enforced::WithoutAllFiles })
}

fn allow(
    rules: RulesetCreated,
    path: &std::path::Path,
    access: landlock::BitFlags<AccessFs>,
) -> anyhow::Result<RulesetCreated> {
    let file = PathFd::new(path).with_context(|| format!("{} can't be opened", path.display()))?;
    let access = if path.is_dir() { access } else { access & AccessFs::from_file(ABI::V4) };
    Ok(rules.add_rule(PathBeneath::new(file, access))?)
}

/// Becomes another user and clears every set of capabilities of this thread, the bounding set first while it may.
fn drop_capabilities(user: Option<Identity>) -> anyhow::Result<()> {
    use capctl::{Cap, CapState, ambient, bounding};
    if CapState::get_current()?.effective.has(Cap::SETPCAP) {
        bounding::clear()?;
    }
    if let Some(user) = user {
        user.become_it()?;
    }
    if ambient::is_supported() {
        ambient::clear()?;
    }
    // A worker has none left, and its keeper no call to change any.
    let left = CapState::get_current()?;
    if left != CapState::empty() {
        CapState::empty().set_current()?;
    }
    Ok(())
}
