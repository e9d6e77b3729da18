//! The files that the analyzer reads indicators from, and how it is told to read them again.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use fengsui_detect::{Indicator, read_indicators};

use crate::error::{ApiError, ApiResult};
use crate::limits::INDICATORS_PER_IMPORT;
use crate::repository::indicators::{self as store, Hand, Origin};
use crate::scope::Place;
use crate::state::AppState;

/// Makes the analyzer read its rules again. The error is for people.
pub type ReloadRules = Arc<dyn Fn() -> Result<(), String> + Send + Sync>;

/// Where indicators are kept for the analyzer.
#[derive(Clone)]
pub struct IndicatorFiles {
    /// Folder of the lists that people take in; the analyzer reads every `.csv` in it.
    pub directory: PathBuf,
    /// Files that came with the program or that the settings name.
    pub given: Vec<PathBuf>,
    /// Tells the analyzer of this process; none when it runs elsewhere and reads the folder at its next start.
    pub reload: Option<ReloadRules>,
}

/// Name of the file with values that people retired although a given list holds them. Lists whose name begins with
/// `allow` hold values that are never indicators.
const RETIRED_FILE: &str = "allow-retired";

impl IndicatorFiles {
    /// Writes a list, in place of what it was.
    pub(crate) fn write(&self, list: &str, indicators: &[Indicator]) -> std::io::Result<()> {
        let mut text = String::new();
        for indicator in indicators {
            text.push_str(&indicator.line());
            text.push('\n');
        }
        std::fs::create_dir_all(&self.directory)?;
        let (path, next) = (self.path(list, "csv"), self.path(list, "next"));
        write_through(&next, &text)?;
        std::fs::rename(next, path)
    }

    fn path(&self, list: &str, ending: &str) -> PathBuf {
        self.directory.join(format!("{list}.{ending}"))
    }
}

fn write_through(path: &Path, text: &str) -> std::io::Result<()> {
    use std::io::Write as _;
    let mut file = std::fs::File::create(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

/// Brings the lists that came with the program into the database; one that did not change is left alone.
pub(crate) async fn keep_given(state: &AppState) -> ApiResult<()> {
    let Some(files) = state.shared().indicators.clone() else { return Ok(()) };
    let place = Place::of(&state.shared().unit);
    for path in &files.given {
        let Ok(bytes) = std::fs::read(path) else { continue };
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let list = path.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let digest = hex::encode(fengsui_crypto::sm3(text.as_bytes()));
        let mut tx = state.db().begin().await?;
        // A list that somebody took in under this name is theirs; one that did not change needs nothing.
        let Ok(kept) = store::digest_of(&mut tx, &list, Origin::Given).await else { continue };
        if kept.as_ref() == Some(&digest) {
            continue;
        }
        let mut file = read_indicators(&path.display().to_string(), &text);
        if file.indicators.is_empty() || list.starts_with("allow") {
            continue;
        }
        file.indicators.truncate(INDICATORS_PER_IMPORT);
        let hand = Hand { place: &place, by: "", now: state.now() };
        store::take(&mut tx, &hand, (&list, Origin::Given, &digest), &file.indicators).await?;
        store::drop_older(&mut tx, &list, hand.now).await?;
        tx.commit().await?;
    }
    Ok(())
}

/// Writes the files of lists for the analyzer and tells it. False when it will read them at its next start.
pub(crate) async fn put_in_force(state: &AppState, lists: &[String]) -> ApiResult<bool> {
    let Some(files) = state.shared().indicators.clone() else { return Ok(false) };
    let mut db = state.db();
    let mut written = Vec::new();
    for list in lists {
        if let Some(lines) = store::in_force(&mut db, list, state.now()).await? {
            written.push((list.clone(), lines));
        }
    }
    written.push((RETIRED_FILE.to_owned(), store::retired_of_given(&mut db).await?));
    let done = state.off_thread(move || -> Result<bool, String> {
        for (list, lines) in &written {
            files.write(list, lines).map_err(|error| error.to_string())?;
        }
        files.reload.map_or(Ok(false), |reload| reload().map(|()| true))
    });
    done.await?.map_err(|error| ApiError::internal(&error))
}
