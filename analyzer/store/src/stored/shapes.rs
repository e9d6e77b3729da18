//! The shapes of a day's events, in one file that only grows.

use std::collections::{HashMap, HashSet};
use std::fs::{File, OpenOptions};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::RwLock;

use crate::limits;

/// Name of the file in the folder of the day.
const FILE: &str = "shapes";

/// The shapes of a day's events. An entry of the file is its length and CRC32C (four bytes each, the least first) and
/// the shape; its number is its place.
#[derive(Debug)]
pub(crate) struct Shapes {
    path: PathBuf,
    table: RwLock<Table>,
}

#[derive(Debug, Default)]
struct Table {
    numbers: HashMap<Arc<[u8]>, u32>,
    list: Vec<Arc<[u8]>>,
    /// Digests of shapes that were met once: only what comes back gets a number.
    met: HashSet<u64>,
    file: Option<File>,
    is_synced: bool,
}

impl Shapes {
    /// Reads the file. An entry that a crash cut is taken away: no event that was committed needs it.
    pub(crate) fn open(folder: &Path) -> std::io::Result<Self> {
        let (shapes, cut) = Self::read(folder)?;
        if let Some(sound) = cut {
            OpenOptions::new().write(true).open(&shapes.path)?.set_len(sound)?;
        }
        Ok(shapes)
    }

    /// Reads the file as it is: its last entry may be half written just now.
    pub(crate) fn view(folder: &Path) -> std::io::Result<Self> {
        Self::read(folder).map(|(shapes, _)| shapes)
    }

    /// What the file has, and the length of its sound part when there is more.
    fn read(folder: &Path) -> std::io::Result<(Self, Option<u64>)> {
        let path = folder.join(FILE);
        let mut bytes = Vec::new();
        match File::open(&path) {
            Ok(mut file) => drop(file.read_to_end(&mut bytes)?),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        let mut table = Table { is_synced: true, ..Table::default() };
        let mut rest = bytes.as_slice();
        while let Some((shape, after)) = entry(rest) {
            table.take(shape);
            rest = after;
        }
        let cut = (!rest.is_empty()).then(|| (bytes.len() - rest.len()) as u64);
        Ok((Self { path, table: RwLock::new(table) }, cut))
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.table.read().list.len()
    }

    /// The shape of a number.
    pub(super) fn shape(&self, number: u64) -> Option<Arc<[u8]>> {
        self.table.read().list.get(usize::try_from(number).ok()?).cloned()
    }

    /// The number of a shape; `None` when it is new, too long or one too many.
    pub(super) fn number(&self, shape: &[u8]) -> std::io::Result<Option<u32>> {
        if let Some(number) = self.table.read().numbers.get(shape) {
            return Ok(Some(*number));
        }
        let mut table = self.table.write();
        if table.list.len() >= limits::SHAPES || shape.len() > limits::SHAPE_BYTES || !table.comes_back(shape) {
            return Ok(None);
        }
        self.append(&mut table, shape)?;
        Ok(Some(table.take(shape)))
    }

    fn append(&self, table: &mut Table, shape: &[u8]) -> std::io::Result<()> {
        if table.file.is_none() {
            table.file = Some(OpenOptions::new().create(true).append(true).open(&self.path)?);
        }
        let Some(file) = &mut table.file else { return Ok(()) };
        let mut bytes = Vec::with_capacity(shape.len() + 8);
        // The length is below a limit.
        bytes.extend_from_slice(&(shape.len() as u32).to_le_bytes());
        bytes.extend_from_slice(&crc32c::crc32c(shape).to_le_bytes());
        bytes.extend_from_slice(shape);
        table.is_synced = false;
        file.write_all(&bytes)
    }

    /// Makes every number given out durable; to be called before events that use them are.
    pub(crate) fn sync(&self) -> std::io::Result<()> {
        let mut table = self.table.write();
        if table.is_synced {
            return Ok(());
        }
        if let Some(file) = &table.file {
            file.sync_data()?;
        }
        if let Some(folder) = self.path.parent() {
            File::open(folder)?.sync_all()?;
        }
        table.is_synced = true;
        Ok(())
    }
}

impl Table {
    fn take(&mut self, shape: &[u8]) -> u32 {
        let number = u32::try_from(self.list.len()).unwrap_or(u32::MAX);
        let shape: Arc<[u8]> = shape.into();
        self.list.push(Arc::clone(&shape));
        self.numbers.insert(shape, number);
        number
    }

    /// Whether a shape was met before.
    fn comes_back(&mut self, shape: &[u8]) -> bool {
        let mut hasher = DefaultHasher::new();
        shape.hash(&mut hasher);
        if self.met.len() >= limits::SHAPES_MET {
            self.met.clear();
        }
        !self.met.insert(hasher.finish())
    }
}

/// The first entry and what is behind it.
fn entry(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk()?;
    let (sum, rest) = rest.split_first_chunk()?;
    let (shape, rest) = rest.split_at_checked(usize::try_from(u32::from_le_bytes(*length)).ok()?)?;
    (crc32c::crc32c(shape) == u32::from_le_bytes(*sum)).then_some((shape, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_entry_is_taken_away_and_numbers_stay() {
        let folder = tempfile::tempdir().expect("folder");
        let shapes = Shapes::open(folder.path()).expect("opens");
        for shape in [&b"one"[..], b"two", b"three"] {
            assert_eq!(shapes.number(shape).expect("writes"), None);
            assert!(shapes.number(shape).expect("writes").is_some());
        }
        shapes.sync().expect("syncs");
        let path = folder.path().join(FILE);
        let length = std::fs::metadata(&path).expect("size").len();
        File::options().write(true).open(&path).and_then(|file| file.set_len(length - 1)).expect("cuts");
        let shapes = Shapes::open(folder.path()).expect("opens");
        assert_eq!((shapes.count(), shapes.shape(1).as_deref()), (2, Some(&b"two"[..])));
        assert_eq!(std::fs::metadata(&path).expect("size").len(), length - 13);
        assert_eq!(shapes.number(b"two").expect("reads"), Some(1));
    }
}
