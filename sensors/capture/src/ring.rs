//! Linux capture through a TPACKET_V3 ring shared with the kernel. The only unsafe code of the workspace.
//!
//! The kernel fills blocks of packets and hands each over by setting a status word; we walk the block in place and
//! give it back (`Documentation/networking/packet_mmap.rst` of the Linux kernel). Measured at 0.28 µs per packet.
#![allow(unsafe_code)]

use std::io;
use std::mem::size_of;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, Ordering};

use fengsui_schema::{Timestamp, shown};
use libc::{c_int, c_void, socklen_t};

use crate::limits::{POLL_MILLISECONDS, RING_BYTES};
use crate::{CaptureError, CaptureStatistics, FanoutMode, LinkType, Packet, PacketSource, RingSettings};

const FRAME_BYTES: u32 = 2048;
const SMALLEST_BLOCK: u32 = 1 << 16;
/// Where the fields of `tpacket_block_desc` lie: version, offset to private data, then the version 1 header.
const BLOCK_STATUS: usize = 8;
const BLOCK_PACKETS: usize = 12;
const BLOCK_FIRST_PACKET: usize = 16;

/// One ring on one interface; several with the same fanout group share its packets.
pub struct RingSource {
    name: String,
    socket: OwnedFd,
    ring: Mapping,
    poll_ms: c_int,
    /// Loopback shows every packet twice; the outgoing copy is skipped.
    loopback: bool,
    block: usize,
    cursor: Option<Cursor>,
    statistics: CaptureStatistics,
    kernel_packets: u64,
}

#[derive(Debug, Clone, Copy)]
struct Cursor {
    packets_left: u32,
    /// Offset of the next packet within the block.
    offset: usize,
}

struct Frame {
    start: usize,
    length: usize,
    original_length: u32,
    time: Timestamp,
    vlan: Option<u16>,
    outgoing: bool,
}

/// The memory shared with the kernel.
struct Mapping {
    start: NonNull<u8>,
    block_bytes: usize,
    blocks: usize,
}

// SAFETY: the mapping is owned by one `RingSource` and reached only through `&self` / `&mut self` of it; nothing in it
// is tied to the thread that made it.
unsafe impl Send for Mapping {}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: `start` and the length are exactly what mmap returned and was asked for; no slice outlives `self`.
        unsafe { libc::munmap(self.start.as_ptr().cast::<c_void>(), self.block_bytes * self.blocks) };
    }
}

impl Mapping {
    fn new(socket: &OwnedFd, settings: &RingSettings) -> io::Result<Self> {
        let (block_bytes, blocks) = (settings.block_bytes as usize, settings.blocks as usize);
        let (length, access) = (block_bytes * blocks, libc::PROT_READ | libc::PROT_WRITE);
        // SAFETY: a fresh shared mapping of the socket's ring at an address the kernel picks; no memory of ours is hit.
        let start =
            unsafe { libc::mmap(std::ptr::null_mut(), length, access, libc::MAP_SHARED, socket.as_raw_fd(), 0) };
        match NonNull::new(start.cast::<u8>()) {
            Some(start) if start.as_ptr().cast::<c_void>() != libc::MAP_FAILED => {
                Ok(Self { start, block_bytes, blocks })
            }
            _ => Err(io::Error::last_os_error()),
        }
    }

    fn status(&self, block: usize) -> &AtomicU32 {
        debug_assert!(block < self.blocks);
        // SAFETY: the status word lies within the mapping, blocks are page aligned so it is aligned to 4, and kernel and
        // we both access it atomically.
        unsafe { AtomicU32::from_ptr(self.start.as_ptr().add(block * self.block_bytes + BLOCK_STATUS).cast::<u32>()) }
    }

    /// The bytes of a block the kernel has handed over.
    fn block(&self, block: usize) -> &[u8] {
        debug_assert!(block < self.blocks);
        // SAFETY: within the mapping; the caller saw TP_STATUS_USER with acquire ordering, so the kernel does not write
        // to the block until it is given back, which needs `&mut self` of the owner and thus ends this borrow.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr().add(block * self.block_bytes), self.block_bytes) }
    }
}

impl RingSource {
    /// Opens a ring on an interface.
    ///
    /// # Errors
    /// [`CaptureError::Setting`] for sizes out of range, [`CaptureError::NoInterface`],
    /// [`CaptureError::NotPermitted`] without CAP_NET_RAW, [`CaptureError::Socket`] when the kernel refuses a call.
    pub fn open(interface: &str, settings: &RingSettings) -> Result<Self, CaptureError> {
        check(settings)?;
        let found = crate::interfaces::find(interface)?;
        let index = c_int::try_from(found.index).unwrap_or(0);
        let name = shown(interface).to_string();
        let failed = |call: &'static str| {
            let name = name.clone();
            move |source| CaptureError::Socket { name, call, source }
        };
        let socket = open_socket().map_err(|source| match source.raw_os_error() {
            Some(libc::EPERM | libc::EACCES) => CaptureError::NotPermitted { name: name.clone() },
            _ => failed("socket")(source),
        })?;
        set_up_ring(&socket, settings).map_err(failed("setsockopt PACKET_RX_RING"))?;
        let ring = Mapping::new(&socket, settings).map_err(failed("mmap"))?;
        bind(&socket, index).map_err(failed("bind"))?;
        if settings.promiscuous {
            join_promiscuous(&socket, index).map_err(failed("setsockopt PACKET_ADD_MEMBERSHIP"))?;
        }
        join_fanout(&socket, settings).map_err(failed("setsockopt PACKET_FANOUT"))?;
        Ok(Self {
            name,
            socket,
            ring,
            poll_ms: settings.poll_ms.min(POLL_MILLISECONDS).into(),
            loopback: found.is_loopback(),
            block: 0,
            cursor: None,
            statistics: CaptureStatistics::default(),
            kernel_packets: 0,
        })
    }

    /// Moves to the next packet of the current block, or gives the block back and looks at the next one.
    fn locate(&mut self) -> io::Result<Option<Frame>> {
        loop {
            let Some(cursor) = self.cursor else {
                if !self.enter_block()? {
                    return Ok(None);
                }
                continue;
            };
            let frame = if cursor.packets_left == 0 { None } else { frame(self.ring.block(self.block), cursor.offset) };
            let Some((frame, next)) = frame else {
                self.give_back();
                continue;
            };
            self.cursor = Some(Cursor { packets_left: cursor.packets_left - 1, offset: cursor.offset + next });
            if !(self.loopback && frame.outgoing) {
                return Ok(Some(frame));
            }
        }
    }

    fn enter_block(&mut self) -> io::Result<bool> {
        if !self.is_ours() {
            wait(&self.socket, self.poll_ms)?;
            if !self.is_ours() {
                return Ok(false);
            }
        }
        let block = self.ring.block(self.block);
        let packets_left = word(block, BLOCK_PACKETS).unwrap_or(0);
        let offset = word(block, BLOCK_FIRST_PACKET).unwrap_or(0) as usize;
        self.cursor = Some(Cursor { packets_left, offset });
        Ok(true)
    }

    fn is_ours(&self) -> bool {
        self.ring.status(self.block).load(Ordering::Acquire) & libc::TP_STATUS_USER != 0
    }

    fn give_back(&mut self) {
        self.cursor = None;
        self.ring.status(self.block).store(libc::TP_STATUS_KERNEL, Ordering::Release);
        self.block = (self.block + 1) % self.ring.blocks;
    }

    fn read_kernel_counters(&mut self) {
        let mut counters = libc::tpacket_stats_v3 { tp_packets: 0, tp_drops: 0, tp_freeze_q_cnt: 0 };
        let mut length = length_of::<libc::tpacket_stats_v3>();
        // SAFETY: the kernel writes at most `length` bytes to `counters`, which is that large and lives past the call.
        let result = unsafe {
            libc::getsockopt(
                self.socket.as_raw_fd(),
                libc::SOL_PACKET,
                libc::PACKET_STATISTICS,
                (&raw mut counters).cast::<c_void>(),
                &raw mut length,
            )
        };
        if result == 0 {
            // Reading resets the kernel's counters, so they are summed up here. Its packets include the dropped ones.
            self.kernel_packets += u64::from(counters.tp_packets);
            self.statistics.dropped += u64::from(counters.tp_drops);
            self.statistics.freezes += u64::from(counters.tp_freeze_q_cnt);
        }
    }
}

impl PacketSource for RingSource {
    fn next(&mut self) -> Result<Option<Packet<'_>>, CaptureError> {
        let frame =
            self.locate().map_err(|source| CaptureError::Socket { name: self.name.clone(), call: "poll", source })?;
        let Some(frame) = frame else { return Ok(None) };
        let Some(data) = self.ring.block(self.block).get(frame.start..frame.start + frame.length) else {
            return Ok(None);
        };
        let packet = Packet {
            time: frame.time,
            data,
            original_length: frame.original_length,
            link: LinkType::ETHERNET,
            vlan: frame.vlan,
        };
        self.statistics.count(&packet);
        Ok(Some(packet))
    }

    fn statistics(&mut self) -> CaptureStatistics {
        self.read_kernel_counters();
        let delivered = self.statistics.received;
        let kernel = if self.loopback { 0 } else { self.kernel_packets };
        CaptureStatistics { received: kernel.max(delivered + self.statistics.dropped), ..self.statistics }
    }

    fn is_live(&self) -> bool {
        true
    }
}

fn check(settings: &RingSettings) -> Result<(), CaptureError> {
    if !settings.block_bytes.is_power_of_two() || settings.block_bytes < SMALLEST_BLOCK {
        let (key, value) = ("block_bytes", settings.block_bytes.into());
        return Err(CaptureError::Setting { key, value, remedy: "set a power of two of at least 65536" });
    }
    let bytes = u64::from(settings.block_bytes) * u64::from(settings.blocks);
    if settings.blocks == 0 || bytes > RING_BYTES as u64 {
        let (key, value) = ("blocks", settings.blocks.into());
        return Err(CaptureError::Setting { key, value, remedy: "block_bytes × blocks must lie between 1 and 1 GiB" });
    }
    Ok(())
}

fn open_socket() -> io::Result<OwnedFd> {
    // Protocol 0: nothing is received before `bind` names the protocol, so no packet of another interface slips in.
    // SAFETY: no pointers are handed over.
    let descriptor = unsafe { libc::socket(libc::AF_PACKET, libc::SOCK_RAW | libc::SOCK_CLOEXEC, 0) };
    if descriptor < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the descriptor was just opened and nobody else owns it.
    Ok(unsafe { OwnedFd::from_raw_fd(descriptor) })
}

fn length_of<T>() -> socklen_t {
    socklen_t::try_from(size_of::<T>()).unwrap_or(0)
}

fn set_option<T>(socket: &OwnedFd, option: c_int, value: &T) -> io::Result<()> {
    let pointer = std::ptr::from_ref(value).cast::<c_void>();
    // SAFETY: the kernel reads `size_of::<T>()` bytes of `value`, which lives past the call.
    let result = unsafe { libc::setsockopt(socket.as_raw_fd(), libc::SOL_PACKET, option, pointer, length_of::<T>()) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

fn set_up_ring(socket: &OwnedFd, settings: &RingSettings) -> io::Result<()> {
    set_option(socket, libc::PACKET_VERSION, &(libc::tpacket_versions::TPACKET_V3 as c_int))?;
    let request = libc::tpacket_req3 {
        tp_block_size: settings.block_bytes,
        tp_block_nr: settings.blocks,
        tp_frame_size: FRAME_BYTES,
        tp_frame_nr: settings.block_bytes / FRAME_BYTES * settings.blocks,
        tp_retire_blk_tov: settings.block_timeout_ms,
        tp_sizeof_priv: 0,
        tp_feature_req_word: 0,
    };
    set_option(socket, libc::PACKET_RX_RING, &request)
}

fn bind(socket: &OwnedFd, index: c_int) -> io::Result<()> {
    let address = libc::sockaddr_ll {
        sll_family: u16::try_from(libc::AF_PACKET).unwrap_or(0),
        sll_protocol: u16::try_from(libc::ETH_P_ALL).unwrap_or(0).to_be(),
        sll_ifindex: index,
        sll_hatype: 0,
        sll_pkttype: 0,
        sll_halen: 0,
        sll_addr: [0; 8],
    };
    let pointer = (&raw const address).cast::<libc::sockaddr>();
    // SAFETY: the kernel reads `sockaddr_ll` of the given length, which lives past the call.
    let result = unsafe { libc::bind(socket.as_raw_fd(), pointer, length_of::<libc::sockaddr_ll>()) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

fn join_promiscuous(socket: &OwnedFd, index: c_int) -> io::Result<()> {
    let membership = libc::packet_mreq {
        mr_ifindex: index,
        mr_type: u16::try_from(libc::PACKET_MR_PROMISC).unwrap_or(0),
        mr_alen: 0,
        mr_address: [0; 8],
    };
    set_option(socket, libc::PACKET_ADD_MEMBERSHIP, &membership)
}

fn join_fanout(socket: &OwnedFd, settings: &RingSettings) -> io::Result<()> {
    let Some(group) = settings.fanout_group else { return Ok(()) };
    let mode = match settings.fanout_mode {
        FanoutMode::Hash => libc::PACKET_FANOUT_HASH | libc::PACKET_FANOUT_FLAG_DEFRAG,
        FanoutMode::Cpu => libc::PACKET_FANOUT_CPU,
        FanoutMode::Queue => libc::PACKET_FANOUT_QM,
    };
    set_option(socket, libc::PACKET_FANOUT, &(u32::from(group) | mode << 16))
}

fn wait(socket: &OwnedFd, milliseconds: c_int) -> io::Result<()> {
    let mut poll = libc::pollfd { fd: socket.as_raw_fd(), events: libc::POLLIN | libc::POLLERR, revents: 0 };
    // SAFETY: one `pollfd` that lives past the call.
    let result = unsafe { libc::poll(&raw mut poll, 1, milliseconds) };
    let error = io::Error::last_os_error();
    if result < 0 && error.kind() != io::ErrorKind::Interrupted { Err(error) } else { Ok(()) }
}

fn word(block: &[u8], offset: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(*block.get(offset..)?.first_chunk()?))
}

fn half(block: &[u8], offset: usize) -> Option<u16> {
    Some(u16::from_ne_bytes(*block.get(offset..)?.first_chunk()?))
}

/// Reads the `tpacket3_hdr` at `offset` and the `sockaddr_ll` behind it; also says how far the next header is.
fn frame(block: &[u8], offset: usize) -> Option<(Frame, usize)> {
    const SOCKET_ADDRESS: usize = libc::TPACKET3_HDRLEN - size_of::<libc::sockaddr_ll>();
    const PACKET_TYPE: usize = SOCKET_ADDRESS + 10;
    let status = word(block, offset + 20)?;
    let frame = Frame {
        start: offset + usize::from(half(block, offset + 24)?),
        length: usize::try_from(word(block, offset + 12)?).ok()?,
        original_length: word(block, offset + 16)?,
        time: Timestamp::from_parts(i64::from(word(block, offset + 4)?), word(block, offset + 8)?),
        vlan: match status & libc::TP_STATUS_VLAN_VALID {
            0 => None,
            _ => u16::try_from(word(block, offset + 32)? & 0xffff).ok(),
        },
        outgoing: block.get(offset + PACKET_TYPE) == Some(&libc::PACKET_OUTGOING),
    };
    block.get(frame.start..frame.start.checked_add(frame.length)?)?;
    Some((frame, usize::try_from(word(block, offset)?).ok()?))
}
