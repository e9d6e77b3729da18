//! A node as a driver of the protocol should be: rows, transactions, answers after the sync. The mutants break one rule each.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use fengsui_crypto::{CryptoError, KeyId, Signature, hmac_sm3, sm3};
use fengsui_relay::tier::{
    Act, Admission, Answer, Batch, BucketDigest, Destination, Directory, Envelope, Judge, KeyStanding, Known, Labels,
    Lane, MessageId, NodeId, OutRow, Policy, Receiving, Refusal, Relation, Scheduler, Sending, Signer,
    Stream as TierStream, buckets, differing, invariants,
};

/// One rule broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mutant {
    None,
    AnswerBeforeSync,
    NoSync,
    SkipDedupe,
    KeepEpoch,
    SkipVerification,
}

/// Who is above whom. Keys are made from names: the simulation is about order and loss, not about curves.
#[derive(Debug)]
pub struct Topology {
    pub own: NodeId,
    pub parents: Rc<BTreeMap<NodeId, NodeId>>,
    pub check: bool,
}

pub struct CheapKey(pub NodeId);

impl Signer for CheapKey {
    fn key(&self) -> KeyId {
        KeyId::from_bytes(sm3(self.0.as_str().as_bytes()))
    }

    fn sign(&self, digest: &[u8; 32]) -> Result<Signature, CryptoError> {
        let half = hmac_sm3(self.0.as_str().as_bytes(), digest);
        let mut bytes = [0; 64];
        bytes[..32].copy_from_slice(&half);
        Ok(Signature::from_bytes(bytes))
    }
}

impl Topology {
    pub fn parent(&self) -> Option<&NodeId> {
        self.parents.get(&self.own)
    }

    pub fn children(&self) -> Vec<NodeId> {
        self.parents.iter().filter(|(_, parent)| **parent == self.own).map(|(child, _)| child.clone()).collect()
    }

    fn toward(&self, node: &NodeId) -> Option<NodeId> {
        self.children().into_iter().find(|child| self.is_within(node, child)).or_else(|| self.parent().cloned())
    }

    /// The neighbours a message goes on to.
    pub fn next_hops(&self, to: &Destination) -> Vec<NodeId> {
        match to {
            Destination::Up => self.parent().cloned().into_iter().collect(),
            Destination::Down => self.children(),
            Destination::Node(node) => self.toward(node).into_iter().collect(),
        }
    }
}

impl Directory for Topology {
    fn relation(&self, node: &NodeId) -> Relation {
        if *node == self.own {
            return Relation::Own;
        }
        match (self.parent() == Some(node), self.parents.get(node) == Some(&self.own)) {
            (true, _) => Relation::Parent,
            (_, true) => Relation::Child,
            _ if self.is_within(&self.own, node) => Relation::Ancestor,
            _ if self.is_within(node, &self.own) => Relation::Descendant,
            _ => Relation::Stranger,
        }
    }

    fn is_within(&self, node: &NodeId, ancestor: &NodeId) -> bool {
        let mut at = Some(node);
        while let Some(node) = at {
            if node == ancestor {
                return true;
            }
            at = self.parents.get(node);
        }
        false
    }

    fn standing(&self, node: &NodeId, key: &KeyId) -> KeyStanding {
        if !self.check || CheapKey(node.clone()).key() == *key { KeyStanding::Active } else { KeyStanding::Unknown }
    }

    fn fits(&self, node: &NodeId, _: &KeyId, digest: &[u8; 32], signature: &Signature) -> bool {
        !self.check || CheapKey(node.clone()).sign(digest).is_ok_and(|expected| expected == *signature)
    }
}

type Stream = (NodeId, Lane);

/// Everything a node keeps: its tables.
#[derive(Debug, Clone)]
pub struct State {
    pub epoch: u64,
    pub oseq: u64,
    pub sending: BTreeMap<Stream, Sending>,
    pub out: BTreeMap<Stream, BTreeMap<u64, Rc<OutRow>>>,
    pub receiving: BTreeMap<Stream, Receiving>,
    /// Digest and name of what was taken, by number.
    pub taken: BTreeMap<Stream, BTreeMap<u64, ([u8; 32], MessageId)>>,
    pub seen: BTreeSet<MessageId>,
    pub objects: BTreeMap<(String, String), (NodeId, u64)>,
    pub effects: invariants::Effects,
}

impl State {
    fn new(epoch: u64) -> Self {
        Self {
            epoch,
            oseq: 0,
            sending: BTreeMap::new(),
            out: BTreeMap::new(),
            receiving: BTreeMap::new(),
            taken: BTreeMap::new(),
            seen: BTreeSet::new(),
            objects: BTreeMap::new(),
            effects: invariants::Effects::default(),
        }
    }

    fn put_out(&mut self, hop: &NodeId, lane: Lane, message: Envelope) {
        let stream = (hop.clone(), lane);
        let epoch = self.epoch;
        let row = self.sending.entry(stream.clone()).or_insert_with(|| Sending::new(epoch)).append(message);
        self.out.entry(stream).or_default().insert(row.seq, Rc::new(row));
    }
}

pub struct Node {
    pub topology: Topology,
    pub policy: Rc<Policy>,
    pub mutant: Mutant,
    /// What the process sees.
    pub state: State,
    /// What is on the disk.
    pub durable: State,
    pub scheduler: BTreeMap<NodeId, Scheduler>,
    pub refusals: BTreeMap<Refusal, u64>,
    pub up: bool,
    pub clock_offset: i64,
    /// Drops what a neighbour has acknowledged at once, as a node whose disk is small would.
    pub forgetful: bool,
}

impl Node {
    pub fn new(topology: Topology, policy: Rc<Policy>, mutant: Mutant) -> Self {
        let state = State::new(1);
        Self {
            topology,
            policy,
            mutant,
            durable: state.clone(),
            state,
            scheduler: BTreeMap::new(),
            refusals: BTreeMap::new(),
            up: true,
            clock_offset: 0,
            forgetful: false,
        }
    }

    pub fn name(&self) -> &NodeId {
        &self.topology.own
    }

    /// fdatasync.
    pub fn sync(&mut self) {
        self.durable = self.state.clone();
    }

    fn commit(&mut self) {
        if !matches!(self.mutant, Mutant::NoSync | Mutant::AnswerBeforeSync) {
            self.sync();
        }
    }

    pub fn restart(&mut self, now: i64) {
        self.state = self.durable.clone();
        self.state.sending.values_mut().for_each(|sending| sending.reserve(now));
        self.scheduler.clear();
        self.up = true;
    }

    /// Puts an old backup back. Begins new epochs, as `fengsui restore` does.
    pub fn restore(&mut self, backup: &State, now: i64) {
        self.state = backup.clone();
        if self.mutant != Mutant::KeepEpoch {
            let now = u64::try_from(now).unwrap_or(0);
            self.state.epoch = now.max(self.state.epoch + 1);
            self.state.oseq = 0;
            let streams: Vec<Stream> = self.state.sending.keys().cloned().collect();
            for stream in streams {
                let epoch = now.max(self.state.sending[&stream].epoch + 1);
                self.renumber(&stream, epoch);
            }
        }
        self.sync();
        self.restart(now);
    }

    fn renumber(&mut self, stream: &Stream, epoch: u64) {
        let held = self.state.out.remove(stream).unwrap_or_default();
        let (sending, rows) = Sending::begin_epoch(epoch, held.into_values().map(|row| row.message.clone()));
        self.state.sending.insert(stream.clone(), sending);
        self.state.out.insert(stream.clone(), rows.into_iter().map(|row| (row.seq, Rc::new(row))).collect());
    }

    /// Makes a message of this node durable and puts it into the streams it goes out by.
    pub fn originate(&mut self, kind: &str, to: Destination, obj: String, now: i64) -> MessageId {
        let rule = self.policy.kind(kind).expect("is a kind").clone();
        self.state.oseq += 1;
        let message = Envelope {
            v: 1,
            origin: self.name().clone(),
            epoch: self.state.epoch,
            oseq: self.state.oseq,
            to: to.clone(),
            kind: kind.to_owned(),
            obj,
            rev: self.state.oseq,
            ts: now,
            expires: None,
            labels: Labels::default(),
            body: "{}".to_owned(),
            origin_signature: None,
        };
        let message = if rule.signed { message.sign(&CheapKey(self.name().clone())).expect("signs") } else { message };
        let id = message.id();
        for hop in self.topology.next_hops(&to) {
            self.state.put_out(&hop, rule.lane, message.clone());
        }
        self.sync();
        id
    }

    /// The next batch for a neighbour, as quotas have it.
    pub fn next_batch(&mut self, peer: &NodeId, most: usize, now: i64) -> Option<Batch> {
        let waiting = Lane::ALL.map(|lane| self.state.sending.get(&(peer.clone(), lane)).map_or(0, Sending::waiting));
        let scheduler = self.scheduler.entry(peer.clone()).or_insert_with(|| Scheduler::new(Default::default()));
        let (lane, _) = scheduler.next(&waiting)?;
        scheduler.sent(lane, 40_000);
        let stream = (peer.clone(), lane);
        let sending = self.state.sending.get_mut(&stream)?;
        let first = sending.first_to_send();
        let rows = self.state.out.get(&stream)?.range(first..).take(most).map(|(_, row)| (**row).clone()).collect();
        let link = TierStream { src: self.topology.own.clone(), dst: peer.clone(), lane };
        sending.batch(&link, rows, now, &CheapKey(self.topology.own.clone())).expect("signs")
    }

    /// Takes a batch. The answer may be sent when this returns, since everything is synced then.
    pub fn take(&mut self, batch: &Batch, now: i64) -> Result<Answer, String> {
        let stream = (batch.header.src.clone(), batch.header.lane);
        let place = self.state.receiving.get(&stream).cloned().unwrap_or_default();
        match place.admit(batch, &self.topology.own, &self.topology) {
            Err(refusal) => {
                *self.refusals.entry(refusal).or_default() += 1;
                Ok(place.answer(stream.1, Some(refusal)))
            }
            Ok(admission) => {
                invariants::admission_is_sound(&place, &admission, batch.header.repair)?;
                self.take_admitted(&stream, &place, admission, batch.header.repair, now)
            }
        }
    }

    fn take_admitted(
        &mut self,
        stream: &Stream,
        place: &Receiving,
        admission: Admission,
        repair: bool,
        now: i64,
    ) -> Result<Answer, String> {
        if admission.next.epoch > place.epoch {
            self.state.taken.remove(stream);
        }
        for (seq, link, message) in admission.fresh {
            self.take_message(stream, &message, repair, now)?;
            self.state.taken.entry(stream.clone()).or_default().insert(seq, (link, message.id()));
        }
        let answer = admission.next.answer(stream.1, None);
        self.state.receiving.insert(stream.clone(), admission.next);
        self.commit();
        Ok(answer)
    }

    fn take_message(&mut self, stream: &Stream, message: &Envelope, repair: bool, now: i64) -> Result<(), String> {
        let id = message.id();
        let object = self.state.objects.get(&(message.kind.clone(), message.obj.clone()));
        let known = Known {
            seen: self.mutant != Mutant::SkipDedupe && self.state.seen.contains(&id),
            owner: object.map(|(owner, _)| owner.clone()),
            rev: object.map(|(_, rev)| *rev).filter(|_| self.mutant != Mutant::SkipDedupe),
        };
        let judged =
            Judge { policy: &self.policy, directory: &self.topology, now }.judge(message, &stream.0, stream.1, &known);
        let arrival = match judged {
            Ok(arrival) if arrival.act == Act::Repeated => return Ok(()),
            Ok(arrival) => arrival,
            Err(refusal) => {
                *self.refusals.entry(refusal).or_default() += 1;
                return Ok(());
            }
        };
        self.state.seen.insert(id.clone());
        if arrival.act == Act::Keep {
            let owned = (message.origin.clone(), message.rev);
            self.state.objects.insert((message.kind.clone(), message.obj.clone()), owned);
        }
        if arrival.act != Act::Pass {
            self.state.effects.happened(&id, stream.1, repair)?;
        }
        for hop in arrival.onward.iter().flat_map(|to| self.topology.next_hops(to)).collect::<Vec<_>>() {
            self.state.put_out(&hop, stream.1, message.clone());
        }
        Ok(())
    }

    /// Takes the answer to a batch.
    pub fn answered(&mut self, peer: &NodeId, answer: &Answer) {
        let stream = (peer.clone(), answer.lane);
        let Some(sending) = self.state.sending.get_mut(&stream) else { return };
        if let Some(epoch) = sending.outgrown_by(answer) {
            if self.mutant != Mutant::KeepEpoch {
                self.renumber(&stream, epoch);
                self.sync();
            }
        } else if sending.answered(answer) {
            if self.forgetful {
                sending.forget_up_to(sending.acknowledged);
                let floor = sending.floor;
                self.state.out.entry(stream).or_default().retain(|seq, _| *seq >= floor);
            }
            self.sync();
        }
    }

    /// Digests of what a neighbour has acknowledged, by lane.
    pub fn digests(&self, peer: &NodeId) -> Vec<(Lane, u64, Vec<BucketDigest>)> {
        let of = |(stream, sending): (&Stream, &Sending)| {
            let rows = self.state.out.get(stream)?.range(..=sending.acknowledged);
            Some((stream.1, sending.epoch, buckets(rows.map(|(seq, row)| (*seq, row.link)))))
        };
        self.state.sending.iter().filter(|(stream, _)| stream.0 == *peer).filter_map(of).collect()
    }

    /// Where this node is in the stream, and numbers that it does not hold as the sender does. The place tells a sender
    /// that has nothing to send that this node was restored.
    pub fn compare(&self, peer: &NodeId, lane: Lane, epoch: u64, theirs: &[BucketDigest]) -> (Answer, Vec<(u64, u64)>) {
        let stream = (peer.clone(), lane);
        let place = self.state.receiving.get(&stream).cloned().unwrap_or_default();
        let answer = place.answer(lane, None);
        if place.epoch != epoch {
            return (answer, Vec::new());
        }
        let taken = self.state.taken.get(&stream).into_iter().flatten().map(|(seq, (link, _))| (*seq, *link));
        (answer, differing(&buckets(taken), theirs))
    }

    /// Batches that bring again what a neighbour has lost.
    pub fn repairs(&mut self, peer: &NodeId, lane: Lane, ranges: &[(u64, u64)], now: i64) -> Vec<Batch> {
        let stream = (peer.clone(), lane);
        let link = TierStream { src: self.topology.own.clone(), dst: peer.clone(), lane };
        let key = CheapKey(self.topology.own.clone());
        let Some(sending) = self.state.sending.get_mut(&stream) else { return Vec::new() };
        let mut batches = Vec::new();
        for (first, last) in ranges {
            let last = (*last).min(sending.acknowledged);
            if *first > last {
                continue;
            }
            let rows: Vec<OutRow> =
                self.state.out[&stream].range(*first..=last).map(|(_, row)| (**row).clone()).collect();
            batches.extend(sending.repair(&link, rows, now, &key).expect("signs"));
        }
        batches
    }

    /// Loses one thing that had taken effect, as a damaged table would.
    pub fn damage(&mut self, choice: usize) -> bool {
        let streams: Vec<(Stream, u64)> =
            self.state.taken.iter().flat_map(|(stream, rows)| rows.keys().map(|seq| (stream.clone(), *seq))).collect();
        let Some((stream, seq)) = streams.get(choice % streams.len().max(1)) else { return false };
        let Some((_, id)) = self.state.taken.get_mut(stream).and_then(|rows| rows.remove(seq)) else { return false };
        self.state.seen.remove(&id);
        self.state.effects.lost(&id);
        self.sync();
        true
    }

    /// Everything that must hold of this node's tables.
    pub fn check(&self) -> Result<(), String> {
        for (stream, sending) in &self.state.sending {
            let held = self.state.out.get(stream).into_iter().flat_map(BTreeMap::values).map(Rc::as_ref);
            invariants::sending_is_sound(sending, held)
                .map_err(|error| format!("{} to {stream:?}: {error}", self.name()))?;
        }
        Ok(())
    }
}
