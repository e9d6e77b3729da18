//! A disk that loses power: for tests of the spool and of what is built on it.
//!
//! Everything follows from one seed, so a failing run can be repeated. The disk keeps what was synced; of the rest a
//! crash keeps any subset of the writes, tears one of them at any byte, and forgets any of the names that were given
//! since the folder was synced. A failed sync may lose what it was to sync although later reads before the crash
//! still show it, which is how Linux page caches behave (Rebello et al., "Can Applications Recover from fsync
//! Failures?", USENIX ATC 2020).

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::disk::{Disk, DiskFile};

/// A disk in memory that can crash and fail. Clones are the same disk.
#[derive(Debug, Clone)]
pub struct SimDisk {
    state: Arc<Mutex<SimState>>,
}

/// When the disk fails by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Faults {
    /// The call of this number, from 1, and every later one fails: the power is gone.
    pub power_off_at_call: Option<u64>,
    /// The call of this number fails once with an input/output error.
    pub error_at_call: Option<u64>,
    /// Appends past this many bytes on the disk fail for lack of space.
    pub capacity_bytes: Option<u64>,
    /// Syncs answer success and do nothing: proves that the checks notice a missing fdatasync.
    pub lie_about_sync: bool,
}

#[derive(Debug)]
struct SimState {
    random: SplitMix,
    faults: Faults,
    calls: u64,
    files: BTreeMap<u64, SimFile>,
    /// Names as programs see them.
    names: BTreeMap<String, u64>,
    /// Names as they are on the disk.
    durable_names: BTreeMap<String, u64>,
    unsynced_names: Vec<NameChange>,
    next_file: u64,
}

#[derive(Debug, Default)]
struct SimFile {
    /// As programs see it.
    content: Vec<u8>,
    /// As it is on the disk.
    durable: Vec<u8>,
    /// Written since the last sync: place and bytes.
    unsynced: Vec<(usize, Vec<u8>)>,
}

#[derive(Debug)]
enum NameChange {
    Create(String, u64),
    Rename(String, String),
    Remove(String),
}

impl SimDisk {
    /// An empty disk whose every accident follows from the seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let state = SimState {
            random: SplitMix(seed),
            faults: Faults::default(),
            calls: 0,
            files: BTreeMap::new(),
            names: BTreeMap::new(),
            durable_names: BTreeMap::new(),
            unsynced_names: Vec::new(),
            next_file: 0,
        };
        Self { state: Arc::new(Mutex::new(state)) }
    }

    /// Sets when the disk fails; calls are counted from now on.
    pub fn set_faults(&self, faults: Faults) {
        let mut state = self.state.lock();
        state.faults = faults;
        state.calls = 0;
    }

    /// Calls since the faults were set.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.state.lock().calls
    }

    /// The power goes and comes back: what was not synced is lost in part or whole, faults are gone.
    pub fn crash(&self) {
        self.state.lock().crash();
    }

    /// Flips one bit of a file for good.
    pub fn flip_bit(&self, name: &str, bit: usize) {
        let mut state = self.state.lock();
        let Some(file) = state.names.get(name).copied() else { return };
        let Some(file) = state.files.get_mut(&file) else { return };
        for bytes in [&mut file.content, &mut file.durable] {
            if let Some(byte) = bytes.get_mut(bit / 8) {
                *byte ^= 1 << (bit % 8);
            }
        }
    }
}

impl SimState {
    /// Counts a call; fails it when a fault is due.
    fn call(&mut self) -> io::Result<()> {
        self.calls += 1;
        if self.faults.power_off_at_call.is_some_and(|at| self.calls >= at) {
            return Err(io::Error::other("the power is gone"));
        }
        if self.faults.error_at_call == Some(self.calls) {
            return Err(io::Error::other("input/output error"));
        }
        Ok(())
    }

    fn file(&mut self, name: &str) -> io::Result<&mut SimFile> {
        let number = self.names.get(name).copied().ok_or(io::ErrorKind::NotFound)?;
        self.files.get_mut(&number).ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn append(&mut self, number: u64, bytes: &[u8]) -> io::Result<()> {
        let called = self.call();
        let used: usize = self.files.values().map(|file| file.content.len()).sum();
        let full = self.faults.capacity_bytes.is_some_and(|capacity| (used + bytes.len()) as u64 > capacity);
        let written = if called.is_err() || full { self.random.below(bytes.len() + 1) } else { bytes.len() };
        if let Some(file) = self.files.get_mut(&number) {
            file.unsynced.push((file.content.len(), bytes[..written].to_vec()));
            file.content.extend_from_slice(&bytes[..written]);
        }
        called?;
        if full { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
    }

    fn sync(&mut self, number: u64) -> io::Result<()> {
        let called = self.call();
        let lies = self.faults.lie_about_sync;
        let Self { files, random, .. } = self;
        let Some(file) = files.get_mut(&number) else { return called };
        if called.is_err() {
            file.keep_some(random);
        } else if !lies {
            file.keep_all();
        }
        called
    }

    fn crash(&mut self) {
        self.faults = Faults::default();
        for change in std::mem::take(&mut self.unsynced_names) {
            if self.random.below(2) == 0 {
                change.apply(&mut self.durable_names);
            }
        }
        self.names = self.durable_names.clone();
        let Self { files, random, .. } = self;
        for file in files.values_mut() {
            file.keep_some(random);
            file.content = file.durable.clone();
        }
    }
}

impl SimFile {
    fn keep_all(&mut self) {
        for (place, bytes) in std::mem::take(&mut self.unsynced) {
            self.keep(place, &bytes);
        }
    }

    /// Any subset of the unsynced writes reaches the disk, one of them torn.
    fn keep_some(&mut self, random: &mut SplitMix) {
        let prefix_only = random.below(2) == 0;
        let keep_up_to = random.below(self.unsynced.len() + 1);
        for (index, (place, bytes)) in std::mem::take(&mut self.unsynced).into_iter().enumerate() {
            let kept = if prefix_only { index < keep_up_to } else { random.below(2) == 0 };
            if kept {
                self.keep(place, &bytes);
            } else if index == keep_up_to {
                self.keep(place, &bytes[..random.below(bytes.len() + 1)]);
            }
        }
    }

    fn keep(&mut self, place: usize, bytes: &[u8]) {
        let end = place + bytes.len();
        if self.durable.len() < end {
            self.durable.resize(end, 0);
        }
        self.durable[place..end].copy_from_slice(bytes);
    }
}

impl NameChange {
    fn apply(self, names: &mut BTreeMap<String, u64>) {
        match self {
            Self::Create(name, file) => drop(names.insert(name, file)),
            Self::Remove(name) => drop(names.remove(&name)),
            Self::Rename(from, to) => {
                if let Some(file) = names.remove(&from) {
                    names.insert(to, file);
                }
            }
        }
    }
}

impl Disk for SimDisk {
    fn list(&self) -> io::Result<Vec<String>> {
        let mut state = self.state.lock();
        state.call()?;
        Ok(state.names.keys().cloned().collect())
    }

    fn create(&self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        let mut state = self.state.lock();
        state.call()?;
        let number = state.next_file;
        state.next_file += 1;
        state.files.insert(number, SimFile::default());
        state.names.insert(name.to_owned(), number);
        state.unsynced_names.push(NameChange::Create(name.to_owned(), number));
        Ok(Box::new(SimHandle { state: Arc::clone(&self.state), number }))
    }

    fn read_at(&self, name: &str, offset: u64, length: usize) -> io::Result<Vec<u8>> {
        let mut state = self.state.lock();
        state.call()?;
        let content = &state.file(name)?.content;
        let start = usize::try_from(offset).unwrap_or(usize::MAX).min(content.len());
        Ok(content[start..start.saturating_add(length).min(content.len())].to_vec())
    }

    fn size(&self, name: &str) -> io::Result<u64> {
        let mut state = self.state.lock();
        state.call()?;
        Ok(state.file(name)?.content.len() as u64)
    }

    fn truncate(&self, name: &str, size: u64) -> io::Result<()> {
        let mut state = self.state.lock();
        state.call()?;
        let lies = state.faults.lie_about_sync;
        let file = state.file(name)?;
        file.content.truncate(usize::try_from(size).unwrap_or(usize::MAX));
        if !lies {
            file.unsynced.clear();
            file.durable = file.content.clone();
        }
        Ok(())
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut state = self.state.lock();
        state.call()?;
        let file = state.names.remove(from).ok_or(io::ErrorKind::NotFound)?;
        state.names.insert(to.to_owned(), file);
        state.unsynced_names.push(NameChange::Rename(from.to_owned(), to.to_owned()));
        Ok(())
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        let mut state = self.state.lock();
        state.call()?;
        state.names.remove(name).ok_or(io::ErrorKind::NotFound)?;
        state.unsynced_names.push(NameChange::Remove(name.to_owned()));
        Ok(())
    }

    fn sync_directory(&self) -> io::Result<()> {
        let mut state = self.state.lock();
        state.call()?;
        if !state.faults.lie_about_sync {
            state.unsynced_names.clear();
            state.durable_names = state.names.clone();
        }
        Ok(())
    }
}

#[derive(Debug)]
struct SimHandle {
    state: Arc<Mutex<SimState>>,
    number: u64,
}

impl DiskFile for SimHandle {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.state.lock().append(self.number, bytes)
    }

    fn sync_data(&mut self) -> io::Result<()> {
        self.state.lock().sync(self.number)
    }
}

/// Repeatable numbers (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", OOPSLA 2014).
#[derive(Debug, Clone)]
pub struct SplitMix(pub u64);

impl SplitMix {
    /// The next number.
    pub fn next_number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`, which is at least 1.
    pub fn below(&mut self, end: usize) -> usize {
        let end = u64::try_from(end.max(1)).unwrap_or(u64::MAX);
        usize::try_from(self.next_number() % end).unwrap_or(0)
    }
}
