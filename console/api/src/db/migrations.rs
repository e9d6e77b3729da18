//! The schema, step by step; a step is never changed once released.

use super::{Db, Query, Tx, args};
use crate::error::ConsoleError;

/// Every step with its number. Numbers need not be without gaps: parts of the console have ranges of their own, and a
/// step is applied when its number is not in the database, whatever came after it.
const STEPS: &[(i64, &str)] = &[
    (1, include_str!("../../migrations/0001_base.sql")),
    (2, include_str!("../../migrations/0002_factors.sql")),
    (3, include_str!("../../migrations/0003_analyst.sql")),
    (4, include_str!("../../migrations/0004_steward.sql")),
    (5, include_str!("../../migrations/0005_cascade.sql")),
    (6, include_str!("../../migrations/0006_drill.sql")),
    (10, include_str!("../../migrations/0010_tier.sql")),
    (11, include_str!("../../migrations/0011_anchor.sql")),
    (20, include_str!("../../migrations/0020_supervision.sql")),
    (30, include_str!("../../migrations/0030_thinning.sql")),
    (40, include_str!("../../migrations/0040_standing.sql")),
    (41, include_str!("../../migrations/0041_indicators.sql")),
    (50, include_str!("../../migrations/0050_search.sql")),
    (60, include_str!("../../migrations/0060_force.sql")),
    (61, include_str!("../../migrations/0061_evidence.sql")),
    (70, include_str!("../../migrations/0070_playbook.sql")),
    (71, include_str!("../../migrations/0071_warning.sql")),
    (72, include_str!("../../migrations/0072_clock_record.sql")),
    (73, include_str!("../../migrations/0073_setting.sql")),
    (74, include_str!("../../migrations/0074_regulation.sql")),
    (75, include_str!("../../migrations/0075_incident_end.sql")),
    (76, include_str!("../../migrations/0076_retro_hunt.sql")),
    (77, include_str!("../../migrations/0077_readiness.sql")),
    (78, include_str!("../../migrations/0078_appeal.sql")),
    (79, include_str!("../../migrations/0079_participant.sql")),
    (80, include_str!("../../migrations/0080_fold.sql")),
    (81, include_str!("../../migrations/0081_system.sql")),
    (90, include_str!("../../migrations/0090_counter.sql")),
    (91, include_str!("../../migrations/0091_notify.sql")),
    (92, include_str!("../../migrations/0092_capability.sql")),
];

/// Brings the schema up to date, each step in its own transaction.
pub(super) async fn run(db: &Db, place: &str) -> Result<(), ConsoleError> {
    let failed = |source| ConsoleError::Database { place: place.to_owned(), source };
    let done = applied(db).await.map_err(failed)?;
    if let Some(found) = done.iter().copied().find(|found| !STEPS.iter().any(|(number, _)| number == found)) {
        let known = STEPS.iter().map(|(number, _)| *number).max().unwrap_or(0);
        return Err(ConsoleError::Newer { place: place.to_owned(), found, known });
    }
    for (number, step) in STEPS.iter().filter(|(number, _)| !done.contains(number)) {
        apply(db, step, *number).await.map_err(failed)?;
    }
    Ok(())
}

/// Numbers of the steps the database has.
async fn applied(db: &Db) -> Result<Vec<i64>, sqlx::Error> {
    let mut tx = db.begin().await?;
    tx.execute("CREATE TABLE IF NOT EXISTS schema_version (version BIGINT PRIMARY KEY)", vec![]).await?;
    let rows = tx.rows("SELECT version FROM schema_version ORDER BY version", vec![]).await?;
    tx.commit().await?;
    rows.iter().map(|row| row.int("version")).collect()
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
    let code =
        if tx.of_server() { code.replace(" BLOB ", " BYTEA ").replace(" TEXT", " TEXT COLLATE \"C\"") } else { code };
    code.split(';').map(str::trim).filter(|statement| !statement.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_go_up() {
        assert!(STEPS.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }
}
