//! Random mutations of the audit log: each one is found, whoever makes it fit the chain again too.

use crate::support::start;
use fengsui_crypto::Sm3;
use sqlx::Row as _;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};

/// Mutations of one run.
const MUTATIONS: u64 = 10_000;

/// One row as the log keeps it.
#[derive(Clone, PartialEq)]
struct Entry {
    sequence: i64,
    time: i64,
    fields: Vec<String>,
    hash: String,
}

fn hash_of(before: &str, entry: &Entry) -> String {
    let bytes = serde_json::to_vec(&(entry.sequence, entry.time, &entry.fields)).expect("is JSON");
    let mut leaf = Sm3::new();
    leaf.update(&[0]);
    leaf.update(&bytes);
    let mut node = Sm3::new();
    node.update(&[1]);
    node.update(before.as_bytes());
    node.update(&leaf.finish());
    hex::encode(node.finish())
}

/// What an insider does who has the database: changes something and, half of the time, makes the chain fit again.
fn mutate(log: &mut Vec<Entry>, random: &mut u64) {
    let mut next = |end: usize| {
        *random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(*random >> 33).expect("small") % end
    };
    let at = next(log.len());
    let kind = next(5);
    match kind {
        0 => log[at].fields[next(7)].push('x'),
        1 => log[at].time += 1,
        2 => drop(log.remove(at)),
        3 => log.truncate(at),
        _ => {
            let other = (at + 1) % log.len();
            let (one, two) = (log[at].fields.clone(), log[other].fields.clone());
            log[at].fields = two;
            log[other].fields = one;
            log[at].time += 1;
        }
    }
    if next(2) == 0 {
        let mut before = "0".repeat(64);
        for (entry, sequence) in log.iter_mut().zip(1..) {
            entry.sequence = sequence;
            entry.hash = hash_of(&before, entry);
            before.clone_from(&entry.hash);
        }
    }
}

async fn write(pool: &SqlitePool, log: &[Entry], template: &str) {
    let mut tx = pool.begin().await.expect("begins");
    sqlx::query("DELETE FROM audit").execute(&mut *tx).await.expect("deletes");
    for entry in log {
        let mut query = sqlx::query(sqlx::AssertSqlSafe(template.to_owned())).bind(entry.sequence).bind(entry.time);
        for field in &entry.fields {
            query = query.bind(field);
        }
        query.bind(&entry.hash).execute(&mut *tx).await.expect("writes");
    }
    let (last, hash) = log.last().map_or((0, "0".repeat(64)), |entry| (entry.sequence, entry.hash.clone()));
    sqlx::query("UPDATE audit_head SET sequence = $1, hash = $2")
        .bind(last)
        .bind(hash)
        .execute(&mut *tx)
        .await
        .expect("writes");
    tx.commit().await.expect("commits");
}

#[tokio::test]
async fn every_mutation_of_an_anchored_log_is_found() {
    let running = start().await;
    for number in 0..12 {
        let role = fengsui_api::Role::ALL[number % 8];
        let request = fengsui_api::AccountRequest {
            username: format!("person{number}"),
            display_name: "测试".to_owned(),
            role,
            unit: "620000".parse().expect("is a unit"),
        };
        running.console.create_account(request).await.expect("makes the account");
    }
    running.console.anchor_audit().await.expect("anchors");
    assert!(running.console.verify_audit().await.expect("reads").ok);
    let options = SqliteConnectOptions::new()
        .filename(running.folder.path().join("console.db"))
        .synchronous(sqlx::sqlite::SqliteSynchronous::Off);
    let pool = SqlitePool::connect_with(options).await.expect("opens");
    let names = ["actor", "unit_code", "action", "object", "outcome", "detail", "address"];
    let rows = sqlx::query("SELECT * FROM audit ORDER BY sequence").fetch_all(&pool).await.expect("reads");
    let log: Vec<Entry> = rows
        .iter()
        .map(|row| Entry {
            sequence: row.get("sequence"),
            time: row.get("time"),
            fields: names.iter().map(|name| row.get(*name)).collect(),
            hash: row.get("hash"),
        })
        .collect();
    let template =
        "INSERT INTO audit (sequence, time, actor, unit_code, action, object, outcome, detail, address, hash,
                        province, prefecture, county)
                    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, '620000', '', '')";
    write(&pool, &log, template).await;
    assert!(running.console.verify_audit().await.expect("reads").ok, "putting it back as it was changes nothing");
    let mut random = 11;
    for number in 0..MUTATIONS {
        let mut changed = log.clone();
        mutate(&mut changed, &mut random);
        write(&pool, &changed, template).await;
        let verdict = running.console.verify_audit().await.expect("reads");
        assert!(!verdict.ok && verdict.first_bad.is_some(), "mutation {number} was not found");
    }
}
