//! The transactions of one flow.

use std::collections::VecDeque;

use fengsui_schema::Timestamp;

use crate::limits::{EVENTS_PER_TRANSACTION, TRANSACTIONS_PER_FLOW};
use crate::{AppProtocol, Transaction};

/// The live transactions of one flow, oldest first, at most [`TRANSACTIONS_PER_FLOW`].
#[derive(Debug, Default)]
pub struct Transactions {
    live: VecDeque<Transaction>,
    next_id: u64,
    /// The number of the first one since the protocol changed last.
    first: u64,
    shed: u64,
}

impl Transactions {
    /// Opens a transaction. When the table is full the oldest one is dropped and counted.
    pub fn open(&mut self, protocol: AppProtocol, started: Timestamp) -> &mut Transaction {
        if self.live.len() >= TRANSACTIONS_PER_FLOW {
            self.live.pop_front();
            self.shed += 1;
        }
        let id = self.next_id;
        self.next_id += 1;
        let number = id - self.first;
        self.live.push_back(Transaction { number, ..Transaction::new(id, protocol, started) });
        let last = self.live.len() - 1;
        &mut self.live[last]
    }

    /// A transaction by its number.
    #[must_use]
    pub fn get(&self, id: u64) -> Option<&Transaction> {
        self.position(id).and_then(|index| self.live.get(index))
    }

    /// A transaction by its number.
    pub fn get_mut(&mut self, id: u64) -> Option<&mut Transaction> {
        self.position(id).and_then(|index| self.live.get_mut(index))
    }

    /// Forgets a transaction.
    pub fn release(&mut self, id: u64) {
        if let Some(index) = self.position(id) {
            self.live.remove(index);
        }
    }

    /// Counts from 0 again in what records tell: another protocol is spoken from here on.
    pub(super) const fn count_anew(&mut self) {
        self.first = self.next_id;
    }

    /// Gives back the room that live transactions had.
    pub(super) fn give_room_back(&mut self) {
        self.live.shrink_to_fit();
    }

    /// The live transactions, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &Transaction> {
        self.live.iter()
    }

    /// The live transactions, oldest first.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Transaction> {
        self.live.iter_mut()
    }

    /// The transaction opened last, when it is live.
    pub fn last_mut(&mut self) -> Option<&mut Transaction> {
        self.live.back_mut()
    }

    /// Transactions opened so far; also the number the next one gets.
    #[must_use]
    pub fn opened(&self) -> u64 {
        self.next_id
    }

    /// Transactions dropped because the table was full.
    #[must_use]
    pub fn shed(&self) -> u64 {
        self.shed
    }

    /// Numbers grow along the queue, so a transaction is found by bisection.
    fn position(&self, id: u64) -> Option<usize> {
        self.live.binary_search_by_key(&id, |transaction| transaction.id).ok()
    }
}

impl Transaction {
    /// Remembers an app-layer event on this transaction; repeats are left out.
    pub fn raise(&mut self, name: &'static str) {
        if self.events.len() < EVENTS_PER_TRANSACTION && !self.events.contains(&name) {
            self.events.push(name);
        }
    }
}
