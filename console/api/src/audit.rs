//! The audit log: every entry carries SM3 over itself and everything before it.
//!
//! leaf = SM3(0x00 ‖ entry), hash = SM3(0x01 ‖ hash before ‖ leaf); the separation of the two is RFC 9162's. An entry is
//! written in the transaction of the act it tells of, so an act without an entry can't be kept.

use fengsui_crypto::{PublicKey, Sm3};
use fengsui_schema::UnitCode;

use crate::db::{Db, Query, Row, Tx, args, storable};
use crate::limits::AUDIT_BATCH;
use crate::scope::Place;
use crate::tier::{KeptCheckpoint, kept_checkpoints};
use crate::wire::{AuditVerdict, BadEntry};

/// Who did something.
#[derive(Debug, Clone)]
pub(crate) struct Actor {
    /// Name of the account.
    pub(crate) name: String,
    /// Where the account belongs.
    pub(crate) place: Place,
    /// Address of the client.
    pub(crate) address: String,
}

impl Actor {
    /// An account of a unit at an address.
    pub(crate) fn new(name: &str, unit: &UnitCode, address: &str) -> Self {
        Self { name: name.to_owned(), place: Place::of(unit), address: address.to_owned() }
    }
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Done.
    Success,
    /// Not allowed.
    Denied,
    /// Tried without success.
    Failed,
}

impl Outcome {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Denied => "denied",
            Self::Failed => "failed",
        }
    }
}

/// What was done.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry<'a> {
    /// Action of the matrix with a detail: `alert.act.close`.
    pub(crate) action: &'a str,
    /// `alert/…`, `task/…`.
    pub(crate) object: &'a str,
    /// How it ended.
    pub(crate) outcome: Outcome,
    /// With what words.
    pub(crate) detail: &'a str,
}

const DETAIL_CHARACTERS: usize = 2_000;
const START: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// Appends an entry within a transaction.
pub(crate) async fn append(tx: &mut Tx, actor: &Actor, now: i64, entry: Entry<'_>) -> Result<(), sqlx::Error> {
    // The hash is of what the database keeps.
    let detail: String = storable(entry.detail).chars().take(DETAIL_CHARACTERS).collect();
    let object: String = storable(entry.object).chars().take(200).collect();
    let name = storable(&actor.name);
    let (sequence, before) = head(tx).await?;
    let sequence = sequence + 1;
    let unit = actor.place.unit().as_str();
    let outcome = entry.outcome.as_str();
    let fields = [name.as_ref(), unit, entry.action, &object, outcome, &detail, &actor.address];
    let hash = chain(&before, &canonical(sequence, now, &fields));
    let [province, prefecture, county, unit_code] = actor.place.values();
    let sql = "INSERT INTO audit (sequence, time, actor, action, object, outcome, detail, address,
                                  province, prefecture, county, unit_code, hash)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
    let mut values =
        args![sequence, now, name.as_ref(), entry.action, object.as_str(), outcome, detail, &actor.address];
    values.extend([province, prefecture, county, unit_code, hash.as_str().into()]);
    tx.execute(sql, values).await?;
    let sql = "INSERT INTO audit_head (id, sequence, hash) VALUES (1, $1, $2)
               ON CONFLICT (id) DO UPDATE SET sequence = excluded.sequence, hash = excluded.hash";
    tx.execute(sql, args![sequence, hash]).await?;
    Ok(())
}

async fn head(query: &mut impl Query) -> Result<(i64, String), sqlx::Error> {
    match query.row("SELECT sequence, hash FROM audit_head WHERE id = 1", vec![]).await? {
        Some(row) => Ok((row.int("sequence")?, row.text("hash")?)),
        None => Ok((0, START.to_owned())),
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
    let checkpoints = kept_checkpoints(db).await?;
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
            let anchored = checkpoints.iter().filter(|checkpoint| checkpoint.length == checked);
            if let Some(reason) = anchored.filter_map(|checkpoint| anchors.fault(checkpoint, &before)).next() {
                let bad = BadEntry { sequence: checked, reason };
                return Ok(AuditVerdict { ok: false, checked: checked - 1, first_bad: Some(bad) });
            }
        }
    }
    if checkpoints.last().is_some_and(|last| last.length > checked) {
        let reason = "the log was cut off: a signed checkpoint names more entries".to_owned();
        let bad = BadEntry { sequence: checked + 1, reason };
        return Ok(AuditVerdict { ok: false, checked, first_bad: Some(bad) });
    }
    let (last, hash) = head(db).await?;
    // Entries may have been added while we read; only a head behind or beside what was read is wrong.
    let bad =
        (last < checked || (last == checked && hash != before) || still_missing(db, last, checked).await?).then(|| {
            BadEntry { sequence: checked + 1, reason: "entries at the end are missing or were replaced".to_owned() }
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
