//! The schema, step by step; a step is never changed once released.

use super::{Db, Query, Tx, args};
use crate::error::ConsoleError;

const STEPS: &[&str] = &[include_str!("../../migrations/0001_base.sql")];

/// Brings the schema up to date, each step in its own transaction.
pub(super) async fn run(db: &Db, place: &str) -> Result<(), ConsoleError> {
    let failed = |source| ConsoleError::Database { place: place.to_owned(), source };
    let found = version(db).await.map_err(failed)?;
    let known = i64::try_from(STEPS.len()).unwrap_or(i64::MAX);
    if found > known {
        return Err(ConsoleError::Newer { place: place.to_owned(), found, known });
    }
    for (step, number) in STEPS.iter().zip(1_i64..) {
        if number > found {
            apply(db, step, number).await.map_err(failed)?;
        }
    }
    Ok(())
}

async fn version(db: &Db) -> Result<i64, sqlx::Error> {
    let mut tx = db.begin().await?;
    tx.execute("CREATE TABLE IF NOT EXISTS schema_version (version BIGINT PRIMARY KEY)", vec![]).await?;
    let version = tx.count("SELECT MAX(version) AS n FROM schema_version", vec![]).await?;
    tx.commit().await?;
    Ok(version)
}

async fn apply(db: &Db, step: &str, number: i64) -> Result<(), sqlx::Error> {
    let mut tx = db.begin().await?;
    for statement in statements(step, &tx) {
        tx.execute(&statement, vec![]).await?;
    }
    tx.execute("INSERT INTO schema_version (version) VALUES ($1)", args![number]).await?;
    tx.commit().await
}

/// The statements of a step; no text of a step holds a semicolon.
fn statements(step: &str, tx: &Tx) -> Vec<String> {
    let code: String = step.lines().filter(|line| !line.trim_start().starts_with("--")).collect::<Vec<_>>().join("\n");
    let code = match tx {
        Tx::Sqlite(_) => code,
        Tx::Postgres(_) => code.replace(" BLOB ", " BYTEA ").replace(" TEXT", " TEXT COLLATE \"C\""),
    };
    code.split(';').map(str::trim).filter(|statement| !statement.is_empty()).map(str::to_owned).collect()
}
