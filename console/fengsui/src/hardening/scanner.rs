//! The confinement of a scan worker, the strictest of all: two pipes, memory up to a limit, time up to a limit.

use std::fs::File;
use std::os::unix::fs::FileExt;

use anyhow::Context;
use fengsui_files::limits::SCAN_MEMORY_BYTES;
use rlimit::Resource;

use super::{Enforced, calls, confine_files, drop_capabilities};

/// What compiling and scanning need once the program runs: memory, threads, time, and the two pipes. Nothing here opens.
const CALLS: &[libc::c_long] = &[
    libc::SYS_read,
    libc::SYS_pread64,
    libc::SYS_readv,
    libc::SYS_write,
    libc::SYS_writev,
    libc::SYS_close,
    libc::SYS_fstat,
    libc::SYS_brk,
    libc::SYS_mmap,
    libc::SYS_munmap,
    libc::SYS_mprotect,
    libc::SYS_mremap,
    libc::SYS_madvise,
    libc::SYS_futex,
    libc::SYS_clone,
    libc::SYS_clone3,
    libc::SYS_set_robust_list,
    libc::SYS_rseq,
    libc::SYS_membarrier,
    libc::SYS_gettid,
    libc::SYS_getpid,
    libc::SYS_tgkill,
    libc::SYS_exit,
    libc::SYS_exit_group,
    libc::SYS_sched_yield,
    libc::SYS_sched_getaffinity,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sigaltstack,
    libc::SYS_clock_gettime,
    libc::SYS_clock_nanosleep,
    libc::SYS_nanosleep,
    libc::SYS_restart_syscall,
    libc::SYS_getrandom,
    libc::SYS_prlimit64,
    libc::SYS_prctl,
];

/// A process that can do nothing but scan.
pub(crate) struct ConfinedScanner {
    /// How far the kernel went along.
    pub(crate) enforced: Enforced,
    /// `/proc/self/stat`, opened while that could be done: what of its time the process has used.
    usage: File,
}

/// Confines this process to scanning.
///
/// # Errors
/// When the kernel refuses a step; nothing may be read then.
pub(crate) fn confine_scanner() -> anyhow::Result<ConfinedScanner> {
    let usage = File::open("/proc/self/stat").context("the time used can't be read")?;
    // Memory that is reserved but can't be written does not count: the engine reserves gigabytes of it.
    Resource::DATA.set(SCAN_MEMORY_BYTES, SCAN_MEMORY_BYTES).context("memory can't be limited")?;
    for resource in [Resource::FSIZE, Resource::CORE] {
        resource.set(0, 0).context("files can't be limited")?;
    }
    Resource::NOFILE.set(8, 8).context("open files can't be limited")?;
    drop_capabilities(None).context("privileges can't be dropped")?;
    let enforced = confine_files(&[], &[]).context("files can't be confined")?;
    calls::confine_to(CALLS).context("system calls can't be confined")?;
    Ok(ConfinedScanner { enforced, usage })
}

impl ConfinedScanner {
    /// Lets this process use so many more seconds of processor time; then the system ends it. The limit is one of whole
    /// seconds.
    ///
    /// # Errors
    /// When the system refuses.
    pub(crate) fn allow(&self, seconds: u64) -> anyhow::Result<()> {
        let mut buffer = [0; 1024];
        let length = self.usage.read_at(&mut buffer, 0).context("the time used can't be read")?;
        let used = used_seconds(&String::from_utf8_lossy(&buffer[..length])).context("the time used is not told")?;
        Resource::CPU.set(used.saturating_add(seconds), rlimit::INFINITY).context("the time can't be limited")
    }
}

/// User and system time of `proc(5)`'s `stat`, in hundredths of a second there.
fn used_seconds(stat: &str) -> Option<u64> {
    // The name stands in brackets and may hold anything; of what follows, the 12th and 13th are the times.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let (user, system): (u64, u64) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    Some((user + system) / 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_used_is_read_behind_any_name() {
        let stat = "7 (a) b 1) R 1 7 7 0 -1 4194304 10 0 0 0 250 170 0 0 20 0 1 0 100 1000 10";
        assert_eq!(used_seconds(stat), Some(4));
        assert_eq!(used_seconds("7 (a) R 1"), None);
    }
}
