//! What can go wrong in the event index.

use std::path::PathBuf;

use crate::QueryError;

/// What can go wrong in the event index.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The query text is wrong; says where and what to write instead.
    #[error(transparent)]
    Query(#[from] QueryError),
    /// A field that can't be counted or added up.
    #[error("field {field} {reason}")]
    Field {
        /// The field's name as shown.
        field: String,
        /// What is wrong, with the remedy.
        reason: String,
    },
    /// A request past a named limit.
    #[error("{what} of {value} is more than the limit of {limit}; ask for less")]
    Limit {
        /// What was asked for.
        what: &'static str,
        /// How much of it.
        value: u64,
        /// The limit.
        limit: u64,
    },
    /// A page cursor that this store did not give out.
    #[error("page cursor {0} is not one of this store; start again from the first page")]
    Cursor(String),
    /// Retention below the floor of 180 days without an override.
    #[error("retention of {days} days is below the legal floor of {floor} days; pass an audited override")]
    RetentionFloor {
        /// What was asked for.
        days: u32,
        /// The floor.
        floor: u32,
    },
    /// An override of the floor without a reason or a responsible account.
    #[error("an override of the retention floor names who asks for it and why")]
    OverrideIncomplete,
    /// A file or folder could not be read or written.
    #[error("{action} {}: {source}; check the disk and the folder's rights", .path.display())]
    File {
        /// What was tried.
        action: &'static str,
        /// Which path.
        path: PathBuf,
        /// What the system answered.
        source: std::io::Error,
    },
    /// The index library failed.
    #[error("event index of {day}: {source}")]
    Index {
        /// The UTC day.
        day: String,
        /// What the library answered.
        source: tantivy::TantivyError,
    },
    /// A stored event that can't be read back.
    #[error(
        "stored event in the index of {day} is damaged: {reason}; remove that day's folder to rebuild it from the spool"
    )]
    Damaged {
        /// The UTC day.
        day: String,
        /// What is wrong.
        reason: String,
    },
}

impl StoreError {
    /// A [`StoreError::File`] of a path.
    pub(crate) fn file(action: &'static str, path: &std::path::Path) -> impl FnOnce(std::io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |source| Self::File { action, path, source }
    }

    /// A [`StoreError::Index`] of a day.
    pub(crate) fn index(day: &str) -> impl FnOnce(tantivy::TantivyError) -> Self + use<> {
        let day = day.to_owned();
        move |source| Self::Index { day, source }
    }
}
