//! The index of one UTC day.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use fengsui_schema::Event;
use parking_lot::Mutex;
use tantivy::directory::MmapDirectory;
use tantivy::indexer::{IndexWriterOptions, LogMergePolicy};
use tantivy::schema::Value as _;
use tantivy::tokenizer::TextAnalyzer;
use tantivy::{
    DocAddress, Index, IndexReader, IndexSettings, IndexWriter, ReloadPolicy, Searcher, TantivyDocument, TantivyError,
    Term,
};

use crate::collect::Place;
use crate::document::id_term;
use crate::indexed::EventDocument;
use crate::schema::IndexFields;
use crate::stored::{self, Shapes};
use crate::tokenizer::{KEYWORD, Keyword, WORDS, Words};
use crate::{StoreError, limits};

/// Stored events are compressed together in blocks of this size.
const SOURCE_BLOCK_BYTES: usize = 32 * 1024;
/// Segments of one size that are merged together.
const MERGED_SEGMENTS: usize = 8;
/// Segments of more events are not merged again: a merge maps what it reads, so that this bounds what is resident of it. Fewer,
/// and half a year of the busiest days would have more files than Linux lets a process map.
const MERGED_EVENTS: usize = 2_000_000;
/// There while a writer is open: what was written when the process died is checked at the next start.
const WRITING: &str = "writing";
/// Lists the segments of the last commit.
const META: &str = "meta.json";

/// The index of one UTC day.
pub(crate) struct Day {
    name: String,
    folder: PathBuf,
    index: Index,
    reader: IndexReader,
    shapes: Shapes,
    writer: Mutex<Option<OpenWriter>>,
    writer_bytes: usize,
    /// Highest spool sequence of an event that was added, in this life or a former one.
    added: AtomicU64,
}

struct OpenWriter {
    writer: IndexWriter<EventDocument>,
    /// Something was added since the last commit.
    dirty: bool,
}

impl Day {
    /// Opens or creates the index of a day.
    pub(crate) fn open(directory: &Path, name: &str, writer_bytes: usize) -> Result<Self, StoreError> {
        let folder = directory.join(name);
        fs::create_dir_all(&folder).map_err(StoreError::file("create", &folder))?;
        // The library trusts the files it opens; a damaged one may make it panic.
        let opened = std::panic::catch_unwind(|| open_index(&folder, name));
        let panicked = |_| Err(TantivyError::InternalError("opening it fails badly".to_owned()));
        let (index, reader) = opened.unwrap_or_else(panicked).map_err(StoreError::index(name))?;
        let shapes = Shapes::open(&folder).map_err(StoreError::file("read", &folder))?;
        let committed = Committed::of(&index).unwrap_or_default();
        if shapes.count() < committed.shapes {
            let error = TantivyError::InternalError("the file of shapes is cut".to_owned());
            return Err(StoreError::index(name)(error));
        }
        let added = AtomicU64::new(committed.sequence.map_or(0, |sequence| sequence.saturating_add(1)));
        Ok(Self { name: name.to_owned(), folder, index, reader, shapes, writer: Mutex::new(None), writer_bytes, added })
    }

    /// Opens what is committed of a day for reading; `None` when nothing is. Nothing is written, but for the empty file of the
    /// lock that keeps a writer from removing files that are being opened, should it not be there.
    pub(crate) fn view(directory: &Path, name: &str) -> Result<Option<Self>, StoreError> {
        let folder = directory.join(name);
        if !folder.join(META).exists() && !has_segments_without_meta(&folder) {
            return Ok(None);
        }
        let opened = std::panic::catch_unwind(|| view_index(&folder));
        let panicked = |_| Err(TantivyError::InternalError("opening it fails badly".to_owned()));
        let (index, reader) = opened.unwrap_or_else(panicked).map_err(StoreError::index(name))?;
        // After the reader: shapes are on disk before what needs them is committed.
        let shapes = Shapes::view(&folder).map_err(StoreError::file("read", &folder))?;
        let (writer, added) = (Mutex::new(None), AtomicU64::new(0));
        Ok(Some(Self { name: name.to_owned(), folder, index, reader, shapes, writer, writer_bytes: 0, added }))
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn searcher(&self) -> Searcher {
        self.reader.searcher()
    }

    /// Adds an event in place of one with the same id. There can be one only if its spool sequence is not new: to look for it
    /// costs as much as to index an event.
    pub(crate) fn add(&self, event: &Event, sequence: u64) -> Result<(), StoreError> {
        let stored =
            stored::write(event, &self.shapes).map_err(StoreError::file("write the shapes of", &self.folder))?;
        let document = EventDocument::of(event, &stored);
        let mut writer = self.writer.lock();
        let is_new = self.added.fetch_max(sequence.saturating_add(1), Ordering::Relaxed) <= sequence;
        if writer.is_none() {
            *writer = Some(self.open_writer()?);
        }
        let Some(open) = writer.as_mut() else { return Ok(()) };
        open.dirty = true;
        if !is_new {
            open.writer.delete_term(Term::from_field_bytes(IndexFields::get().id, id_term(&event.id)));
        }
        open.writer.add_document(document).map_err(StoreError::index(&self.name))?;
        Ok(())
    }

    fn open_writer(&self) -> Result<OpenWriter, StoreError> {
        let mark = self.folder.join(WRITING);
        fs::write(&mark, b"").map_err(StoreError::file("write", &mark))?;
        // One merge at a time: several would have their sources mapped at once.
        let options = IndexWriterOptions::builder()
            .memory_budget_per_thread(self.writer_bytes)
            .num_worker_threads(1)
            .num_merge_threads(1)
            .build();
        let writer = self.index.writer_with_options(options).map_err(StoreError::index(&self.name))?;
        let mut merges = LogMergePolicy::default();
        merges.set_min_num_segments(MERGED_SEGMENTS);
        merges.set_max_docs_before_merge(MERGED_EVENTS);
        writer.set_merge_policy(Box::new(merges));
        Ok(OpenWriter { writer, dirty: false })
    }

    /// Makes everything added durable and findable.
    pub(crate) fn commit(&self) -> Result<(), StoreError> {
        let mut writer = self.writer.lock();
        let Some(open) = writer.as_mut().filter(|open| open.dirty) else { return Ok(()) };
        self.shapes.sync().map_err(StoreError::file("sync the shapes of", &self.folder))?;
        // Of the day itself and read with the writer held: what the store as a whole counts may lag behind what is in here.
        let sequence = self.added.load(Ordering::Relaxed).checked_sub(1);
        let committed = Committed { sequence, shapes: self.shapes.count() };
        let mut commit = || {
            let mut prepared = open.writer.prepare_commit()?;
            prepared.set_payload(&committed.to_text());
            prepared.commit()?;
            self.reader.reload()
        };
        commit().map_err(StoreError::index(&self.name))?;
        open.dirty = false;
        Ok(())
    }

    /// Closes the writer, which frees its memory. What was not committed is lost.
    pub(crate) fn close_writer(&self) -> Result<(), StoreError> {
        if let Some(open) = self.writer.lock().take() {
            open.writer.wait_merging_threads().map_err(StoreError::index(&self.name))?;
            self.reader.reload().map_err(StoreError::index(&self.name))?;
            let mark = self.folder.join(WRITING);
            fs::remove_file(&mark).map_err(StoreError::file("remove", &mark))?;
        }
        Ok(())
    }

    /// The highest spool sequence of the last commit.
    pub(crate) fn committed_sequence(&self) -> Option<u64> {
        Committed::of(&self.index)?.sequence
    }

    /// Bytes on disk.
    pub(crate) fn bytes(&self) -> u64 {
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        entries.filter_map(|entry| entry.metadata().ok()).map(|metadata| metadata.len()).sum()
    }

    /// Reads a stored event.
    pub(crate) fn event(&self, searcher: &Searcher, place: Place, address: DocAddress) -> Result<Event, StoreError> {
        let document: TantivyDocument = searcher.doc(address).map_err(StoreError::index(&self.name))?;
        let bytes = document.get_first(IndexFields::get().source).and_then(|value| value.as_bytes());
        let bytes =
            bytes.filter(|bytes| bytes.len() <= limits::EVENT_BYTES).ok_or_else(|| self.damaged("it is missing"))?;
        stored::read(bytes, place, &self.shapes).map_err(|reason| self.damaged(&reason))
    }

    fn damaged(&self, reason: &str) -> StoreError {
        StoreError::Damaged { day: self.name.clone(), reason: reason.to_owned() }
    }
}

/// What a commit was about, kept with it as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Committed {
    /// Highest spool sequence added to the day by then.
    sequence: Option<u64>,
    /// Shapes that the day had by then.
    shapes: usize,
}

impl Committed {
    /// That of the last commit; `None` when there is none.
    fn of(index: &Index) -> Option<Self> {
        let payload = index.load_metas().ok()?.payload?;
        let (sequence, shapes) = payload.split_once(' ')?;
        Some(Self { sequence: sequence.parse().ok(), shapes: shapes.parse().ok()? })
    }

    fn to_text(self) -> String {
        format!("{} {}", self.sequence.unwrap_or(0), self.shapes)
    }
}

impl std::fmt::Debug for Day {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Day").field("name", &self.name).finish_non_exhaustive()
    }
}

fn open_index(folder: &Path, name: &str) -> tantivy::Result<(Index, IndexReader)> {
    if has_segments_without_meta(folder) {
        return Err(TantivyError::InternalError("meta.json is missing".to_owned()));
    }
    let directory = MmapDirectory::open(folder)?;
    let settings = IndexSettings { docstore_blocksize: SOURCE_BLOCK_BYTES, ..IndexSettings::default() };
    let index =
        Index::builder().schema(IndexFields::get().schema.clone()).settings(settings).open_or_create(directory)?;
    register_tokenizers(&index);
    if folder.join(WRITING).exists() {
        check(&index, name)?;
    }
    let reader = index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into()?;
    Ok((index, reader))
}

fn view_index(folder: &Path) -> tantivy::Result<(Index, IndexReader)> {
    let index = Index::open(MmapDirectory::open(folder)?)?;
    if index.schema() != IndexFields::get().schema {
        return Err(TantivyError::SchemaError("it was made by another version of the program".to_owned()));
    }
    register_tokenizers(&index);
    let reader = index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into()?;
    Ok((index, reader))
}

fn register_tokenizers(index: &Index) {
    index.tokenizers().register(WORDS, TextAnalyzer::from(Words::default()));
    index.tokenizers().register(KEYWORD, TextAnalyzer::from(Keyword::default()));
}

/// Segment files without the file that lists them: opening would begin an empty index over them.
fn has_segments_without_meta(folder: &Path) -> bool {
    let is_segment = |path: &Path| path.extension().is_some_and(|extension| extension == "store" || extension == "idx");
    let mut entries = fs::read_dir(folder).into_iter().flatten().flatten();
    !folder.join(META).exists() && entries.any(|entry| is_segment(&entry.path()))
}

/// Whether an error means that the files are damaged, not that they can't be reached.
pub(crate) fn is_damage(error: &TantivyError) -> bool {
    use std::io::ErrorKind::{InvalidData, UnexpectedEof};
    use tantivy::directory::error::OpenReadError;
    match error {
        TantivyError::IoError(error) => matches!(error.kind(), InvalidData | UnexpectedEof),
        TantivyError::OpenReadError(OpenReadError::IoError { io_error, .. }) => {
            matches!(io_error.kind(), InvalidData | UnexpectedEof)
        }
        TantivyError::LockFailure(..) => false,
        _ => true,
    }
}

/// Reads every file of the index once and compares checksums.
fn check(index: &Index, name: &str) -> tantivy::Result<()> {
    let damaged = index.validate_checksum()?;
    if damaged.is_empty() {
        return Ok(());
    }
    Err(TantivyError::InternalError(format!("{} files of {name} have a wrong checksum", damaged.len())))
}

/// Whether a folder name is a UTC day, `YYYY-MM-DD`.
pub(crate) fn is_day(name: &str) -> bool {
    name.len() == 10
        && name.bytes().enumerate().all(
            |(index, byte)| {
                if matches!(index, 4 | 7) { byte == b'-' } else { byte.is_ascii_digit() }
            },
        )
}
