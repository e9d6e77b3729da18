//! The database: one SQL text with `$1` placeholders for SQLite and PostgreSQL.
//!
//! SQLite has one writer connection and several readers (WAL); a write transaction starts with BEGIN IMMEDIATE, so
//! that "database is locked" can't happen half way through.

mod changes;
mod filter;
mod migrations;
mod placeholders;
mod row;
mod statistics;

use std::path::Path;
use std::time::Duration;

use sqlx::postgres::{PgArguments, PgPool, PgPoolOptions, Postgres};
use sqlx::sqlite::{
    SqliteArguments, SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{Arguments, AssertSqlSafe, Sqlite, Transaction};

use changes::Touched;
pub(crate) use changes::{Changes, Memory};
pub(crate) use filter::Filter;
pub(crate) use placeholders::{placeholders, tuples};
pub(crate) use row::{Row, Value, storable};

use crate::error::ConsoleError;

/// Values of the placeholders of one statement, in order.
macro_rules! args {
    ($($value:expr),* $(,)?) => { vec![$($crate::db::Value::from($value)),*] };
}
pub(crate) use args;

/// The database of a console.
#[derive(Clone)]
pub(crate) enum Db {
    /// A file.
    Sqlite {
        /// Readers.
        readers: SqlitePool,
        /// The one writer.
        writer: SqlitePool,
        /// The connection that moves the log into the file; opened when it is first used.
        checkpoints: SqlitePool,
        /// What was changed through the writer.
        changes: Changes,
    },
    /// A server.
    Postgres(PgPool),
}

/// A write transaction; rolls back when dropped.
pub(crate) struct Tx {
    inner: Inner,
    touched: Touched,
}

enum Inner {
    /// Of a file.
    Sqlite(Transaction<'static, Sqlite>, Changes),
    /// Of a server.
    Postgres(Transaction<'static, Postgres>),
}

/// What reads rows: the database itself or a transaction.
pub(crate) trait Query: Send {
    /// Every row of a statement.
    fn rows(&mut self, sql: &str, args: Vec<Value>) -> impl Future<Output = Result<Vec<Row>, sqlx::Error>> + Send;

    /// The first row of a statement.
    fn row(&mut self, sql: &str, args: Vec<Value>) -> impl Future<Output = Result<Option<Row>, sqlx::Error>> + Send {
        async move { Ok(self.rows(sql, args).await?.into_iter().next()) }
    }

    /// The column `n` of the first row, 0 without a row.
    fn count(&mut self, sql: &str, args: Vec<Value>) -> impl Future<Output = Result<i64, sqlx::Error>> + Send {
        async move { Ok(self.row(sql, args).await?.and_then(|row| row.optional_int("n").ok().flatten()).unwrap_or(0)) }
    }
}

impl Db {
    /// Opens a database file, or a server when the place starts with `postgres://`, and brings its schema up to date.
    pub(crate) async fn open(place: &str, readers: u32) -> Result<Self, ConsoleError> {
        let opened = if place.starts_with("postgres://") || place.starts_with("postgresql://") {
            PgPoolOptions::new().max_connections(readers.saturating_add(1)).connect(place).await.map(Self::Postgres)
        } else {
            Self::open_file(Path::new(place), readers).await
        };
        let shown = if place.contains("://") { "postgres server" } else { place };
        let failed = |source| ConsoleError::Database { place: shown.to_owned(), source };
        let db = opened.map_err(failed)?;
        migrations::run(&db, shown).await?;
        statistics::put(&db).await.map_err(failed)?;
        Ok(db)
    }

    async fn open_file(path: &Path, readers: u32) -> Result<Self, sqlx::Error> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .foreign_keys(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(Duration::from_secs(10))
            .pragma("cache_size", "-32768")
            .pragma("mmap_size", MAPPED_BYTES)
            .pragma("temp_store", "memory")
            .pragma("wal_autocheckpoint", LOG_PAGES)
            // A page of a list goes from the thread of the connection to the reader at once and not row by row.
            .row_buffer_size(ROWS_AHEAD);
        let writer = file_pool().max_connections(1).connect_with(options.clone()).await?;
        let checkpoints = file_pool().max_connections(1).connect_lazy_with(options.clone());
        let readers = file_pool().max_connections(readers.max(1)).connect_with(options.read_only(true)).await?;
        Ok(Self::Sqlite { readers, writer, checkpoints, changes: Changes::default() })
    }

    /// Moves what the log holds into the file, again and again, so that no change waits for it in the middle of its own
    /// commit; writing and reading go on meanwhile. A server does that by itself.
    pub(crate) async fn checkpoint_often(&self) {
        let Self::Sqlite { checkpoints, .. } = self else { return };
        loop {
            tokio::time::sleep(CHECKPOINT_EVERY).await;
            if let Err(error) = sqlx::query("PRAGMA wal_checkpoint(PASSIVE)").execute(checkpoints).await {
                tracing::warn!(%error, "the log of the database could not be moved into its file; trying again");
            }
        }
    }

    /// Starts a write transaction.
    pub(crate) async fn begin(&self) -> Result<Tx, sqlx::Error> {
        match self {
            Self::Sqlite { writer, changes, .. } => {
                let tx = writer.begin_with("BEGIN IMMEDIATE").await?;
                Ok(Tx { inner: Inner::Sqlite(tx, changes.clone()), touched: Touched::default() })
            }
            Self::Postgres(pool) => {
                // One writer at a time, as with a file: the audit chain and the sequences stay in the order of commits,
                // and no two acts can lock each other out.
                let mut tx = pool.begin().await?;
                sqlx::query("SELECT pg_advisory_xact_lock(4850720)").execute(&mut *tx).await?;
                Ok(Tx { inner: Inner::Postgres(tx), touched: Touched::default() })
            }
        }
    }

    /// How often this program changed some tables, for [`Memory`]; none when others may change them unseen.
    pub(crate) fn changes(&self, tables: &[&str]) -> Option<u64> {
        match self {
            Self::Sqlite { changes, .. } => Some(changes.of(tables)),
            Self::Postgres(_) => None,
        }
    }

    /// The function that joins texts of a group.
    pub(crate) fn group_text(&self) -> &'static str {
        match self {
            Self::Sqlite { .. } => "GROUP_CONCAT",
            Self::Postgres(_) => "STRING_AGG",
        }
    }

    /// Closes every connection after what is under way.
    pub(crate) async fn close(&self) {
        match self {
            Self::Sqlite { readers, writer, checkpoints, .. } => {
                readers.close().await;
                checkpoints.close().await;
                writer.close().await;
            }
            Self::Postgres(pool) => pool.close().await,
        }
    }
}

impl Query for Db {
    async fn rows(&mut self, sql: &str, args: Vec<Value>) -> Result<Vec<Row>, sqlx::Error> {
        match self {
            Self::Sqlite { readers, .. } => {
                let (sql, args) = placeholders::plain(sql, args);
                let rows = sqlx::query_with(AssertSqlSafe(sql), sqlite_arguments(args)?).fetch_all(&*readers).await?;
                Ok(rows.into_iter().map(Row::Sqlite).collect())
            }
            Self::Postgres(pool) => {
                let rows = sqlx::query_with(AssertSqlSafe(sql), postgres_arguments(args)?).fetch_all(&*pool).await?;
                Ok(rows.into_iter().map(Row::Postgres).collect())
            }
        }
    }
}

impl Query for Tx {
    async fn rows(&mut self, sql: &str, args: Vec<Value>) -> Result<Vec<Row>, sqlx::Error> {
        self.touched.note(sql);
        match &mut self.inner {
            Inner::Sqlite(tx, _) => {
                let (sql, args) = placeholders::plain(sql, args);
                let rows = sqlx::query_with(AssertSqlSafe(sql), sqlite_arguments(args)?).fetch_all(&mut **tx).await?;
                Ok(rows.into_iter().map(Row::Sqlite).collect())
            }
            Inner::Postgres(tx) => {
                let rows = sqlx::query_with(AssertSqlSafe(sql), postgres_arguments(args)?).fetch_all(&mut **tx).await?;
                Ok(rows.into_iter().map(Row::Postgres).collect())
            }
        }
    }
}

impl Tx {
    /// Runs a statement; how many rows it changed.
    pub(crate) async fn execute(&mut self, sql: &str, args: Vec<Value>) -> Result<u64, sqlx::Error> {
        self.touched.note(sql);
        match &mut self.inner {
            Inner::Sqlite(tx, _) => {
                let (sql, args) = placeholders::plain(sql, args);
                let done = sqlx::query_with(AssertSqlSafe(sql), sqlite_arguments(args)?).execute(&mut **tx).await?;
                Ok(done.rows_affected())
            }
            Inner::Postgres(tx) => {
                let done = sqlx::query_with(AssertSqlSafe(sql), postgres_arguments(args)?).execute(&mut **tx).await?;
                Ok(done.rows_affected())
            }
        }
    }

    /// The next number of a sequence, from 1.
    pub(crate) async fn next(&mut self, name: &str) -> Result<i64, sqlx::Error> {
        self.reserve(name, 1).await
    }

    /// The next `count` numbers of a sequence; the first of them.
    pub(crate) async fn reserve(&mut self, name: &str, count: i64) -> Result<i64, sqlx::Error> {
        let sql = "INSERT INTO sequence (name, value) VALUES ($1, $2)
                   ON CONFLICT (name) DO UPDATE SET value = sequence.value + excluded.value RETURNING value AS n";
        Ok(self.count(sql, args![name, count]).await? - count + 1)
    }

    /// Makes the changes last.
    pub(crate) async fn commit(self) -> Result<(), sqlx::Error> {
        match self.inner {
            Inner::Sqlite(tx, changes) => {
                tx.commit().await?;
                changes.add(self.touched);
                Ok(())
            }
            Inner::Postgres(tx) => tx.commit().await,
        }
    }

    /// Whether the database is a server.
    fn of_server(&self) -> bool {
        matches!(self.inner, Inner::Postgres(_))
    }
}

/// Bytes of a file that are read where they lie: the most that SQLite maps.
const MAPPED_BYTES: &str = "2147418112";
/// Pages of the log at which a commit moves them into the file itself: when the task that does so has fallen behind, or
/// nothing runs it.
const LOG_PAGES: &str = "16384";
/// How often the log is moved into the file.
const CHECKPOINT_EVERY: Duration = Duration::from_secs(1);
/// Rows that wait between the thread of a connection and the reader.
const ROWS_AHEAD: usize = 1_024;

/// Connections to a file: they neither break nor go stale, so that nothing tests or renews them and what they have
/// prepared and read stays with them.
fn file_pool() -> SqlitePoolOptions {
    SqlitePoolOptions::new().test_before_acquire(false).idle_timeout(None).max_lifetime(None)
}

fn sqlite_arguments(args: Vec<Value>) -> Result<SqliteArguments, sqlx::Error> {
    let mut arguments = SqliteArguments::default();
    for value in args {
        match value {
            Value::Int(number) => arguments.add(number),
            Value::Text(text) => arguments.add(text),
            Value::Bytes(bytes) => arguments.add(bytes),
        }
        .map_err(sqlx::Error::Encode)?;
    }
    Ok(arguments)
}

fn postgres_arguments(args: Vec<Value>) -> Result<PgArguments, sqlx::Error> {
    let mut arguments = PgArguments::default();
    for value in args {
        match value {
            Value::Int(number) => arguments.add(number),
            Value::Text(text) => arguments.add(text),
            Value::Bytes(bytes) => arguments.add(bytes),
        }
        .map_err(sqlx::Error::Encode)?;
    }
    Ok(arguments)
}
