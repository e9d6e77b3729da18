//! The life of a store: commits, replays, damage, retention, misuse.

#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Duration;

use fengsui_schema::{Event, EventId, EventKind, Fields, SourceReference, Timestamp};
use fengsui_store::{RetentionOverride, Scan, SearchRequest, Selection, Store, StoreError, StoreSettings, StoreView};

/// 2026-03-01T00:00:00Z.
const START: i64 = 1_772_323_200;
const DAY: i64 = 86_400;

fn settings(folder: &Path) -> StoreSettings {
    StoreSettings { directory: folder.to_owned(), writer_memory_mb: 15, ..StoreSettings::default() }
}

fn event(number: u8, time: i64) -> Event {
    let mut fields = Fields::new();
    fields.set("message", format!("event number {number}"));
    fields.set("source.port", i64::from(number));
    Event {
        id: EventId::from_bytes([number; 16]),
        time: Timestamp::from_parts(time, 0),
        received: Timestamp::from_parts(time, 0),
        kind: EventKind::Event,
        source: SourceReference { source: "test".into(), instance: "a".into(), sequence: u64::from(number) },
        fields,
        original: serde_json::json!("line"),
    }
}

fn all(store: &Store) -> u64 {
    store.count(&Selection::default()).expect("counts")
}

/// Three days with ten events each.
fn filled(folder: &Path) -> Store {
    let store = Store::open(settings(folder)).expect("opens");
    for number in 0..30_u8 {
        store.add(&event(number, START + i64::from(number % 3) * DAY), u64::from(number)).expect("adds");
    }
    store.commit().expect("commits");
    store
}

#[test]
fn what_was_committed_is_there_after_a_restart_and_only_once() {
    let folder = tempfile::tempdir().expect("folder");
    let store = filled(folder.path());
    store.add(&event(99, START), 30).expect("adds");
    drop(store);
    let store = Store::open(settings(folder.path())).expect("opens");
    assert_eq!((all(&store), store.committed_sequence()), (30, Some(29)));
    for number in 25..31_u8 {
        store.add(&event(number, START + i64::from(number % 3) * DAY), u64::from(number)).expect("adds");
    }
    store.commit().expect("commits");
    assert_eq!((all(&store), store.committed_sequence()), (31, Some(30)));
    let found = store.get(EventId::from_bytes([7; 16])).expect("reads");
    assert_eq!(found, Some(event(7, START + DAY)));
    assert_eq!(store.get(EventId::from_bytes([200; 16])).expect("reads"), None);
    assert_eq!(store.days().iter().map(|day| day.events).collect::<Vec<_>>(), [11, 10, 10]);
}

#[test]
fn more_days_than_writers_lose_nothing() {
    let folder = tempfile::tempdir().expect("folder");
    let store = Store::open(settings(folder.path())).expect("opens");
    for number in 0..24_u8 {
        store.add(&event(number, START + i64::from(number % 8) * DAY), u64::from(number)).expect("adds");
    }
    store.commit().expect("commits");
    assert_eq!((all(&store), store.days().len()), (24, 8));
}

#[test]
fn a_damaged_day_is_moved_aside_and_built_again() {
    let folder = tempfile::tempdir().expect("folder");
    drop(filled(folder.path()));
    fs::write(folder.path().join("2026-03-02/meta.json"), b"{ broken").expect("writes");
    let store = Store::open(settings(folder.path())).expect("opens");
    assert_eq!((all(&store), store.committed_sequence()), (20, None));
    let [damaged] = store.damaged() else { panic!("one day is damaged: {:?}", store.damaged()) };
    assert_eq!((damaged.day.as_str(), damaged.moved_to.as_str()), ("2026-03-02", "damaged-2026-03-02-1"));
    assert!(folder.path().join(&damaged.moved_to).is_dir());
    drop(store);
    assert_eq!(Store::open(settings(folder.path())).expect("opens").committed_sequence(), None);
    let store = filled(folder.path());
    assert_eq!((all(&store), store.committed_sequence()), (30, Some(29)));
}

#[test]
fn a_file_torn_while_it_was_written_is_noticed() {
    let folder = tempfile::tempdir().expect("folder");
    drop(filled(folder.path()));
    let day = folder.path().join("2026-03-01");
    // The mark that a killed process leaves behind.
    fs::write(day.join("writing"), b"").expect("writes");
    assert!(Store::open(settings(folder.path())).expect("opens").damaged().is_empty());
    fs::write(day.join("writing"), b"").expect("writes");
    let files = fs::read_dir(&day).expect("reads").map(|entry| entry.expect("entry").path());
    let store = files.into_iter().find(|path| path.extension().is_some_and(|e| e == "store")).expect("a store file");
    let mut bytes = fs::read(&store).expect("reads");
    bytes[3] ^= 0xff;
    fs::write(&store, bytes).expect("writes");
    assert_eq!(Store::open(settings(folder.path())).expect("opens").damaged().len(), 1);
}

#[test]
fn missing_and_cut_files_never_panic() {
    let folder = tempfile::tempdir().expect("folder");
    drop(filled(folder.path()));
    let day = folder.path().join("2026-03-01");
    let names: Vec<_> = fs::read_dir(&day).expect("reads").map(|entry| entry.expect("entry").file_name()).collect();
    for name in names {
        let copy = tempfile::tempdir().expect("folder");
        let target = copy.path().join("2026-03-01");
        fs::create_dir(&target).expect("creates");
        for entry in fs::read_dir(&day).expect("reads").map(|entry| entry.expect("entry")) {
            fs::copy(entry.path(), target.join(entry.file_name())).expect("copies");
        }
        let size = fs::metadata(target.join(&name)).expect("size").len();
        fs::File::options().write(true).open(target.join(&name)).and_then(|file| file.set_len(size / 2)).expect("cuts");
        let store = Store::open(settings(copy.path())).expect("opens");
        let _ = store.search(&SearchRequest { query: "number".into(), ..SearchRequest::default() });
    }
}

#[test]
fn retention_drops_whole_days_and_has_a_floor() {
    let folder = tempfile::tempdir().expect("folder");
    let store = filled(folder.path());
    let now = Timestamp::from_parts(START + 181 * DAY + 5, 0);
    assert_eq!(store.expired(now, store.retention_days()), ["2026-03-01"]);
    assert_eq!(store.apply_retention(now, 180, None).expect("applies"), ["2026-03-01"]);
    assert_eq!((all(&store), folder.path().join("2026-03-01").exists()), (20, false));

    let now = Timestamp::from_parts(START + 9 * DAY, 0);
    assert!(matches!(store.apply_retention(now, 7, None), Err(StoreError::RetentionFloor { days: 7, floor: 180 })));
    let empty = RetentionOverride { account: String::new(), reason: "test".into() };
    assert!(matches!(store.apply_retention(now, 7, Some(&empty)), Err(StoreError::OverrideIncomplete)));
    let granted = RetentionOverride { account: "auditor".into(), reason: "disk is being replaced".into() };
    assert_eq!(store.apply_retention(now, 7, Some(&granted)).expect("applies"), ["2026-03-02"]);
    assert_eq!(all(&store), 10);
}

#[test]
fn misuse_is_an_error_with_a_remedy() {
    let folder = tempfile::tempdir().expect("folder");
    let store = filled(folder.path());
    let search = |query: &str| store.search(&SearchRequest { query: query.into(), ..SearchRequest::default() });
    for (query, position) in
        [("a AND (", 8), ("source.port:many", 13), ("x source.ip:10.0.0.999", 13), ("time:yesterday", 6)]
    {
        let Err(StoreError::Query(error)) = search(query) else { panic!("{query} was accepted") };
        assert_eq!(error.position, position, "{query}");
        assert!(!error.remedy.is_empty());
    }
    assert!(matches!(search("user.name:*a*b*c*d*e*f*g*h*"), Err(StoreError::Query(_))));
    let selection = Selection::default();
    assert!(matches!(store.top_terms(&selection, "message", 5), Err(StoreError::Field { .. })));
    assert!(matches!(store.numeric_statistics(&selection, "user.name"), Err(StoreError::Field { .. })));
    assert!(matches!(store.histogram(&selection, 1), Err(StoreError::Limit { .. })));
    let cursor = SearchRequest { cursor: Some("\u{1b}[0m".into()), ..SearchRequest::default() };
    assert!(matches!(store.search(&cursor), Err(StoreError::Cursor(_))));
    let large = SearchRequest { limit: 100_000, ..SearchRequest::default() };
    assert!(matches!(store.search(&large), Err(StoreError::Limit { .. })));
    assert_eq!(
        store.search(&SearchRequest { units: Some(Vec::new()), ..Default::default() }).expect("nothing").total,
        0
    );
}

/// Everything below a folder, with its content.
fn content(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut all = BTreeMap::new();
    for entry in fs::read_dir(folder).expect("reads").map(|entry| entry.expect("entry").path()) {
        if entry.is_dir() {
            all.extend(content(&entry));
        } else {
            let bytes = fs::read(&entry).expect("reads");
            all.insert(entry, bytes);
        }
    }
    all
}

/// Files that are not the same in both.
fn differing(one: &BTreeMap<PathBuf, Vec<u8>>, other: &BTreeMap<PathBuf, Vec<u8>>) -> Vec<PathBuf> {
    let paths: BTreeSet<&PathBuf> = one.keys().chain(other.keys()).collect();
    paths.into_iter().filter(|path| one.get(*path) != other.get(*path)).cloned().collect()
}

/// Events of a view, and days that it can't read.
fn viewed(folder: &Path) -> (u64, usize) {
    let view = StoreView::open(folder, None, None).expect("opens");
    let plan = view.scan(&Scan::default()).expect("is a scan");
    (plan.days().map(|day| day.stored().expect("counts")).sum(), view.unread().len())
}

#[test]
fn a_view_beside_a_writer_sees_what_is_committed_and_changes_nothing() {
    let folder = tempfile::tempdir().expect("folder");
    let store = filled(folder.path());
    store.add(&event(99, START), 30).expect("adds");
    store.add(&event(100, START + 3 * DAY), 31).expect("adds");
    // What a kill in the middle of a removal or of writing a shape leaves behind.
    fs::create_dir(folder.path().join("dropping-2026-02-01")).expect("creates");
    fs::write(folder.path().join("dropping-2026-02-01/rest"), b"x").expect("writes");
    let shapes = folder.path().join("2026-03-01/shapes");
    let mut cut = fs::read(&shapes).unwrap_or_default();
    cut.extend_from_slice(&[9, 0, 0, 0, 1]);
    fs::write(&shapes, cut).expect("writes");
    // The writer's thread begins its files when it likes.
    std::thread::sleep(Duration::from_millis(500));
    let before = content(folder.path());
    assert_eq!(viewed(folder.path()), (30, 0));
    let early = StoreView::open(folder.path(), None, None).expect("opens");
    assert_eq!(differing(&before, &content(folder.path())), Vec::<PathBuf>::new());
    store.commit().expect("commits");
    assert_eq!(viewed(folder.path()), (32, 0));
    let retention = RetentionOverride { account: "a".into(), reason: "b".into() };
    store.apply_retention(Timestamp::from_parts(START + 3 * DAY, 0), 1, Some(&retention)).expect("drops");
    assert_eq!(viewed(folder.path()), (11, 0));
    let plan = early.scan(&Scan::default()).expect("is a scan");
    let mut seen = 0;
    for day in plan.days() {
        let mut count = |_| {
            seen += 1;
            ControlFlow::Continue(())
        };
        day.visit(&mut count).expect("what was dropped since goes on being seen");
    }
    assert_eq!(seen, 30);
}

#[test]
fn a_view_names_a_damaged_day_and_leaves_it_where_it_is() {
    let folder = tempfile::tempdir().expect("folder");
    drop(filled(folder.path()));
    fs::write(folder.path().join("2026-03-02/meta.json"), b"{ broken").expect("writes");
    fs::create_dir(folder.path().join("2026-03-07")).expect("creates");
    let before = content(folder.path());
    let view = StoreView::open(folder.path(), None, None).expect("opens");
    assert_eq!(view.unread().iter().map(|unread| unread.day.as_str()).collect::<Vec<_>>(), ["2026-03-02"]);
    assert_eq!(viewed(folder.path()), (20, 1));
    let later = StoreView::open(folder.path(), Some(Timestamp::from_parts(START + 2 * DAY, 0)), None).expect("opens");
    assert_eq!(later.unread(), []);
    assert_eq!(differing(&before, &content(folder.path())), Vec::<PathBuf>::new());
    let missing = StoreView::open(&folder.path().join("none"), None, None).expect_err("is missing");
    assert!(missing.to_string().contains("none"), "{missing}");
}
