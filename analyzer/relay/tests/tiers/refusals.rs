//! Every refusal, with real SM2 keys: what is forged, replayed, reordered, rewritten, expired, of the wrong tier or under
//! an unknown or revoked key has no effect, every time.

use std::collections::BTreeMap;

use fengsui_crypto::{KeyId, KeyPair, PublicKey, Signature};
use fengsui_relay::tier::{
    Batch, Destination, Directory, Envelope, Judge, KeyStanding, Known, Labels, Lane, NodeId, OutRow, Policy,
    Receiving, Refusal, Relation, Sending, Stream,
};

struct Nodes {
    keys: BTreeMap<NodeId, (PublicKey, KeyStanding)>,
}

impl Directory for Nodes {
    fn relation(&self, node: &NodeId) -> Relation {
        match node.as_str() {
            "620100" => Relation::Own,
            "620000" => Relation::Parent,
            "620123" | "620102" => Relation::Child,
            _ => Relation::Stranger,
        }
    }

    fn is_within(&self, node: &NodeId, ancestor: &NodeId) -> bool {
        node == ancestor
            || ancestor.as_str() == "620000"
            || (ancestor.as_str() == "620100" && node.as_str() != "620000")
    }

    fn standing(&self, node: &NodeId, key: &KeyId) -> KeyStanding {
        let known = self.keys.get(node).filter(|(public, _)| public.id() == *key);
        known.map_or(KeyStanding::Unknown, |(_, standing)| *standing)
    }

    fn fits(&self, node: &NodeId, _: &KeyId, digest: &[u8; 32], signature: &Signature) -> bool {
        self.keys.get(node).is_some_and(|(public, _)| public.verify(digest, signature).is_ok())
    }
}

fn name(text: &str) -> NodeId {
    text.parse().expect("name")
}

fn message(origin: &str, kind: &str, to: Destination, oseq: u64) -> Envelope {
    Envelope {
        v: 1,
        origin: name(origin),
        epoch: 5,
        oseq,
        to,
        kind: kind.into(),
        obj: format!("{origin}-{oseq}"),
        rev: 1,
        ts: 0,
        expires: None,
        labels: Labels::default(),
        body: "{}".into(),
        origin_signature: None,
    }
}

struct Scene {
    nodes: Nodes,
    county: KeyPair,
    province: KeyPair,
    sending: Sending,
    rows: Vec<OutRow>,
    policy: Policy,
}

fn scene() -> Scene {
    let (county, province) = (KeyPair::generate().expect("key"), KeyPair::generate().expect("key"));
    let keys = [("620123", &county), ("620000", &province)]
        .map(|(node, key)| (name(node), (key.public(), KeyStanding::Active)));
    let mut sending = Sending::new(9);
    let rows = (1..=6).map(|oseq| sending.append(message("620123", "alert_summary", Destination::Up, oseq))).collect();
    Scene {
        nodes: Nodes { keys: keys.into() },
        county,
        province,
        sending,
        rows,
        policy: Policy::built_in().expect("policy"),
    }
}

impl Scene {
    fn batch(&mut self, rows: std::ops::Range<usize>) -> Batch {
        let link = Stream { src: name("620123"), dst: name("620100"), lane: Lane::P2 };
        let rows = self.rows[rows].to_vec();
        self.sending.batch(&link, rows, 0, &self.county).expect("signs").expect("has rows")
    }

    fn admit(&self, place: &Receiving, batch: &Batch) -> Result<Receiving, Refusal> {
        place.admit(batch, &name("620100"), &self.nodes).map(|admission| admission.next)
    }

    fn judge(&self, message: &Envelope, from: &str, lane: Lane, known: &Known, now: i64) -> Option<Refusal> {
        Judge { policy: &self.policy, directory: &self.nodes, now }.judge(message, &name(from), lane, known).err()
    }
}

#[test]
fn what_is_honest_is_taken() {
    let mut scene = scene();
    let first = scene.batch(0..3);
    let place = scene.admit(&Receiving::default(), &first).expect("fits");
    assert_eq!((place.epoch, place.cursor), (9, 3));
    let overlapping = scene.batch(1..6);
    let admission = place.admit(&overlapping, &name("620100"), &scene.nodes).expect("fits");
    assert_eq!((admission.repeated, admission.fresh.len(), admission.next.cursor), (2, 3, 6));
}

#[test]
fn every_changed_bit_of_a_batch_is_refused() {
    let mut scene = scene();
    let batch = scene.batch(0..2);
    let text = serde_json::to_string(&batch).expect("text");
    let mut refused = 0;
    for place in (0..text.len()).step_by(7) {
        for bit in [0, 2] {
            let mut bytes = text.clone().into_bytes();
            bytes[place] ^= 1 << bit;
            let Ok(changed) = serde_json::from_slice::<Batch>(&bytes) else { continue };
            if changed == batch {
                continue;
            }
            scene.admit(&Receiving::default(), &changed).expect_err("a changed batch was taken");
            refused += 1;
        }
    }
    assert!(refused > 100, "{refused}");
}

#[test]
fn batches_are_refused_for_what_is_wrong_with_them() {
    let mut scene = scene();
    let (first, second, third) = (scene.batch(0..2), scene.batch(2..4), scene.batch(4..6));
    let start = Receiving::default();
    let place = scene.admit(&start, &first).expect("fits");
    assert_eq!(scene.admit(&place, &first), Err(Refusal::Replayed));
    assert_eq!(scene.admit(&place, &third), Err(Refusal::Reordered));
    let place = scene.admit(&place, &second).expect("fits");
    assert_eq!(scene.admit(&place, &first), Err(Refusal::Replayed));

    // An old life of the sender, captured.
    let later = Receiving { epoch: 10, ..place.clone() };
    assert_eq!(scene.admit(&later, &third), Err(Refusal::Replayed));

    // A sender that tells another story about what it sent before.
    let mut other = Sending::new(9);
    other.sending = 100;
    let rows: Vec<OutRow> =
        (11..=16).map(|oseq| other.append(message("620123", "alert_summary", Destination::Up, oseq))).collect();
    let link = Stream { src: name("620123"), dst: name("620100"), lane: Lane::P2 };
    let rewritten = other.batch(&link, rows[2..].to_vec(), 0, &scene.county).expect("signs").expect("rows");
    assert_eq!(scene.admit(&place, &rewritten), Err(Refusal::Forked));

    // Another's key, a revoked key, another receiver, a stranger.
    let stranger = KeyPair::generate().expect("key");
    let foreign = scene.sending.batch(&link, scene.rows[4..].to_vec(), 0, &stranger).expect("signs").expect("rows");
    assert_eq!(scene.admit(&place, &foreign), Err(Refusal::UnknownKey));
    let elsewhere = Stream { dst: name("620200"), ..link.clone() };
    let misled =
        scene.sending.batch(&elsewhere, scene.rows[4..].to_vec(), 0, &scene.county).expect("signs").expect("rows");
    assert_eq!(scene.admit(&place, &misled), Err(Refusal::WrongTier));
    let honest = scene.batch(4..6);
    scene.admit(&place, &honest).expect("fits");
    scene.nodes.keys.entry(name("620123")).and_modify(|(_, standing)| *standing = KeyStanding::Revoked);
    assert_eq!(scene.admit(&place, &honest), Err(Refusal::RevokedKey));
}

#[test]
fn messages_are_refused_for_what_is_wrong_with_them() {
    let scene = scene();
    let known = Known::default();
    let up = message("620123", "alert_summary", Destination::Up, 1);
    assert_eq!(scene.judge(&up, "620123", Lane::P2, &known, 0), None);
    // Of another's subtree, the wrong way, in another lane, of no kind.
    let foreign = message("620102", "alert_summary", Destination::Up, 1);
    assert_eq!(scene.judge(&foreign, "620123", Lane::P2, &known, 0), Some(Refusal::WrongTier));
    assert_eq!(scene.judge(&up, "620000", Lane::P2, &known, 0), Some(Refusal::WrongTier));
    assert_eq!(scene.judge(&up, "620123", Lane::P0, &known, 0), Some(Refusal::Malformed));
    let strange = message("620123", "shell", Destination::Up, 1);
    assert_eq!(scene.judge(&strange, "620123", Lane::P2, &known, 0), Some(Refusal::UnknownKind));
    let sideways = message("620123", "alert_summary", Destination::Node(name("620102")), 1);
    assert_eq!(scene.judge(&sideways, "620123", Lane::P2, &known, 0), Some(Refusal::WrongTier));
    // A county gives no orders.
    let order = message("620123", "task", Destination::Node(name("620100")), 1).sign(&scene.county).expect("signs");
    assert_eq!(scene.judge(&order, "620123", Lane::P1, &known, 0), Some(Refusal::WrongTier));
    // Orders from above carry the signature of who gave them.
    let bare = message("620000", "task", Destination::Node(name("620123")), 1);
    assert_eq!(scene.judge(&bare, "620000", Lane::P1, &known, 0), Some(Refusal::Unsigned));
    let order = bare.clone().sign(&scene.province).expect("signs");
    assert_eq!(scene.judge(&order, "620000", Lane::P1, &known, 0), None);
    let mut changed = order.clone();
    changed.body = "{\"a\":1}".into();
    assert_eq!(scene.judge(&changed, "620000", Lane::P1, &known, 0), Some(Refusal::Forged));
    let fake = bare.sign(&scene.county).expect("signs");
    assert_eq!(scene.judge(&fake, "620000", Lane::P1, &known, 0), Some(Refusal::UnknownKey));
    // Expired, and an object of somebody else.
    let late = Envelope { expires: Some(99), ..up.clone() };
    assert_eq!(scene.judge(&late, "620123", Lane::P2, &known, 99), None);
    assert_eq!(scene.judge(&late, "620123", Lane::P2, &known, 100), Some(Refusal::Expired));
    let owned = Known { owner: Some(name("620102")), rev: Some(1), seen: false };
    assert_eq!(scene.judge(&up, "620123", Lane::P2, &owned, 0), Some(Refusal::NotOwner));
}
