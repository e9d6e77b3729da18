//! Random mutations of the audit log: each one is found, whoever makes it fit the chain again too.

use crate::beside::Beside;
use crate::support::start;
use fengsui_crypto::Sm3;

/// Mutations of one run.
const MUTATIONS: u64 = 10_000;
const COLUMNS: &str = "sequence, time, actor, unit_code, action, object, outcome, detail, address, hash, \
    province, prefecture, county";

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

/// Texts and numbers of an entry as they stand in a statement.
fn literals(entry: &Entry) -> String {
    let quoted = |text: &String| format!("'{}'", text.replace('\'', "''"));
    let texts: Vec<String> = entry.fields.iter().chain([&entry.hash]).map(quoted).collect();
    format!("({}, {}, {}, '620000', '', '')", entry.sequence, entry.time, texts.join(", "))
}

/// Puts a log in the place of what is there.
async fn write(database: &mut Beside, log: &[Entry]) {
    let (last, hash) = log.last().map_or((0, "0".repeat(64)), |entry| (entry.sequence, entry.hash.clone()));
    let rows: Vec<String> = log.iter().map(literals).collect();
    let insert = match rows.as_slice() {
        [] => String::new(),
        rows => format!("INSERT INTO audit ({COLUMNS}) VALUES {};", rows.join(", ")),
    };
    let head = format!("UPDATE audit_head SET sequence = {last}, hash = '{hash}'");
    database.run(&format!("BEGIN; DELETE FROM audit; {insert} {head}; COMMIT")).await.expect("writes");
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
    let mut database = Beside::open(&running.database).await;
    let columns =
        "CAST(sequence AS TEXT), CAST(time AS TEXT), actor, unit_code, action, object, outcome, detail, address, hash";
    let rows = database.texts(&format!("SELECT {columns} FROM audit ORDER BY audit.sequence")).await;
    let log: Vec<Entry> = rows
        .iter()
        .map(|row| Entry {
            sequence: row[0].parse().expect("is a number"),
            time: row[1].parse().expect("is a number"),
            fields: row[2..9].to_vec(),
            hash: row[9].clone(),
        })
        .collect();
    write(&mut database, &log).await;
    assert!(running.console.verify_audit().await.expect("reads").ok, "putting it back as it was changes nothing");
    let mut random = 11;
    for number in 0..MUTATIONS {
        let mut changed = log.clone();
        mutate(&mut changed, &mut random);
        write(&mut database, &changed).await;
        let verdict = running.console.verify_audit().await.expect("reads");
        assert!(!verdict.ok && verdict.first_bad.is_some(), "mutation {number} was not found");
    }
}
