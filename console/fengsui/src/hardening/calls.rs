//! System calls that a confined process never needs: they answer "not permitted".
//!
//! A list of what is refused, not of what is allowed: the runtime, the allocator and the file index use many calls that
//! change from release to release, while those that lead out of a process are few and known.

use std::collections::BTreeMap;

use anyhow::anyhow;
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter};

/// Starting programs.
const PROGRAMS: &[libc::c_long] = &[libc::SYS_execve, libc::SYS_execveat];

/// Looking into other processes, changing the system.
const REFUSED: &[libc::c_long] = &[
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_pidfd_getfd,
    libc::SYS_kcmp,
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_unshare,
    libc::SYS_setns,
    libc::SYS_move_mount,
    libc::SYS_open_tree,
    libc::SYS_fsopen,
    libc::SYS_fsmount,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_kexec_load,
    libc::SYS_reboot,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_keyctl,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_open_by_handle_at,
    libc::SYS_io_uring_setup,
    libc::SYS_settimeofday,
    libc::SYS_clock_settime,
    libc::SYS_adjtimex,
    libc::SYS_sethostname,
    libc::SYS_acct,
    libc::SYS_personality,
    libc::SYS_setuid,
    libc::SYS_setgid,
    libc::SYS_setresuid,
    libc::SYS_setresgid,
    libc::SYS_capset,
];

/// New ways to the network.
const NETWORK: &[libc::c_long] =
    &[libc::SYS_socket, libc::SYS_connect, libc::SYS_bind, libc::SYS_listen, libc::SYS_accept, libc::SYS_accept4];

/// Refuses the calls from now on.
pub(super) fn confine(connects: bool, executes: bool) -> anyhow::Result<()> {
    let network = if connects { &[][..] } else { NETWORK };
    let programs = if executes { &[][..] } else { PROGRAMS };
    filter(REFUSED.iter().chain(network).chain(programs), (refusal(), SeccompAction::Allow))
}

/// Refuses all calls but these from now on.
pub(super) fn confine_to(allowed: &[libc::c_long]) -> anyhow::Result<()> {
    filter(allowed.iter(), (SeccompAction::Allow, refusal()))
}

/// A refused call answers "not permitted", so that code that tries and goes on without does.
fn refusal() -> SeccompAction {
    SeccompAction::Errno(libc::EPERM.unsigned_abs())
}

fn filter<'a>(
    calls: impl Iterator<Item = &'a libc::c_long>,
    (named, others): (SeccompAction, SeccompAction),
) -> anyhow::Result<()> {
    let rules: BTreeMap<i64, Vec<seccompiler::SeccompRule>> = calls.map(|call| (*call, Vec::new())).collect();
    let architecture = std::env::consts::ARCH.try_into().map_err(|_| anyhow!("unknown processor"))?;
    let program: BpfProgram = SeccompFilter::new(rules, others, named, architecture)?.try_into()?;
    Ok(seccompiler::apply_filter(&program)?)
}
