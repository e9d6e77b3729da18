//! System calls that a confined process never needs: they answer "not permitted".
//!
//! A list of what is refused, not of what is allowed: the runtime, the allocator and the file index use many calls that
//! change from release to release, while those that lead out of a process are few and known.

use std::collections::BTreeMap;

use anyhow::anyhow;
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
};

use super::Network;

/// Calls, each with the arguments it is meant with; with none it is meant always.
type Rules = BTreeMap<libc::c_long, Vec<SeccompRule>>;

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

/// New ways to the network: opening them.
const CONNECTING: &[libc::c_long] = &[libc::SYS_socket, libc::SYS_connect];
/// Offering them.
const LISTENING: &[libc::c_long] = &[libc::SYS_bind, libc::SYS_listen];
/// Taking what comes.
const ACCEPTING: &[libc::c_long] = &[libc::SYS_accept, libc::SYS_accept4];

/// Refuses the calls from now on.
pub(super) fn confine(network: Network, executes: bool) -> anyhow::Result<()> {
    let ways: &[&[libc::c_long]] = match network {
        Network::Nothing => &[CONNECTING, LISTENING, ACCEPTING],
        Network::Accepting => &[CONNECTING, LISTENING],
        Network::Local => &[LISTENING, ACCEPTING],
        Network::Everything => &[],
    };
    let programs = if executes { &[][..] } else { PROGRAMS };
    let mut rules = whenever(REFUSED.iter().chain(ways.iter().copied().flatten()).chain(programs));
    if network == Network::Local {
        rules.insert(libc::SYS_socket, vec![of_other_machines()?]);
    }
    filter(rules, (refusal(), SeccompAction::Allow))
}

/// Refuses all calls but these from now on.
pub(super) fn confine_to(allowed: &[libc::c_long]) -> anyhow::Result<()> {
    filter(whenever(allowed.iter()), (SeccompAction::Allow, refusal()))
}

/// The calls, whatever their arguments.
fn whenever<'a>(calls: impl Iterator<Item = &'a libc::c_long>) -> Rules {
    calls.map(|call| (*call, Vec::new())).collect()
}

/// A socket of any family but that of this machine.
fn of_other_machines() -> anyhow::Result<SeccompRule> {
    let local = u64::from(libc::AF_UNIX.unsigned_abs());
    let other = SeccompCondition::new(0, SeccompCmpArgLen::Dword, SeccompCmpOp::Ne, local)?;
    Ok(SeccompRule::new(vec![other])?)
}

/// A refused call answers "not permitted", so that code that tries and goes on without does.
fn refusal() -> SeccompAction {
    SeccompAction::Errno(libc::EPERM.unsigned_abs())
}

fn filter(rules: Rules, (named, others): (SeccompAction, SeccompAction)) -> anyhow::Result<()> {
    let architecture = std::env::consts::ARCH.try_into().map_err(|_| anyhow!("unknown processor"))?;
    let program: BpfProgram = SeccompFilter::new(rules, others, named, architecture)?.try_into()?;
    Ok(seccompiler::apply_filter(&program)?)
}
