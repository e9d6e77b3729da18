//! Files read and written in pieces by a handle (SMB, NFS), put in order.

use std::collections::BTreeMap;

use crate::app::Context;
use crate::limits::{OPEN_FILE_WAITING_BYTES, OPEN_FILES};
use crate::{AppProtocol, Buffer, Direction, FileChunk};

/// A file is known by its handle and the way its data goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FileKey {
    pub(crate) handle: Vec<u8>,
    pub(crate) direction: Direction,
}

#[derive(Debug)]
struct File {
    key: FileKey,
    tx: u64,
    number: u32,
    name: Vec<u8>,
    next: u64,
    waiting: BTreeMap<u64, Vec<u8>>,
    waiting_bytes: usize,
    has_gap: bool,
    overlap_told: bool,
}

/// The files that are open.
#[derive(Debug, Default)]
pub(crate) struct Files {
    open: Vec<File>,
    count: u32,
}

impl Files {
    /// The transaction of a file, when it is known.
    pub(crate) fn tx(&self, key: &FileKey) -> Option<u64> {
        self.open.iter().find(|file| file.key == *key).map(|file| file.tx)
    }

    /// Begins a file.
    pub(crate) fn begin(&mut self, key: FileKey, tx: u64, name: Vec<u8>, context: &mut Context<'_>) {
        if self.open.len() >= OPEN_FILES {
            let oldest = self.open.remove(0);
            end(oldest, context);
        }
        let way = key.direction;
        context.update(tx, |tx| tx.buffers.set(way, Buffer::FileName, name.clone()));
        self.open.push(File {
            key,
            tx,
            number: self.count,
            name,
            next: 0,
            waiting: BTreeMap::new(),
            waiting_bytes: 0,
            has_gap: false,
            overlap_told: false,
        });
        self.count += 1;
    }

    /// Takes data at an offset.
    pub(crate) fn write(&mut self, key: &FileKey, offset: u64, data: &[u8], context: &mut Context<'_>) {
        let Some(file) = self.open.iter_mut().find(|file| file.key == *key) else { return };
        if offset < file.next && !data.is_empty() && !std::mem::replace(&mut file.overlap_told, true) {
            let protocol = context.transactions.get(file.tx).map(|tx| tx.protocol);
            if protocol == Some(AppProtocol::Smb) {
                context.anomaly(Some(file.tx), key.direction, "smb.file_overlap");
            }
        }
        if offset > file.next {
            return file.hold(offset, data);
        }
        file.take(offset, data, context);
        while let Some((offset, data)) = file.waiting.pop_first() {
            if offset > file.next {
                file.waiting.insert(offset, data);
                return;
            }
            file.waiting_bytes -= data.len();
            file.take(offset, &data, context);
        }
    }

    /// Ends the files of a handle; the transactions they belonged to.
    pub(crate) fn close(&mut self, handle: &[u8], context: &mut Context<'_>) -> Vec<u64> {
        let (closed, open) = std::mem::take(&mut self.open).into_iter().partition(|file| file.key.handle == handle);
        self.open = open;
        let closed: Vec<File> = closed;
        closed.into_iter().map(|file| end(file, context)).collect()
    }
}

impl File {
    /// Keeps data until what comes before it is there.
    fn hold(&mut self, offset: u64, data: &[u8]) {
        let known = self.waiting.get(&offset).map_or(0, Vec::len);
        let held = self.waiting_bytes - known + data.len();
        if data.len() <= known {
            return;
        }
        if held > OPEN_FILE_WAITING_BYTES {
            self.has_gap = true;
            return;
        }
        self.waiting.insert(offset, data.to_vec());
        self.waiting_bytes = held;
    }

    fn take(&mut self, offset: u64, data: &[u8], context: &mut Context<'_>) {
        let known = usize::try_from(self.next - offset).unwrap_or(usize::MAX);
        let data = data.get(known..).unwrap_or_default();
        self.next += data.len() as u64;
        context.file(self.chunk(data.to_vec(), 0, false));
    }

    fn chunk(&self, data: Vec<u8>, gap: u64, end: bool) -> FileChunk {
        FileChunk {
            transaction: self.tx,
            file: self.number,
            direction: self.key.direction,
            name: Some(self.name.clone()),
            data,
            gap,
            end,
            truncated: end && self.has_gap,
        }
    }
}

/// Hands out what waits, with the gaps before it, and ends the file.
fn end(mut file: File, context: &mut Context<'_>) -> u64 {
    for (offset, data) in std::mem::take(&mut file.waiting) {
        let gap = offset.saturating_sub(file.next);
        file.has_gap |= gap > 0;
        file.next = file.next.max(offset);
        let known = usize::try_from(file.next - offset).unwrap_or(usize::MAX);
        let data = data.get(known..).unwrap_or_default().to_vec();
        file.next += data.len() as u64;
        context.file(file.chunk(data, gap, false));
    }
    context.file(file.chunk(Vec::new(), 0, true));
    file.tx
}
