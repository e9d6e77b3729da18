//! What SQLite is told about the tables that grow.
//!
//! Without numbers it takes every index for equally good: a page of the queue took five times as long, the search for an
//! address fifteen times. Counting (ANALYZE) over millions of rows would hold up the writer, and a count of the first
//! rows of each index finds a province's alerts rare. So the numbers are data: they differ by orders of magnitude between
//! the indices and hardly between databases.

use super::{Db, Query, Tx, args, tuples};

const TEXT: &str = include_str!("../../data/statistics.tsv");

/// Table, index and numbers of each line.
fn lines() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    let lines = TEXT.lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| {
        let mut parts = line.split('\t');
        Some((parts.next()?, parts.next()?, parts.next()?))
    })
}

/// Puts the numbers where SQLite reads them, unless they are there. A server counts by itself.
pub(super) async fn put(db: &Db) -> Result<(), sqlx::Error> {
    if matches!(db, Db::Postgres(_)) {
        return Ok(());
    }
    let mut tx = db.begin().await?;
    if are_there(&mut tx).await? {
        return Ok(());
    }
    // Makes the tables of statistics; what it counts is replaced at once. Samples of values (sqlite_stat4) would make
    // SQLite plan every statement anew for its values, which cost a tenth of a request.
    tx.execute("ANALYZE schema_version", vec![]).await?;
    tx.execute("DELETE FROM sqlite_stat1", vec![]).await?;
    let values = lines().flat_map(|(table, index, numbers)| args![table, index, numbers]).collect();
    let sql = format!("INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES {}", tuples(lines().count(), 3));
    tx.execute(&sql, values).await?;
    // A change of the schema: connections that are open read the numbers too.
    tx.execute("DROP TABLE IF EXISTS sqlite_stat4", vec![]).await?;
    tx.execute("ANALYZE sqlite_schema", vec![]).await?;
    tx.commit().await
}

async fn are_there(tx: &mut Tx) -> Result<bool, sqlx::Error> {
    let sql = "SELECT COUNT(*) AS n FROM sqlite_schema WHERE name = 'sqlite_stat1'";
    if tx.count(sql, vec![]).await? == 0 {
        return Ok(false);
    }
    let rows = tx.rows("SELECT tbl, idx, stat FROM sqlite_stat1 ORDER BY tbl, idx", vec![]).await?;
    let mut wanted: Vec<_> = lines().collect();
    wanted.sort_unstable();
    let kept = rows.iter().map(|row| Ok((row.text("tbl")?, row.text("idx")?, row.text("stat")?)));
    let kept = kept.collect::<Result<Vec<_>, sqlx::Error>>()?;
    Ok(kept.iter().map(|(table, index, numbers)| (table.as_str(), index.as_str(), numbers.as_str())).eq(wanted))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    async fn database(folder: &tempfile::TempDir) -> Db {
        let path = folder.path().join("console.db");
        Db::open(&path.to_string_lossy(), 1).await.expect("opens")
    }

    #[tokio::test]
    async fn every_index_of_a_table_that_grows_has_numbers() {
        let folder = tempfile::tempdir().expect("makes a folder");
        let mut db = database(&folder).await;
        let sql = "SELECT tbl_name, name FROM sqlite_schema WHERE type = 'index'";
        let rows = db.rows(sql, vec![]).await.expect("reads");
        let tables: BTreeSet<&str> = lines().map(|(table, _, _)| table).collect();
        let there: BTreeSet<(String, String)> = rows
            .iter()
            .map(|row| (row.text("tbl_name").expect("reads"), row.text("name").expect("reads")))
            .filter(|(table, _)| tables.contains(table.as_str()))
            .collect();
        let told: BTreeSet<(String, String)> =
            lines().map(|(table, index, _)| (table.to_owned(), index.to_owned())).collect();
        assert_eq!(there, told);
    }

    /// What a million rows would show, seen without one.
    #[tokio::test]
    async fn questions_go_by_the_index_that_was_made_for_them() {
        let folder = tempfile::tempdir().expect("makes a folder");
        let mut db = database(&folder).await;
        for _ in 0..2 {
            // A plan is explained by the schema as the connection read it; only a question that is asked looks whether it changed.
            db.count("SELECT COUNT(*) AS n FROM alert", vec![]).await.expect("counts");
            for (question, index) in [
                (
                    "FROM alert a WHERE a.province = $1 AND a.state <> 'closed' ORDER BY a.time DESC, a.id DESC",
                    "alert_province_open",
                ),
                ("FROM alert a WHERE a.province = $1 ORDER BY a.time DESC, a.id DESC", "alert_province_time"),
                (
                    "FROM alert a WHERE a.county = $1 AND a.state <> 'closed' ORDER BY a.time DESC, a.id DESC",
                    "alert_county_open",
                ),
                (
                    "FROM alert a WHERE a.county = $1 AND a.state = 'closed' ORDER BY a.time DESC, a.id DESC",
                    "alert_county_time",
                ),
                (
                    "FROM alert a WHERE a.province = $1 AND a.source_ip = $2 ORDER BY a.time DESC, a.id DESC",
                    "alert_source",
                ),
                (
                    "FROM alert_group g JOIN alert a ON a.id = g.head_id WHERE g.province = $1 AND g.open_count > 0 ORDER BY g.head_time DESC, g.head_id DESC",
                    "alert_group_province",
                ),
            ] {
                let sql = format!("EXPLAIN QUERY PLAN SELECT * {question} LIMIT 51");
                let rows = db.rows(&sql, args!["620000", 5_i64]).await.expect("explains");
                let plan: Vec<String> = rows.iter().map(|row| row.text("detail").expect("reads")).collect();
                let plan = plan.join("; ");
                assert!(plan.contains(&format!("INDEX {index} ")), "{question}: {plan}");
                assert!(!plan.contains("TEMP B-TREE FOR ORDER BY"), "{question}: {plan}");
            }
            // Numbers that somebody counted do not stay.
            let mut tx = db.begin().await.expect("begins");
            tx.execute("ANALYZE", vec![]).await.expect("counts");
            tx.commit().await.expect("commits");
            db.close().await;
            db = database(&folder).await;
        }
    }
}
