//! Values that go into statements and rows that come out.

use std::borrow::Cow;

use sqlx::Row as _;
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;

/// A value of a placeholder.
#[derive(Debug, Clone)]
pub(crate) enum Value {
    /// A number, time or boolean.
    Int(Option<i64>),
    /// A text.
    Text(Option<String>),
    /// Bytes.
    Bytes(Vec<u8>),
}

/// A text as every database keeps it. PostgreSQL takes no U+0000, which anybody can write into a log; its picture stands for it.
pub(crate) fn storable(text: &str) -> Cow<'_, str> {
    if text.contains('\0') { Cow::Owned(text.replace('\0', "\u{2400}")) } else { Cow::Borrowed(text) }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(Some(number))
    }
}

impl From<Option<i64>> for Value {
    fn from(number: Option<i64>) -> Self {
        Self::Int(number)
    }
}

impl From<bool> for Value {
    fn from(yes: bool) -> Self {
        Self::Int(Some(i64::from(yes)))
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(Some(storable(text).into_owned()))
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        if text.contains('\0') { Self::from(text.as_str()) } else { Self::Text(Some(text)) }
    }
}

impl From<&String> for Value {
    fn from(text: &String) -> Self {
        Self::from(text.as_str())
    }
}

impl From<Option<String>> for Value {
    fn from(text: Option<String>) -> Self {
        text.map_or(Self::Text(None), Self::from)
    }
}

impl From<Option<&str>> for Value {
    fn from(text: Option<&str>) -> Self {
        Self::Text(text.map(|text| storable(text).into_owned()))
    }
}

impl From<Vec<u8>> for Value {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes)
    }
}

/// A row.
pub(crate) enum Row {
    /// Of a file.
    Sqlite(SqliteRow),
    /// Of a server.
    Postgres(PgRow),
}

type Get<T> = Result<T, sqlx::Error>;

impl Row {
    /// A number, time or boolean.
    pub(crate) fn int(&self, name: &str) -> Get<i64> {
        match self {
            Self::Sqlite(row) => row.try_get(name),
            Self::Postgres(row) => {
                integer(row, name)?.ok_or_else(|| sqlx::Error::Decode(format!("{name} is null").into()))
            }
        }
    }

    /// A number or time that may be missing.
    pub(crate) fn optional_int(&self, name: &str) -> Get<Option<i64>> {
        match self {
            Self::Sqlite(row) => row.try_get(name),
            Self::Postgres(row) => integer(row, name),
        }
    }

    /// A text.
    pub(crate) fn text(&self, name: &str) -> Get<String> {
        match self {
            Self::Sqlite(row) => row.try_get(name),
            Self::Postgres(row) => row.try_get(name),
        }
    }

    /// A text that may be missing.
    pub(crate) fn optional_text(&self, name: &str) -> Get<Option<String>> {
        match self {
            Self::Sqlite(row) => row.try_get(name),
            Self::Postgres(row) => row.try_get(name),
        }
    }

    /// Bytes.
    pub(crate) fn bytes(&self, name: &str) -> Get<Vec<u8>> {
        match self {
            Self::Sqlite(row) => row.try_get(name),
            Self::Postgres(row) => row.try_get(name),
        }
    }

    /// A boolean.
    pub(crate) fn flag(&self, name: &str) -> Get<bool> {
        Ok(self.int(name)? != 0)
    }

    /// JSON kept as text; null when it does not parse.
    pub(crate) fn json(&self, name: &str) -> Get<serde_json::Value> {
        Ok(serde_json::from_str(&self.text(name)?).unwrap_or_default())
    }
}

/// A number of a server, whatever its width: literals are four bytes, flags two.
fn integer(row: &PgRow, name: &str) -> Get<Option<i64>> {
    row.try_get::<Option<i64>, _>(name)
        .or_else(|_| row.try_get::<Option<i32>, _>(name).map(|number| number.map(i64::from)))
        .or_else(|_| row.try_get::<Option<i16>, _>(name).map(|number| number.map(i64::from)))
}
