//! The chain itself: entries are linked and written many at a time, and checked from the first one on.

use std::sync::LazyLock;

use fengsui_crypto::{PublicKey, Sm3};

use super::Pending;
use crate::db::{Db, Query, Row, Tx, Value, args, tuples};
use crate::limits::AUDIT_BATCH;
use crate::tier::{KeptCheckpoint, kept_checkpoints};
use crate::wire::{AuditVerdict, BadEntry};

const START: &str = "0000000000000000000000000000000000000000000000000000000000000000";
/// Rows of one statement: few sizes, so that few statements are prepared and kept.
const ROWS: [usize; 3] = [256, 16, 1];
/// Columns of a row.
const COLUMNS: usize = 13;

/// The end of the chain.
#[derive(Debug, Clone)]
struct Head {
    sequence: i64,
    hash: String,
}

/// Entries with their numbers and hashes, as the values of one statement.
struct Linked {
    rows: usize,
    values: Vec<Value>,
    head: Head,
}

/// Appends entries within a transaction, in their order. While the database takes one part, the next one is linked.
pub(crate) async fn write(tx: &mut Tx, entries: Vec<Pending>) -> Result<(), sqlx::Error> {
    if entries.is_empty() {
        return Ok(());
    }
    let mut end = head(tx).await?;
    let mut parts = parts(entries).into_iter();
    let mut next = parts.next().map(|part| link(end.clone(), part));
    while let Some(linked) = next {
        let following = parts.next().map(|part| (linked.head.clone(), part));
        end = linked.head;
        let sql = ROWS.iter().zip(INSERTS.iter()).find(|(rows, _)| **rows == linked.rows).map_or("", |(_, sql)| sql);
        let linking = async {
            match following {
                Some((head, part)) if part.len() > ROWS[1] => {
                    let linked = tokio::task::spawn_blocking(move || link(head, part)).await;
                    linked.map(Some).map_err(|error| sqlx::Error::Io(std::io::Error::other(error)))
                }
                Some((head, part)) => Ok(Some(link(head, part))),
                None => Ok(None),
            }
        };
        let (written, linked) = tokio::join!(tx.execute(sql, linked.values), linking);
        written?;
        next = linked?;
    }
    let sql = "INSERT INTO audit_head (id, sequence, hash) VALUES (1, $1, $2)
               ON CONFLICT (id) DO UPDATE SET sequence = excluded.sequence, hash = excluded.hash";
    tx.execute(sql, args![end.sequence, end.hash]).await?;
    Ok(())
}

/// Entries in the sizes that statements are prepared for.
fn parts(mut entries: Vec<Pending>) -> Vec<Vec<Pending>> {
    let mut parts = Vec::new();
    for size in ROWS {
        while entries.len() >= size {
            let rest = entries.split_off(size);
            parts.push(std::mem::replace(&mut entries, rest));
        }
    }
    parts
}

fn link(mut head: Head, entries: Vec<Pending>) -> Linked {
    let rows = entries.len();
    let mut values = Vec::with_capacity(rows * COLUMNS);
    for entry in entries {
        let Pending { time, actor, place, action, object, outcome, detail, address } = entry;
        head.sequence += 1;
        let outcome = outcome.as_str();
        let fields = [&actor, place.unit().as_str(), &action, &object, outcome, &detail, &address];
        head.hash = chain(&head.hash, &canonical(head.sequence, time, &fields));
        values.extend(args![head.sequence, time, actor, action, object, outcome, detail, address]);
        values.extend(place.values());
        values.push(head.hash.as_str().into());
    }
    Linked { rows, values, head }
}

static INSERTS: LazyLock<[String; 3]> = LazyLock::new(|| ROWS.map(insert_of));

fn insert_of(rows: usize) -> String {
    let columns = "sequence, time, actor, action, object, outcome, detail, address, province, prefecture, county, unit_code, hash";
    format!("INSERT INTO audit ({columns}) VALUES {}", tuples(rows, COLUMNS))
}

async fn head(query: &mut impl Query) -> Result<Head, sqlx::Error> {
    match query.row("SELECT sequence, hash FROM audit_head WHERE id = 1", vec![]).await? {
        Some(row) => Ok(Head { sequence: row.int("sequence")?, hash: row.text("hash")? }),
        None => Ok(Head { sequence: 0, hash: START.to_owned() }),
    }
}

/// The bytes of an entry: a JSON array, so that moving a letter from one field to the next changes them.
fn canonical(sequence: i64, time: i64, fields: &[&str]) -> Vec<u8> {
    serde_json::to_vec(&(sequence, time, fields)).unwrap_or_default()
}

fn chain(before: &str, entry: &[u8]) -> String {
    let mut leaf = Sm3::new();
    leaf.update(&[0]);
    leaf.update(entry);
    let mut node = Sm3::new();
    node.update(&[1]);
    node.update(before.as_bytes());
    node.update(&leaf.finish());
    hex::encode(node.finish())
}

/// Whose signatures the checkpoints of the log must carry; what is not known is not checked.
#[derive(Debug, Clone, Default)]
pub(crate) struct Anchors {
    /// This node.
    pub(crate) own: Option<PublicKey>,
    /// The node above, for its countersignatures.
    pub(crate) parent: Option<PublicKey>,
}

impl Anchors {
    /// What is wrong with the log at an entry that a checkpoint names.
    fn fault(&self, checkpoint: &KeptCheckpoint, hash: &str) -> Option<String> {
        if checkpoint.head != hash {
            return Some("the log was rewritten: it is not what the signed checkpoint here says".to_owned());
        }
        checkpoint.fault(self.own.as_ref(), self.parent.as_ref()).map(str::to_owned)
    }
}

/// Checks the whole chain and its signed checkpoints and tells the first entry that does not fit.
pub(crate) async fn verify(db: &mut Db, anchors: &Anchors) -> Result<AuditVerdict, sqlx::Error> {
    let kept = kept_checkpoints(db).await?;
    let last = kept.last().map_or(0, |last| last.length);
    let mut checkpoints = kept.into_iter().peekable();
    let (mut checked, mut before) = (0_i64, START.to_owned());
    loop {
        let sql = "SELECT * FROM audit WHERE sequence > $1 ORDER BY sequence LIMIT $2";
        let rows = db.rows(sql, args![checked, AUDIT_BATCH]).await?;
        if rows.is_empty() {
            break;
        }
        for row in &rows {
            match check(row, checked + 1, &before)? {
                Ok(hash) => before = hash,
                Err(bad) => return Ok(AuditVerdict { ok: false, checked, first_bad: Some(bad) }),
            }
            checked += 1;
            // Both are in the order of their lengths.
            while let Some(checkpoint) = checkpoints.next_if(|checkpoint| checkpoint.length <= checked) {
                if let Some(reason) = anchors.fault(&checkpoint, &before) {
                    let bad = BadEntry { sequence: checked, reason };
                    return Ok(AuditVerdict { ok: false, checked: checked - 1, first_bad: Some(bad) });
                }
            }
        }
    }
    if last > checked {
        let reason = "the log was cut off: a signed checkpoint names more entries".to_owned();
        let bad = BadEntry { sequence: checked + 1, reason };
        return Ok(AuditVerdict { ok: false, checked, first_bad: Some(bad) });
    }
    let end = head(db).await?;
    // Entries may have been added while we read; only a head behind or beside what was read is wrong.
    let beside = end.sequence < checked || (end.sequence == checked && end.hash != before);
    let bad = (beside || still_missing(db, end.sequence, checked).await?).then(|| BadEntry {
        sequence: checked + 1,
        reason: "entries at the end are missing or were replaced".to_owned(),
    });
    Ok(AuditVerdict { ok: bad.is_none(), checked, first_bad: bad })
}

async fn still_missing(db: &mut Db, last: i64, checked: i64) -> Result<bool, sqlx::Error> {
    let next = db.count("SELECT COUNT(*) AS n FROM audit WHERE sequence = $1", args![checked + 1]).await?;
    Ok(last > checked && next == 0)
}

/// The hash of a row when it fits, else what is wrong with it.
fn check(row: &Row, expected: i64, before: &str) -> Result<Result<String, BadEntry>, sqlx::Error> {
    let sequence = row.int("sequence")?;
    let bad = |reason: &str| Ok(Err(BadEntry { sequence: expected, reason: reason.to_owned() }));
    if sequence != expected {
        return bad("this entry is missing");
    }
    let names = ["actor", "unit_code", "action", "object", "outcome", "detail", "address"];
    let texts = names.iter().map(|name| row.text(name)).collect::<Result<Vec<_>, _>>()?;
    let fields: Vec<&str> = texts.iter().map(String::as_str).collect();
    let hash = chain(before, &canonical(sequence, row.int("time")?, &fields));
    if hash == row.text("hash")? { Ok(Ok(hash)) } else { bad("the entry was changed, or one before it was replaced") }
}
