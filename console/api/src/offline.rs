//! What the command line does with a console's database file: check the audit chain, copy it while it is in use.

use std::path::Path;

use fengsui_crypto::{KeyPair, PublicKey};
use sqlx::AssertSqlSafe;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool, SqlitePoolOptions};

use crate::audit;
use crate::db::{Changes, Db, Query};
use crate::error::ConsoleError;
use crate::wire::AuditVerdict;

/// Checks the hash chain of the audit log in a database file, without changing the file.
///
/// # Errors
/// When the file can't be read or is no console's database; a broken chain is no error but the answer.
pub async fn verify_audit_file(path: &Path) -> Result<AuditVerdict, ConsoleError> {
    let pool = open_read_only(path).await?;
    let mut db =
        Db::Sqlite { readers: pool.clone(), writer: pool.clone(), checkpoints: pool, changes: Changes::default() };
    let anchors = anchors(&mut db, path).await;
    let verdict = audit::verify(&mut db, &anchors).await.map_err(|source| failed(path, source));
    db.close().await;
    verdict
}

/// The keys whose signatures the checkpoints must carry, as far as they lie beside the database.
async fn anchors(db: &mut Db, path: &Path) -> audit::Anchors {
    let own = KeyPair::load(&path.with_file_name("node.pem")).ok().map(|key| key.public());
    let sql = "SELECT public_key FROM tier_node WHERE relation = 'parent'";
    let row = db.row(sql, vec![]).await.ok().flatten();
    let key = row.and_then(|row| hex::decode(row.text("public_key").ok()?).ok());
    audit::Anchors { own, parent: key.and_then(|bytes| PublicKey::from_bytes(&bytes).ok()) }
}

/// Copies a database file as of one moment, while a console may be writing to it (SQLite's `VACUUM INTO`).
///
/// # Errors
/// When the file can't be read, or `to` exists or can't be written.
pub async fn snapshot_database(from: &Path, to: &Path) -> Result<(), ConsoleError> {
    let pool = open_read_only(from).await?;
    let target = to.to_string_lossy().into_owned();
    let copied = sqlx::query(AssertSqlSafe("VACUUM INTO $1")).bind(target).execute(&pool).await;
    pool.close().await;
    copied.map(|_| ()).map_err(|source| failed(to, source))
}

/// Begins new epochs of a node whose database file was put back from a backup: its neighbours feed it again from what
/// they still hold, and what it sends again has no second effect. `now` is in milliseconds since the epoch.
///
/// # Errors
/// When the file can't be written or is no console's database.
pub async fn begin_new_epochs(path: &Path, now: i64) -> Result<(), ConsoleError> {
    let db = Db::open(&path.to_string_lossy(), 1).await?;
    let mut tx = db.begin().await.map_err(|source| failed(path, source))?;
    crate::tier::begin_epochs(&mut tx, now).await?;
    tx.commit().await.map_err(|source| failed(path, source))?;
    db.close().await;
    Ok(())
}

async fn open_read_only(path: &Path) -> Result<SqlitePool, ConsoleError> {
    let options = SqliteConnectOptions::new().filename(path).create_if_missing(false).read_only(true);
    SqlitePoolOptions::new().max_connections(1).connect_with(options).await.map_err(|source| failed(path, source))
}

fn failed(path: &Path, source: sqlx::Error) -> ConsoleError {
    ConsoleError::Database { place: path.display().to_string(), source }
}
