//! A lexicon that follows its folder: changed files take effect without a restart, broken ones change nothing.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use fengsui_dlp_engine::lexicon::Lexicon;

use crate::{GatewayError, load_lexicon};

/// A folder of lexicon files and what they were compiled to when last looked at.
#[derive(Debug)]
pub struct ReloadingLexicon {
    folder: PathBuf,
    /// How long the folder is not looked at again.
    every: Duration,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    looked: Instant,
    stamp: Stamp,
    lexicon: Arc<Lexicon>,
}

/// Names, sizes and times of the files.
type Stamp = BTreeMap<PathBuf, (u64, Option<SystemTime>)>;

impl ReloadingLexicon {
    /// Compiles the lexicon of a folder, which is looked at again after some time at the earliest.
    ///
    /// # Errors
    /// When the folder can't be read or a file is no lexicon.
    pub fn open(folder: &Path, every: Duration) -> Result<Self, GatewayError> {
        let stamp = stamp(folder);
        let lexicon = Arc::new(Lexicon::new(&load_lexicon(folder)?)?);
        let state = Mutex::new(State { looked: Instant::now(), stamp, lexicon });
        Ok(Self { folder: folder.to_owned(), every, state })
    }

    /// The lexicon as the folder had it when last looked at. When a file is broken, the one before stays, and the log says why.
    #[must_use]
    pub fn current(&self) -> Arc<Lexicon> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.looked.elapsed() < self.every {
            return Arc::clone(&state.lexicon);
        }
        let now = stamp(&self.folder);
        state.looked = Instant::now();
        if state.stamp != now {
            match load_lexicon(&self.folder).and_then(|files| Ok(Lexicon::new(&files)?)) {
                Ok(lexicon) => state.lexicon = Arc::new(lexicon),
                Err(error) => tracing::warn!(%error, "the lexicon was not reloaded; the one before stays in use"),
            }
            state.stamp = now;
        }
        Arc::clone(&state.lexicon)
    }
}

fn stamp(folder: &Path) -> Stamp {
    let entries = std::fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    entries
        .filter_map(|entry| {
            let known = entry.metadata().ok()?;
            Some((entry.path(), (known.len(), known.modified().ok())))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_take_effect_and_broken_files_do_not() {
        let folder = tempfile::tempdir().expect("makes a folder");
        let file = folder.path().join("own.toml");
        let text = |word: &str| format!("category = 'own'\ntitle = '自定'\nwords = ['{word}']\n");
        std::fs::write(&file, text("甲乙丙丁")).expect("writes");
        let lexicon = ReloadingLexicon::open(folder.path(), Duration::ZERO).expect("opens");
        assert_eq!(lexicon.current().screen("甲乙丙丁").len(), 1);
        std::fs::write(&file, text("戊己庚辛壬")).expect("writes");
        assert_eq!(lexicon.current().screen("戊己庚辛壬").len(), 1);
        std::fs::write(&file, "words = 7").expect("writes");
        assert_eq!(lexicon.current().screen("戊己庚辛壬").len(), 1);
        let seldom = ReloadingLexicon::open(folder.path(), Duration::from_secs(3600));
        assert!(seldom.is_err(), "a folder that is broken from the start is refused");
    }
}
