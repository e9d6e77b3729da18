//! What looks at files: the same in a worker and in a process that scans by itself.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};

use fengsui_dlp_engine::{ContentHint, ContentReport};

use super::request::{Asked, ContentOutcome, FileReport, FileTask};
use super::rules::Encoded;
use super::{Job, LiveScanRules, ScanRules, Scanner};
use crate::{FilesError, ScanOutcome, Unscanned, YaraRules};

/// Takes content apart and finds sensitive data in it.
pub type Classifier = Box<dyn Fn(&[u8], &ContentHint) -> ContentReport + Send + Sync>;

/// Makes a classifier of its rules. Given by the program: what takes documents apart is no business of a sensor's.
pub type BuildClassifier = dyn Fn(&super::ContentRules) -> Result<Classifier, String> + Send + Sync;

/// Rules that are loaded.
pub(super) struct Inspector {
    yara: Option<YaraRules>,
    content: Option<Classifier>,
}

impl Inspector {
    pub(super) fn load(rules: &ScanRules, build: &BuildClassifier) -> Result<Self, FilesError> {
        let texts = rules.yara.iter().map(|(name, text)| (name.as_str(), text.as_str()));
        let yara = if rules.yara.is_empty() { None } else { Some(YaraRules::compile(texts)?) };
        let content = rules.content.as_ref().map(|rules| build(rules)).transpose().map_err(FilesError::Refused)?;
        Ok(Self { yara, content })
    }

    /// How many YARA rules there are.
    pub(super) fn yara_rules(&self) -> usize {
        self.yara.as_ref().map_or(0, YaraRules::len)
    }

    /// Answers each question; one over which the code panics costs that answer.
    pub(super) fn inspect(&self, asked: Asked<'_>, before: &mut dyn FnMut(Job)) -> FileReport {
        let content = asked.content.map(|hint| {
            before(Job::Content);
            self.content.as_ref().map_or_else(
                || ContentOutcome::Unfinished(not_loaded()),
                |classify| {
                    guarded(|| ContentOutcome::Read(classify(asked.bytes, hint)))
                        .unwrap_or_else(ContentOutcome::Unfinished)
                },
            )
        });
        let yara = asked.yara.then(|| {
            before(Job::Yara);
            self.yara.as_ref().map_or_else(
                || ScanOutcome::Unscanned(not_loaded()),
                |rules| guarded(|| rules.scan(asked.bytes)).unwrap_or_else(ScanOutcome::Unscanned),
            )
        });
        FileReport { yara, content }
    }
}

fn not_loaded() -> Unscanned {
    Unscanned::Failed("no rules for it are loaded".to_owned())
}

fn guarded<T>(work: impl FnOnce() -> T) -> Result<T, Unscanned> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|_| Unscanned::Failed("the code panicked over it".to_owned()))
}

/// Scans in this process: for tests and tools that only see files of their own.
struct InProcess {
    live: LiveScanRules,
    number: usize,
    loaded: Arc<Loaded>,
    /// The version that was last looked at, and what files are looked at with since.
    seen: String,
    inspector: Arc<Inspector>,
}

/// What all scanners of this process share, so that rules are loaded once.
struct Loaded {
    build: Arc<BuildClassifier>,
    state: Mutex<(String, Arc<Inspector>)>,
}

impl Loaded {
    /// The inspector for these rules. Rules that do not load leave the ones before in force.
    fn inspector(&self, wanted: &Encoded) -> (String, Arc<Inspector>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.0 != wanted.version {
            match Inspector::load(&wanted.rules, &*self.build) {
                Ok(inspector) => *state = (wanted.version.clone(), Arc::new(inspector)),
                Err(error) => tracing::error!(%error, "rules for files are refused; the ones before stay in force"),
            }
        }
        (state.0.clone(), Arc::clone(&state.1))
    }
}

/// So many scanners of this process that share their rules.
///
/// # Errors
/// When a rule does not compile.
pub fn scanners_in_process(
    live: &LiveScanRules,
    count: usize,
    build: Arc<BuildClassifier>,
) -> Result<Vec<Box<dyn Scanner>>, FilesError> {
    let first = live.current();
    let inspector = Arc::new(Inspector::load(&first.rules, &*build)?);
    let state = Mutex::new((first.version.clone(), Arc::clone(&inspector)));
    let loaded = Arc::new(Loaded { build, state });
    let scanner = |number| {
        live.note_serving(number, &first.version);
        let (loaded, inspector) = (Arc::clone(&loaded), Arc::clone(&inspector));
        Box::new(InProcess { live: live.clone(), number, loaded, seen: first.version.clone(), inspector })
            as Box<dyn Scanner>
    };
    Ok((0..count).map(scanner).collect())
}

impl Scanner for InProcess {
    fn scan(&mut self, files: &[FileTask]) -> Vec<FileReport> {
        let wanted = self.live.current();
        if wanted.version != self.seen {
            let (version, inspector) = self.loaded.inspector(&wanted);
            self.live.note_serving(self.number, &version);
            (self.seen, self.inspector) = (wanted.version.clone(), inspector);
        }
        files.iter().map(|file| self.inspector.inspect(Asked::of(file), &mut |_| {})).collect()
    }
}
