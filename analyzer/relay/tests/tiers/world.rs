//! The world: a queue of things that happen, and a judge who knows what was accepted.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};
use std::rc::Rc;

use fengsui_relay::simulation::SplitMix;
use fengsui_relay::tier::{
    Answer, BackOff, Batch, BucketDigest, Destination, Directory, Lane, MessageId, NodeId, Policy,
};

use crate::node::{CheapKey, Mutant, Node, State, Topology};

/// Milliseconds of trouble, and of quiet after it in which everything has to arrive.
const TROUBLE: i64 = 20_000;
const QUIET: i64 = 240_000;
const DAY: i64 = 86_400_000;

/// What happened to the messages and nodes.
#[derive(Debug, Default)]
pub struct Toll {
    pub dropped: u64,
    pub doubled: u64,
    pub delivered: u64,
    pub crashes: u64,
    pub restores: u64,
    pub damaged: u64,
    pub clock_jumps: u64,
    pub partitions: u64,
    pub forged: u64,
    pub replayed: u64,
}

impl Toll {
    pub fn add(&mut self, other: &Self) {
        self.dropped += other.dropped;
        self.doubled += other.doubled;
        self.delivered += other.delivered;
        self.crashes += other.crashes;
        self.restores += other.restores;
        self.damaged += other.damaged;
        self.clock_jumps += other.clock_jumps;
        self.partitions += other.partitions;
        self.forged += other.forged;
        self.replayed += other.replayed;
    }
}

#[derive(Debug, Clone)]
enum Carried {
    Batch(Rc<Batch>),
    Answer(Answer),
    Digests(Lane, u64, Vec<BucketDigest>),
    Differing(Answer, Vec<(u64, u64)>),
}

#[derive(Debug, Clone)]
enum Event {
    Tick(usize),
    Deliver { from: usize, to: usize, what: Carried },
    Work(usize),
    Fault,
    Restart(usize),
    Sync(usize),
    Reconcile,
}

pub struct World {
    random: SplitMix,
    nodes: Vec<Node>,
    names: Vec<NodeId>,
    queue: BinaryHeap<Reverse<(i64, u64, usize)>>,
    events: Vec<Option<Event>>,
    now: i64,
    order: u64,
    mutant: Mutant,
    /// When a link may be used again, and its pauses.
    retry: BTreeMap<(usize, usize), (i64, BackOff)>,
    cut: BTreeMap<(usize, usize), i64>,
    captured: Vec<(usize, usize, Rc<Batch>)>,
    backups: BTreeMap<usize, (State, u64)>,
    /// What was accepted, where it must take effect, and at which node it was made.
    accepted: BTreeMap<MessageId, Vec<usize>>,
    made: Vec<(usize, MessageId)>,
    forged: BTreeSet<MessageId>,
    pub toll: Toll,
}

/// Lives one seed through.
pub fn run(seed: u64, mutant: Mutant) -> Result<(), String> {
    World::new(seed, mutant).live()
}

impl World {
    pub fn new(seed: u64, mutant: Mutant) -> Self {
        let names: Vec<NodeId> =
            ["620000", "620100", "620123", "620102"].iter().map(|name| name.parse().expect("name")).collect();
        let parents = [(1, 0), (2, 1), (3, 1)];
        let parents: BTreeMap<_, _> =
            parents.iter().map(|(child, parent)| (names[*child].clone(), names[*parent].clone())).collect();
        let (parents, policy) = (Rc::new(parents), Rc::new(Policy::built_in().expect("policy")));
        let check = mutant != Mutant::SkipVerification;
        let topology = |own: &NodeId| Topology { own: own.clone(), parents: Rc::clone(&parents), check };
        let mut nodes: Vec<Node> =
            names.iter().map(|own| Node::new(topology(own), Rc::clone(&policy), mutant)).collect();
        // In every other world nothing is held longer than needed: there each loss is for good. In the others old
        // backups are put back and tables are damaged, and what is held must mend that.
        nodes.iter_mut().for_each(|node| node.forgetful = seed % 2 == 1);
        let mut world = Self {
            random: SplitMix(seed),
            nodes,
            names,
            queue: BinaryHeap::new(),
            events: Vec::new(),
            now: 1_795_000_000_000,
            order: 0,
            mutant,
            retry: BTreeMap::new(),
            cut: BTreeMap::new(),
            captured: Vec::new(),
            backups: BTreeMap::new(),
            accepted: BTreeMap::new(),
            made: Vec::new(),
            forged: BTreeSet::new(),
            toll: Toll::default(),
        };
        world.fill();
        world
    }

    fn fill(&mut self) {
        for node in 0..self.nodes.len() {
            self.at(self.now + 1, Event::Tick(node));
            for _ in 0..4 + self.random.below(12) {
                let when = self.now + self.within(TROUBLE);
                self.at(when, Event::Work(node));
            }
        }
        for _ in 0..8 + self.random.below(28) {
            let when = self.now + self.within(TROUBLE);
            self.at(when, Event::Fault);
        }
        for round in 1..=4 {
            self.at(self.now + TROUBLE + round * 20_000, Event::Reconcile);
        }
    }

    fn within(&mut self, millis: i64) -> i64 {
        i64::try_from(self.random.below(usize::try_from(millis).unwrap_or(1))).unwrap_or(0)
    }

    fn one_in(&mut self, many: usize) -> bool {
        self.random.below(many) == 0
    }

    fn at(&mut self, when: i64, event: Event) {
        self.order += 1;
        self.events.push(Some(event));
        self.queue.push(Reverse((when, self.order, self.events.len() - 1)));
    }

    /// Lives through trouble and quiet, then judges.
    pub fn live(&mut self) -> Result<(), String> {
        let (trouble_ends, end) = (self.now + TROUBLE, self.now + TROUBLE + QUIET);
        while let Some(Reverse((when, _, event))) = self.queue.pop() {
            self.now = when;
            let Some(event) = self.events[event].take() else { continue };
            let quiet = when >= trouble_ends;
            if when > end || (quiet && when > trouble_ends + 90_000 && self.judge().is_ok()) {
                break;
            }
            self.happen(event, quiet)?;
        }
        self.nodes.iter().try_for_each(Node::check)?;
        self.judge()
    }

    fn happen(&mut self, event: Event, quiet: bool) -> Result<(), String> {
        match event {
            Event::Tick(node) => {
                let pause = 100 + self.within(200);
                self.at(self.now + pause, Event::Tick(node));
                if self.nodes[node].up {
                    self.send_all(node, quiet);
                }
            }
            Event::Deliver { from, to, what } if self.nodes[to].up => self.deliver(from, to, what, quiet)?,
            Event::Work(node) if self.nodes[node].up => self.work(node),
            Event::Work(node) => self.at(self.now + 500, Event::Work(node)),
            Event::Restart(node) => {
                let now = self.local(node);
                self.nodes[node].restart(now);
            }
            Event::Sync(node) if self.nodes[node].up => self.nodes[node].sync(),
            Event::Fault if !quiet => self.fault(),
            Event::Reconcile => self.reconcile(quiet),
            Event::Deliver { .. } | Event::Fault | Event::Sync(_) => {}
        }
        Ok(())
    }

    fn local(&self, node: usize) -> i64 {
        self.now + self.nodes[node].clock_offset
    }

    fn index(&self, name: &NodeId) -> usize {
        self.names.iter().position(|other| other == name).expect("is a node")
    }

    fn neighbours(&self, node: usize) -> Vec<usize> {
        let topology = &self.nodes[node].topology;
        topology.parent().cloned().into_iter().chain(topology.children()).map(|name| self.index(&name)).collect()
    }

    fn work(&mut self, node: usize) {
        let down = [("task", 2), ("rules", 0), ("emergency", 0), ("recall", 0)];
        let up = [("alert_summary", 0), ("task_result", 1), ("visibility", 0), ("incident_summary", 0)];
        let leaf = self.nodes[node].topology.children().is_empty();
        let root = self.nodes[node].topology.parent().is_none();
        let goes_up = leaf || (!root && self.one_in(2));
        let (kind, way) = if goes_up { up[self.random.below(4)] } else { down[self.random.below(4)] };
        let county = 2 + self.random.below(2);
        let to = match way {
            1 => Destination::Node(self.names[0].clone()),
            2 => Destination::Node(self.names[county].clone()),
            _ if goes_up => Destination::Up,
            _ => Destination::Down,
        };
        let name = self.names[node].clone();
        let obj = if kind == "visibility" { name.to_string() } else { format!("{name}-{}", self.made.len()) };
        let now = self.local(node);
        let id = self.nodes[node].originate(kind, to.clone(), obj, now);
        let observed = kind == "task";
        let takes = |other: &usize| match &to {
            Destination::Node(target) if observed => {
                let other = &self.names[*other];
                *other != name
                    && self.nodes[0].topology.is_within(target, other)
                    && self.nodes[0].topology.is_within(other, &name)
            }
            Destination::Node(target) => self.names[*other] == *target,
            Destination::Up => *other != node && self.nodes[*other].topology.is_within(&name, &self.names[*other]),
            Destination::Down => *other != node && self.nodes[*other].topology.is_within(&self.names[*other], &name),
        };
        let targets = (0..self.nodes.len()).filter(takes).collect();
        self.accepted.insert(id.clone(), targets);
        self.made.push((node, id));
    }

    fn send_all(&mut self, node: usize, quiet: bool) {
        for peer in self.neighbours(node) {
            if self.retry.get(&(node, peer)).is_some_and(|(until, _)| *until > self.now) {
                continue;
            }
            let (name, now) = (self.names[peer].clone(), self.local(node));
            let most = 1 + self.random.below(if quiet { 500 } else { 6 });
            let Some(batch) = self.nodes[node].next_batch(&name, most, now) else { continue };
            let random = self.random.next_number();
            let (until, back_off) = self.retry.entry((node, peer)).or_default();
            // Until the answer comes the link is taken to fail: the pause grows.
            *until = self.now + 300 + i64::try_from(back_off.failed(random)).unwrap_or(0).min(4_000);
            let batch = Rc::new(batch);
            if self.captured.len() < 40 {
                self.captured.push((node, peer, Rc::clone(&batch)));
            }
            self.post(node, peer, Carried::Batch(batch), quiet);
        }
    }

    /// Puts something on the wire.
    fn post(&mut self, from: usize, to: usize, what: Carried, quiet: bool) {
        let link = (from.min(to), from.max(to));
        let is_cut = self.cut.get(&link).is_some_and(|until| *until > self.now);
        if !quiet && (is_cut || self.one_in(8)) {
            self.toll.dropped += 1;
            return;
        }
        let longest = if quiet {
            50
        } else if self.one_in(12) {
            15_000
        } else {
            400
        };
        let copies = if !quiet && self.one_in(8) { 2 } else { 1 };
        self.toll.doubled += copies - 1;
        for _ in 0..copies {
            let delay = 1 + self.within(longest);
            self.at(self.now + delay, Event::Deliver { from, to, what: what.clone() });
        }
    }

    fn deliver(&mut self, from: usize, to: usize, what: Carried, quiet: bool) -> Result<(), String> {
        let (name, now) = (self.names[from].clone(), self.local(to));
        match what {
            Carried::Batch(batch) => {
                self.toll.delivered += 1;
                if !quiet && self.one_in(25) {
                    // The power goes before the sync: nothing of this call happened.
                    self.crash(to);
                    return Ok(());
                }
                let answer =
                    self.nodes[to].take(&batch, now).map_err(|error| format!("{}: {error}", self.names[to]))?;
                if self.mutant == Mutant::AnswerBeforeSync {
                    let delay = self.within(400);
                    self.at(self.now + delay, Event::Sync(to));
                } else if !quiet && self.one_in(25) {
                    // The power goes after the sync and before the answer.
                    self.crash(to);
                    return Ok(());
                }
                self.post(to, from, Carried::Answer(answer), quiet);
            }
            Carried::Answer(answer) => {
                self.nodes[to].answered(&name, &answer);
                let (until, back_off) = self.retry.entry((to, from)).or_default();
                *until = 0;
                back_off.succeeded();
            }
            Carried::Digests(lane, epoch, digests) => {
                let (place, ranges) = self.nodes[to].compare(&name, lane, epoch, &digests);
                self.post(to, from, Carried::Differing(place, ranges), quiet);
            }
            Carried::Differing(place, ranges) => {
                self.nodes[to].answered(&name, &place);
                for batch in self.nodes[to].repairs(&name, place.lane, &ranges, now) {
                    self.post(to, from, Carried::Batch(Rc::new(batch)), quiet);
                }
            }
        }
        Ok(())
    }

    fn crash(&mut self, node: usize) {
        self.toll.crashes += 1;
        self.nodes[node].up = false;
        let pause = 100 + self.within(4_000);
        self.at(self.now + pause, Event::Restart(node));
    }

    fn fault(&mut self) {
        let node = self.random.below(self.nodes.len());
        match self.random.below(8) {
            0 | 1 if self.nodes[node].up => self.crash(node),
            2 => {
                let peers = self.neighbours(node);
                let peer = peers[self.random.below(peers.len())];
                let until = self.now + 1_000 + self.within(8_000);
                self.cut.insert((node.min(peer), node.max(peer)), until);
                self.toll.partitions += 1;
            }
            3 => {
                let day = if self.one_in(2) { DAY } else { -DAY };
                self.nodes[node].clock_offset += day;
                self.toll.clock_jumps += 1;
            }
            4 | 5 if self.nodes[0].forgetful => self.attack(),
            4 => {
                // Only the upper tiers are restored: what a county had accepted and not sent is lost with its disk.
                let node = self.random.below(2);
                match self.backups.remove(&node) {
                    Some((backup, made)) if self.nodes[node].up => self.restore(node, &backup, made),
                    other => {
                        let fresh = (self.nodes[node].durable.clone(), self.made.len() as u64);
                        self.backups.insert(node, other.unwrap_or(fresh));
                    }
                }
            }
            5 => {
                let choice = self.random.below(1 << 30);
                let up = self.nodes[node].up;
                self.toll.damaged += u64::from(up && self.nodes[node].damage(choice));
            }
            _ => self.attack(),
        }
    }

    fn restore(&mut self, node: usize, backup: &State, made: u64) {
        self.toll.restores += 1;
        let now = self.local(node);
        self.nodes[node].restore(backup, now);
        // What the node itself made after the backup is gone with its disk, unless it went out before.
        let lost: Vec<MessageId> = self
            .made
            .iter()
            .skip(usize::try_from(made).unwrap_or(0))
            .filter(|(maker, _)| *maker == node)
            .map(|(_, id)| id.clone())
            .collect();
        lost.iter().for_each(|id| drop(self.accepted.insert(id.clone(), Vec::new())));
    }

    /// Somebody sends what they captured, or what they changed in it.
    fn attack(&mut self) {
        if self.captured.is_empty() {
            return;
        }
        let (from, to, batch) = self.captured[self.random.below(self.captured.len())].clone();
        if self.one_in(2) {
            self.toll.replayed += 1;
            self.at(self.now + 1, Event::Deliver { from, to, what: Carried::Batch(batch) });
            return;
        }
        // It links up with what was sent before; only the signature can't be made.
        let mut header = batch.header.clone();
        header.sending += 1_000_000;
        let mut messages = batch.messages.clone();
        let mut extra = messages.last().expect("has messages").clone();
        extra.oseq += 1_000_000;
        extra.obj = "forged".to_owned();
        self.forged.insert(extra.id());
        messages.push(extra);
        let forged = Batch::sign(header, messages, &CheapKey("attacker".parse().expect("name"))).expect("signs");
        self.toll.forged += 1;
        self.at(self.now + 1, Event::Deliver { from, to, what: Carried::Batch(Rc::new(forged)) });
    }

    fn reconcile(&mut self, quiet: bool) {
        for node in 0..self.nodes.len() {
            for peer in self.neighbours(node) {
                let name = self.names[peer].clone();
                for (lane, epoch, digests) in self.nodes[node].digests(&name) {
                    self.post(node, peer, Carried::Digests(lane, epoch, digests), quiet);
                }
            }
        }
    }

    /// Everything accepted took effect where it should, and nothing else did.
    fn judge(&self) -> Result<(), String> {
        for (id, targets) in &self.accepted {
            for target in targets {
                if !self.nodes[*target].state.effects.contains(id) {
                    return Err(format!("{id:?} never took effect at {}", self.names[*target]));
                }
            }
        }
        for node in &self.nodes {
            if let Some(id) = node.state.effects.ids().find(|id| !self.accepted.contains_key(*id)) {
                let forged = self.forged.contains(id);
                return Err(format!("{id:?} took effect at {} and was never made (forged: {forged})", node.name()));
            }
        }
        Ok(())
    }
}
