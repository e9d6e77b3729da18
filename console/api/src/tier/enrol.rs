//! Who is let in: one-time codes, the child's key, approval by fingerprint, revocation.
//!
//! A code is `<secret>-<fingerprint of the parent>`: the child knows from it that it talks to the parent that made it.

use fengsui_crypto::{KeyId, PublicKey, Signature, random_bytes, sm3, sm3_of_parts};
use fengsui_relay::tier::{NodeId, Relation};
use fengsui_schema::UnitCode;

use super::Registry;
use crate::audit::{Entry, Outcome};
use crate::db::{Query, Row, args};
use crate::error::{ApiError, ApiResult};
use crate::scope::{Place, Scope};
use crate::state::{AppState, Change, time_text};
use crate::wire::{NewNodeCode, NodeCode, NodeRow, Trust};

/// How long a code may be used.
const CODE_MILLIS: i64 = 24 * 3_600_000;
/// Most nodes below one node.
const CHILDREN: i64 = 2_000;

/// What a child says when it asks to be let in.
#[derive(Debug, Clone)]
pub(crate) struct Enrolment {
    pub(crate) node: NodeId,
    pub(crate) key: PublicKey,
    pub(crate) code: String,
    pub(crate) signature: Signature,
}

impl Enrolment {
    /// What the child signs: it holds the key, and the code is not usable for another one.
    pub(crate) fn digest(node: &NodeId, key: &PublicKey, code: &str) -> [u8; 32] {
        sm3_of_parts(&[b"fengsui enrolment v1", node.as_str().as_bytes(), &key.to_bytes(), code.as_bytes()])
    }
}

/// Makes a code for a node below.
pub(crate) async fn new_code(change: &mut Change, scope: &Scope, new: &NewNodeCode) -> ApiResult<NodeCode> {
    let node: NodeId = new.node.parse().map_err(|error| ApiError::invalid("node", "节点编号不合法", &error))?;
    let state = change.state().clone();
    let tier = &state.shared().tier;
    if new.role == "console" {
        let unit: UnitCode = new.node.parse().map_err(|error| ApiError::invalid("node", "须为单位代码", &error))?;
        let below = unit.path().starts_with(&tier.unit.path()) && unit != tier.unit;
        if !below || !scope.reaches(&unit) {
            return Err(ApiError::invalid("node", "不是下级单位", "is not below this node"));
        }
    } else if new.role != "sensor" {
        return Err(ApiError::invalid("role", "取值不合法", "is console or sensor"));
    }
    let secret = hex::encode(random_bytes::<16>().map_err(|error| ApiError::internal(&error))?);
    let fingerprint = tier.key.public().id().to_string();
    let code = format!("{secret}-{}", &fingerprint[..32]);
    let (now, by) = (change.now(), change.actor().name.clone());
    let sql = "INSERT INTO tier_code (code_sm3, node, role, created_at, created_by, expires_at)
               VALUES ($1, $2, $3, $4, $5, $6)";
    let values = args![hex::encode(sm3(code.as_bytes())), node.as_str(), &new.role, now, by, now + CODE_MILLIS];
    change.execute(sql, values).await?;
    let object = format!("node/{node}");
    let entry = Entry { action: "node.code", object: &object, outcome: Outcome::Success, detail: &new.role };
    change.audit(entry).await?;
    Ok(NodeCode { node: node.to_string(), code, fingerprint, expires_at: time_text(now + CODE_MILLIS) })
}

/// A child asks to be let in: with a good code it waits for approval.
pub(crate) async fn enrol_child(change: &mut Change, asked: &Enrolment) -> ApiResult<()> {
    let wrong = || ApiError::invalid("code", "注册码无效、已使用或已过期", "is wrong, used or expired");
    let (sql, now) = ("SELECT * FROM tier_code WHERE code_sm3 = $1", change.now());
    let digest = hex::encode(sm3(asked.code.as_bytes()));
    let row = change.row(sql, args![&digest]).await?.ok_or_else(wrong)?;
    let fits = row.text("node")? == asked.node.as_str()
        && row.optional_int("used_at")?.is_none()
        && row.int("expires_at")? > now;
    let signed = Enrolment::digest(&asked.node, &asked.key, &asked.code);
    if !fits || asked.key.verify(&signed, &asked.signature).is_err() {
        return Err(wrong());
    }
    if change.count("SELECT COUNT(*) AS n FROM tier_node", args![]).await? >= CHILDREN {
        return Err(ApiError::conflict("节点数量已达上限", "there are as many nodes as there may be"));
    }
    change.execute("UPDATE tier_code SET used_at = $1 WHERE code_sm3 = $2", args![now, &digest]).await?;
    let role = row.text("role")?;
    let unit = match asked.node.as_str().parse::<UnitCode>() {
        Ok(unit) if role == "console" => unit,
        _ => change.state().shared().tier.unit.clone(),
    };
    insert_node(change, &asked.node, ("child", &role), &asked.key, "pending", &Place::of(&unit)).await?;
    let (object, detail) = (format!("node/{}", asked.node), asked.key.id().to_string());
    let entry = Entry { action: "node.ask", object: &object, outcome: Outcome::Success, detail: &detail };
    change.audit(entry).await
}

/// Writes a node; `kind` is its relation and role. A new key takes the place of the old one and has to be approved.
pub(super) async fn insert_node(
    change: &mut Change,
    node: &NodeId,
    kind: (&str, &str),
    key: &PublicKey,
    state: &str,
    place: &Place,
) -> ApiResult<()> {
    let (now, fingerprint) = (change.now(), key.id().to_string());
    forget_streams_of_other_key(change, node, &fingerprint).await?;
    let mut values = args![node.as_str(), kind.0, kind.1, hex::encode(key.to_bytes()), fingerprint, state, now,];
    values.extend(place.values());
    let sql = "INSERT INTO tier_node (id, relation, role, public_key, fingerprint, state, enrolled_at,
                   province, prefecture, county, unit_code, counter, measurement, trusted_measurement)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 0, '', '')
               ON CONFLICT (id) DO UPDATE SET relation = excluded.relation, public_key = excluded.public_key,
                   fingerprint = excluded.fingerprint, state = excluded.state, enrolled_at = excluded.enrolled_at,
                   decided_at = NULL, decided_by = NULL, counter = 0";
    change.execute(sql, values).await?;
    Ok(())
}

/// What came under another key says nothing of the one that speaks now: whoever stole it could have brought the streams of
/// the node to an end where nothing follows. The neighbour sends again what it holds, which has no second effect.
async fn forget_streams_of_other_key(change: &mut Change, node: &NodeId, fingerprint: &str) -> ApiResult<()> {
    let sql = "SELECT COUNT(*) AS n FROM tier_node WHERE id = $1 AND fingerprint <> $2";
    if change.count(sql, args![node.as_str(), fingerprint]).await? == 0 {
        return Ok(());
    }
    for table in ["tier_receiving", "tier_taken"] {
        change.execute(&format!("DELETE FROM {table} WHERE peer = $1"), args![node.as_str()]).await?;
    }
    Ok(())
}

pub(super) async fn found(change: &mut Change, scope: &Scope, id: &str) -> ApiResult<Row> {
    let sql = format!("SELECT * FROM tier_node x WHERE x.id = $2 AND x.{} = $1", scope.column());
    change.row(&sql, args![scope.code(), id]).await?.ok_or_else(ApiError::not_found)
}

/// Lets a node in, when the fingerprint is the one that its operator read out.
pub(crate) async fn approve(change: &mut Change, scope: &Scope, id: &str, fingerprint: &str) -> ApiResult<()> {
    let row = found(change, scope, id).await?;
    let typed: String = fingerprint.chars().filter(char::is_ascii_hexdigit).collect();
    if row.text("fingerprint")? != typed.to_lowercase() {
        return Err(ApiError::invalid("fingerprint", "指纹不一致", "is not the fingerprint of the node's key"));
    }
    if row.text("state")? == "revoked" {
        return Err(ApiError::conflict("该密钥已吊销，须重新注册", "the key was revoked; the node has to enrol again"));
    }
    decide(change, id, "active", &typed).await
}

/// Takes a node's key back; it is refused from the next request on.
pub(crate) async fn revoke(change: &mut Change, scope: &Scope, id: &str, reason: &str) -> ApiResult<()> {
    found(change, scope, id).await?;
    decide(change, id, "revoked", reason).await
}

async fn decide(change: &mut Change, id: &str, state: &str, detail: &str) -> ApiResult<()> {
    let sql = "UPDATE tier_node SET state = $1, decided_at = $2, decided_by = $3 WHERE id = $4";
    let (now, by) = (change.now(), change.actor().name.clone());
    change.execute(sql, args![state, now, by, id]).await?;
    let (object, action) = (format!("node/{id}"), if state == "active" { "node.approve" } else { "node.revoke" });
    change.audit(Entry { action, object: &object, outcome: Outcome::Success, detail }).await
}

/// Reads the nodes again after a change of them was committed.
pub(crate) async fn reload(state: &AppState) -> ApiResult<()> {
    let tier = &state.shared().tier;
    let mut fresh = Registry::load(&mut state.db(), &tier.own).await?;
    let mut registry = tier.registry.write();
    fresh.keep_counters(&registry);
    *registry = fresh;
    drop(registry);
    tier.notify();
    Ok(())
}

/// The nodes with their backlogs.
pub(crate) async fn list(state: &AppState, scope: &Scope) -> ApiResult<Vec<NodeRow>> {
    let mut db = state.db();
    let sql =
        format!("SELECT * FROM tier_node x WHERE x.{} = $1 OR x.relation <> 'child' ORDER BY x.id", scope.column());
    let rows = db.rows(&sql, args![scope.code()]).await?;
    let mut nodes = Vec::with_capacity(rows.len());
    for row in &rows {
        let id = row.text("id")?;
        let sql = "SELECT CAST(COALESCE(SUM(next_seq - 1 - acknowledged), 0) AS BIGINT) AS n FROM tier_sending WHERE peer = $1";
        let waiting = db.count(sql, args![&id]).await?;
        let sql = "SELECT CAST(COALESCE(SUM(number), 0) AS BIGINT) AS n FROM tier_refusal WHERE peer = $1";
        let refused = db.count(sql, args![&id]).await?;
        let sql = "SELECT CAST(COALESCE(SUM(cursor_seq), 0) AS BIGINT) AS n FROM tier_receiving WHERE peer = $1";
        let received = db.count(sql, args![&id]).await?;
        nodes.push(view(row, waiting, received, refused)?);
    }
    Ok(nodes)
}

/// Whether a node is what it should be: unknown until it was measured and a person has said that this is it.
pub(crate) fn trust_of(row: &Row) -> ApiResult<Trust> {
    let word = |name: &str| row.optional_text(name).map(|word| word.filter(|word| !word.is_empty()));
    Ok(match (word("measurement")?, word("trusted_measurement")?) {
        (Some(measured), Some(trusted)) if measured == trusted => Trust::Trusted,
        (Some(_), Some(_)) => Trust::Changed,
        _ => Trust::Unknown,
    })
}

fn view(row: &Row, waiting: i64, received: i64, refused: i64) -> ApiResult<NodeRow> {
    Ok(NodeRow {
        id: row.text("id")?,
        relation: row.text("relation")?,
        role: row.text("role")?,
        fingerprint: row.text("fingerprint")?,
        state: row.text("state")?,
        enrolled_at: time_text(row.int("enrolled_at")?),
        last_contact: row.optional_int("last_contact")?.map(time_text),
        clock_skew_ms: row.optional_int("skew")?,
        waiting,
        received,
        refused,
        measurement: row.text("measurement")?,
        trust: trust_of(row)?,
    })
}

/// The fingerprint a code names its parent by.
pub(super) fn parent_of_code(code: &str) -> Option<&str> {
    code.rsplit_once('-').map(|(_, fingerprint)| fingerprint).filter(|text| text.len() == 32)
}

/// Whether a key is the one a code names.
pub(super) fn is_parent_of_code(code: &str, key: KeyId) -> bool {
    parent_of_code(code).is_some_and(|prefix| key.to_string().starts_with(prefix))
}

/// The relation a child writes for the node above.
pub(super) const fn relation_word(relation: Relation) -> &'static str {
    match relation {
        Relation::Parent => "parent",
        Relation::Ancestor => "ancestor",
        _ => "child",
    }
}
