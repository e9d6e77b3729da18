//! The groups of one correlation, so that a snapshot of a million of them is taken at once and written elsewhere.
//!
//! Groups are in shards that a snapshot shares: it costs a reference a shard. A shard that is changed afterwards is copied
//! first, which costs a name and a reference for each of its groups, and of these only the changed group itself is copied.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::group::Group;
use super::state::Name;

/// Shards of one correlation: with as many groups as all correlations together may have, some 250 are in each.
const SHARDS: u64 = 4_096;

type Shard = BTreeMap<Name, Arc<Group>>;

/// The groups of one correlation by name.
#[derive(Debug, Clone, Default)]
pub(crate) struct Groups {
    shards: BTreeMap<u16, Arc<Shard>>,
    len: usize,
}

fn shard_of(name: &str) -> u16 {
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    (hasher.finish() % SHARDS) as u16
}

impl Groups {
    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn contains(&self, name: &str) -> bool {
        self.shards.get(&shard_of(name)).is_some_and(|shard| shard.contains_key(name))
    }

    pub(super) fn get(&self, name: &str) -> Option<&Group> {
        self.shards.get(&shard_of(name))?.get(name).map(|group| &**group)
    }

    /// A group, to be changed.
    pub(super) fn get_mut(&mut self, name: &str) -> Option<&mut Group> {
        Arc::make_mut(self.shards.get_mut(&shard_of(name))?).get_mut(name).map(Arc::make_mut)
    }

    /// A group, to be changed; a new one when there is none, and then true.
    pub(super) fn entry(&mut self, name: &Name) -> (&mut Group, bool) {
        let shard = Arc::make_mut(self.shards.entry(shard_of(name)).or_default());
        let before = shard.len();
        if !shard.contains_key(name) {
            shard.insert(name.clone(), Arc::default());
        }
        let is_new = shard.len() > before;
        self.len += usize::from(is_new);
        (Arc::make_mut(shard.entry(name.clone()).or_default()), is_new)
    }

    pub(super) fn remove(&mut self, name: &str) -> bool {
        let number = shard_of(name);
        let Some(shard) = self.shards.get_mut(&number) else { return false };
        let is_gone = Arc::make_mut(shard).remove(name).is_some();
        if shard.is_empty() {
            self.shards.remove(&number);
        }
        self.len -= usize::from(is_gone);
        is_gone
    }

    fn iter(&self) -> impl Iterator<Item = (&Name, &Arc<Group>)> {
        self.shards.values().flat_map(|shard| shard.iter())
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = (&Name, &mut Group)> {
        let shards = self.shards.values_mut().map(Arc::make_mut);
        shards.flat_map(|shard| shard.iter_mut().map(|(name, group)| (name, Arc::make_mut(group))))
    }
}

/// A map of names to groups.
impl Serialize for Groups {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter().map(|(name, group)| (name, &**group)))
    }
}

impl<'de> Deserialize<'de> for Groups {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut groups = Self::default();
        for (name, group) in BTreeMap::<Name, Group>::deserialize(deserializer)? {
            *groups.entry(&name).0 = group;
        }
        Ok(groups)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changes_after_a_snapshot_is_not_in_it() {
        let mut groups = Groups::default();
        let names: Vec<Name> = (0..10_000).map(|number| format!("name{number}")).collect();
        assert!(names.iter().all(|name| groups.entry(name).1));
        let snapshot = groups.clone();
        let before = serde_json::to_string(&snapshot).expect("is JSON");
        assert!(groups.remove("name7") && !groups.remove("name7") && !groups.contains("name7"));
        groups.get_mut("name8").expect("there").queued = Some(fengsui_schema::Timestamp::EPOCH);
        assert!(!groups.entry(&names[9]).1);
        assert_eq!((groups.len(), snapshot.len(), groups.iter().count()), (9_999, 10_000, 9_999));
        assert!(snapshot.get("name8").is_some_and(|group| group.queued.is_none()));
        assert_eq!(serde_json::to_string(&snapshot).expect("is JSON"), before);
        let read: Groups = serde_json::from_str(&before).expect("reads");
        assert_eq!((read.len(), serde_json::to_string(&read).expect("is JSON")), (10_000, before));
    }
}
