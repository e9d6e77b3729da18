//! A table by name that a snapshot of the state takes at once and writes elsewhere.
//!
//! Entries are in shards that a snapshot shares: it costs a reference a shard. A shard that is changed afterwards is copied
//! first, which costs two references for each of its entries, and of these only the changed entry itself is copied.

use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Name of an entry; tables that order entries share it.
pub(crate) type Name = Arc<str>;

/// Shards of a table by name: of a million entries some 250 are in each.
const SHARDS: u64 = 4_096;

/// A key that tells its shard.
pub(crate) trait Sharded {
    /// Number of the shard.
    type Shard: Ord + Copy + fmt::Debug;

    fn shard(&self) -> Self::Shard;
}

impl Sharded for str {
    type Shard = u16;

    fn shard(&self) -> u16 {
        let mut hasher = DefaultHasher::new();
        self.hash(&mut hasher);
        (hasher.finish() % SHARDS) as u16
    }
}

impl Sharded for Name {
    type Shard = u16;

    fn shard(&self) -> u16 {
        (**self).shard()
    }
}

type Shard<K, V> = BTreeMap<K, Arc<V>>;

/// A table in shards. Iterates by shard, then key.
pub(crate) struct Table<K: Sharded, V> {
    shards: BTreeMap<K::Shard, Arc<Shard<K, V>>>,
    len: usize,
}

/// A table by name.
pub(crate) type Shards<V> = Table<Name, V>;

impl<K: Sharded, V> Default for Table<K, V> {
    fn default() -> Self {
        Self { shards: BTreeMap::new(), len: 0 }
    }
}

impl<K: Sharded, V> Clone for Table<K, V> {
    fn clone(&self) -> Self {
        Self { shards: self.shards.clone(), len: self.len }
    }
}

impl<K: Sharded + fmt::Debug, V: fmt::Debug> fmt::Debug for Table<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.shards.values().flat_map(|shard| shard.iter())).finish()
    }
}

impl<K: Sharded + Ord, V> Table<K, V> {
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn contains<Q: Sharded<Shard = K::Shard> + Ord + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.get(key).is_some()
    }

    pub(crate) fn get<Q: Sharded<Shard = K::Shard> + Ord + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.shards.get(&key.shard())?.get(key).map(|entry| &**entry)
    }

    /// An entry, shared: whoever changes it in the table afterwards copies it first.
    pub(crate) fn share(&self, key: &K) -> Option<Arc<V>> {
        self.shards.get(&key.shard())?.get(key).cloned()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.shards.values().flat_map(|shard| shard.iter().map(|(key, entry)| (key, &**entry)))
    }
}

impl<K: Sharded + Ord + Clone, V: Clone> Table<K, V> {
    /// An entry, to be changed.
    pub(crate) fn get_mut<Q: Sharded<Shard = K::Shard> + Ord + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
    {
        let shard = self.shards.get_mut(&key.shard())?;
        if !shard.contains_key(key) {
            return None;
        }
        Arc::make_mut(shard).get_mut(key).map(Arc::make_mut)
    }

    pub(crate) fn remove<Q: Sharded<Shard = K::Shard> + Ord + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        self.take(key).map(Arc::unwrap_or_clone)
    }

    /// Takes out an entry without copying it, though others may share it.
    pub(crate) fn take<Q: Sharded<Shard = K::Shard> + Ord + ?Sized>(&mut self, key: &Q) -> Option<Arc<V>>
    where
        K: Borrow<Q>,
    {
        let number = key.shard();
        let shard = self.shards.get_mut(&number)?;
        let gone = Arc::make_mut(shard).remove(key)?;
        if shard.is_empty() {
            self.shards.remove(&number);
        }
        self.len -= 1;
        Some(gone)
    }

    /// Takes out the first entry.
    pub(crate) fn pop_first(&mut self) -> Option<(K, V)> {
        let key = self.shards.first_key_value()?.1.first_key_value()?.0.clone();
        let entry = self.remove(&key)?;
        Some((key, entry))
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = (&K, &mut V)> {
        let shards = self.shards.values_mut().map(Arc::make_mut);
        shards.flat_map(|shard| shard.iter_mut().map(|(key, entry)| (key, Arc::make_mut(entry))))
    }

    /// An entry, to be changed; a new one when there is none, and then true.
    pub(crate) fn entry_or(&mut self, key: &K, new: impl FnOnce() -> V) -> (&mut V, bool) {
        let shard = Arc::make_mut(self.shards.entry(key.shard()).or_default());
        let mut is_new = false;
        let entry = shard.entry(key.clone()).or_insert_with(|| {
            is_new = true;
            Arc::new(new())
        });
        self.len += usize::from(is_new);
        (Arc::make_mut(entry), is_new)
    }
}

impl<V: Clone + Default> Shards<V> {
    /// An entry, to be changed; a new one when there is none, and then true.
    pub(crate) fn entry(&mut self, name: &str) -> (&mut V, bool) {
        let known = self.shards.get(&name.shard()).and_then(|shard| shard.get_key_value(name));
        let name = known.map_or_else(|| name.into(), |(name, _)| name.clone());
        self.entry_or(&name, V::default)
    }
}

/// A map of names to entries.
impl<V: Serialize> Serialize for Shards<V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl<'de, V: Clone + Deserialize<'de>> Deserialize<'de> for Shards<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(BTreeMap::<Name, V>::deserialize(deserializer)?.into_iter().collect())
    }
}

impl<K: Sharded + Ord + Clone, V: Clone> FromIterator<(K, V)> for Table<K, V> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        let mut table = Self::default();
        for (key, entry) in entries {
            table.entry_or(&key, || entry);
        }
        table
    }
}

/// Tables whose keys are no texts, written as lists of pairs (JSON has only texts as keys).
pub(crate) mod rows {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::{Sharded, Table};

    pub(crate) fn serialize<K: Sharded + Ord + Serialize, V: Serialize, S: Serializer>(
        table: &Table<K, V>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(table.iter())
    }

    pub(crate) fn deserialize<'de, K, V, D>(deserializer: D) -> Result<Table<K, V>, D::Error>
    where
        K: Sharded + Ord + Clone + Deserialize<'de>,
        V: Clone + Deserialize<'de>,
        D: Deserializer<'de>,
    {
        Ok(Vec::<(K, V)>::deserialize(deserializer)?.into_iter().collect())
    }
}

/// Names by the number of a window.
#[derive(Debug, Clone, Default)]
pub(crate) struct Marks(BTreeMap<i64, Shards<()>>);

/// A list of pairs of window and name.
impl Serialize for Marks {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let pairs = self.0.iter().flat_map(|(number, names)| names.iter().map(move |(name, ())| (number, name)));
        serializer.collect_seq(pairs)
    }
}

impl<'de> Deserialize<'de> for Marks {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut marks = Self::default();
        for (number, name) in Vec::<(i64, String)>::deserialize(deserializer)? {
            marks.insert(number, &name);
        }
        Ok(marks)
    }
}

impl Marks {
    /// Whether a name was not there.
    pub(crate) fn insert(&mut self, number: i64, name: &str) -> bool {
        self.0.entry(number).or_default().entry(name).1
    }

    pub(crate) fn contains(&self, number: i64, name: &str) -> bool {
        self.0.get(&number).is_some_and(|names| names.contains(name))
    }

    /// Takes out a name of the first window, if that is before another.
    pub(crate) fn pop_before(&mut self, end: i64) -> Option<(i64, Name)> {
        while let Some(mut first) = self.0.first_entry().filter(|first| *first.key() < end) {
            let (number, name) = (*first.key(), first.get_mut().pop_first());
            match name {
                Some((name, ())) => return Some((number, name)),
                None => drop(first.remove()),
            }
        }
        None
    }

    /// Drops the windows before another.
    pub(crate) fn drop_before(&mut self, end: i64) {
        while self.0.first_key_value().is_some_and(|(number, _)| *number < end) {
            self.0.pop_first();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changes_after_a_snapshot_is_not_in_it() {
        let mut table: Shards<u32> = Shards::default();
        let names: Vec<Name> = (0..10_000).map(|number| format!("name{number}").into()).collect();
        assert!(names.iter().all(|name| table.entry_or(name, || 0).1));
        let snapshot = table.clone();
        let before = serde_json::to_string(&snapshot).expect("is JSON");
        assert!(table.remove("name7").is_some() && table.remove("name7").is_none() && !table.contains("name7"));
        *table.get_mut("name8").expect("there") = 5;
        assert!(!table.entry("name9").1);
        assert_eq!((table.len(), snapshot.len(), table.iter().count()), (9_999, 10_000, 9_999));
        assert_eq!(snapshot.get("name8"), Some(&0));
        assert_eq!(serde_json::to_string(&snapshot).expect("is JSON"), before);
        let read: Shards<u32> = serde_json::from_str(&before).expect("reads");
        assert_eq!((read.len(), serde_json::to_string(&read).expect("is JSON")), (10_000, before));
        assert!((0..9_999).all(|_| table.pop_first().is_some()) && table.pop_first().is_none());
    }

    #[test]
    fn marks_come_out_window_by_window() {
        let mut marks = Marks::default();
        assert!(marks.insert(2, "b") && marks.insert(1, "a") && !marks.insert(1, "a"));
        let popped: Vec<_> = std::iter::from_fn(|| marks.pop_before(2)).collect();
        assert_eq!(popped, [(1, "a".into())]);
        assert!(marks.contains(2, "b") && !marks.contains(1, "a"));
        marks.drop_before(3);
        assert!(!marks.contains(2, "b"));
    }
}
