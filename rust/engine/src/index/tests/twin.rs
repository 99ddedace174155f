//! Two writers on one storage against maps: after every operation both show what the maps say.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::storage::FileStorage;

type Map = BTreeMap<String, i64>;

#[derive(Clone, Debug)]
enum Change {
    Upsert(Vec<(u8, i64)>),
    Delete(Vec<u8>),
    DeleteWhere(i64, i64),
}

#[derive(Clone, Debug)]
enum Op {
    Change(Change),
    Commit,
    Refresh,
    Reopen,
    Merge(usize),
    Gc,
    Transaction(Vec<Change>, bool),
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        6 => prop::collection::vec((0u8..24, 0i64..1000), 1..8).prop_map(Change::Upsert),
        2 => prop::collection::vec(0u8..24, 1..4).prop_map(Change::Delete),
        1 => (2i64..6, 0i64..6).prop_map(|(by, rest)| Change::DeleteWhere(by, rest % by)),
    ]
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        12 => change().prop_map(Op::Change),
        4 => Just(Op::Commit),
        2 => Just(Op::Refresh),
        1 => Just(Op::Reopen),
        1 => (1usize..4).prop_map(Op::Merge),
        1 => Just(Op::Gc),
        1 => (prop::collection::vec(change(), 1..4), any::<bool>()).prop_map(|(changes, commit)| Op::Transaction(changes, commit)),
    ]
}

fn apply(map: &mut Map, change: &Change) {
    match change {
        Change::Upsert(docs) => map.extend(docs.iter().map(|(key, n)| (key.to_string(), *n))),
        Change::Delete(keys) => keys.iter().for_each(|key| _ = map.remove(&key.to_string())),
        Change::DeleteWhere(by, rest) => map.retain(|_, n| n.rem_euclid(*by) != *rest),
    }
}

/// A writer and what it should show: the commit that it follows, and its own changes on top.
struct Twin {
    handle: Handle,
    followed: Map,
    pending: Vec<Change>,
}

impl Twin {
    fn shows(&self) -> Map {
        let mut map = self.followed.clone();
        self.pending.iter().for_each(|change| apply(&mut map, change));
        map
    }

    fn change(&mut self, change: Change) {
        let before = self.shows();
        let after = {
            let mut map = before.clone();
            apply(&mut map, &change);
            map
        };
        let gone = before.keys().filter(|key| !after.contains_key(*key)).count() as u64;
        match &change {
            Change::Upsert(docs) => {
                // Now in one chunk, now in several: on this thread or on all.
                let per_chunk = if docs.len() % 2 == 0 { 100 } else { 2 };
                let docs = docs.iter().map(|(key, n)| doc(key, *n));
                self.handle.writer.upsert(&mut records(docs, per_chunk), &UpsertOptions::default(), &Interrupt::none()).unwrap();
            }
            Change::Delete(keys) => {
                let keys: Vec<String> = keys.iter().map(u8::to_string).collect();
                assert_eq!(self.handle.writer.delete(&keys, true, &Interrupt::none()).unwrap(), gone);
            }
            Change::DeleteWhere(by, rest) => {
                assert_eq!(self.handle.writer.delete_where(Arc::new(Remainder(*by, *rest)), true, &Interrupt::none()).unwrap(), gone);
            }
        }
        self.pending.push(change);
    }

    fn commit(&mut self, committed: &mut Map) {
        self.handle.commit();
        self.committed(committed);
    }

    fn committed(&mut self, committed: &mut Map) {
        std::mem::take(&mut self.pending).iter().for_each(|change| apply(committed, change));
        self.followed.clone_from(committed);
    }
}

fn run(storage: Arc<dyn Storage>, ops: Vec<(bool, Op)>) {
    let mut committed = Map::new();
    let first = Handle::create(Arc::clone(&storage));
    let second = Handle::open(&storage);
    let mut twins = [first, second].map(|handle| Twin { handle, followed: Map::new(), pending: Vec::new() });
    for (which, op) in ops {
        let twin = &mut twins[usize::from(which)];
        match op {
            Op::Change(change) => twin.change(change),
            Op::Commit => twin.commit(&mut committed),
            Op::Refresh => {
                twin.handle.refresh();
                twin.followed.clone_from(&committed);
            }
            Op::Reopen => {
                twin.handle.writer.close();
                *twin = Twin { handle: Handle::open(&storage), followed: committed.clone(), pending: Vec::new() };
            }
            Op::Merge(segments) => {
                twin.handle.writer.merge(segments, &Interrupt::none()).unwrap();
                twin.handle.refresh();
                twin.followed.clone_from(&committed);
            }
            Op::Gc => _ = twin.handle.writer.gc().unwrap(),
            Op::Transaction(changes, commit) => {
                let mut transaction = twin.handle.writer.transaction().unwrap();
                for change in &changes {
                    match change {
                        Change::Upsert(docs) => {
                            let docs = docs.iter().map(|(key, n)| doc(key, *n));
                            transaction.upsert(&mut records(docs, 3), &UpsertOptions::default(), &Interrupt::none()).unwrap();
                        }
                        Change::Delete(keys) => transaction.delete(keys.iter().map(u8::to_string).collect()),
                        Change::DeleteWhere(by, rest) => transaction.delete_where(Arc::new(Remainder(*by, *rest))),
                    }
                }
                if commit {
                    transaction.commit(&Interrupt::none()).unwrap();
                    twin.pending.extend(changes);
                    twin.committed(&mut committed);
                } else {
                    drop(transaction);
                }
            }
        }
        for twin in &twins {
            assert_eq!(twin.handle.contents(), twin.shows());
        }
    }
    for mut twin in twins {
        twin.commit(&mut committed);
        assert_eq!(twin.handle.contents(), committed);
        twin.handle.writer.close();
    }
    let last = Handle::open(&storage);
    assert_eq!(last.contents(), committed);
    last.writer.gc().unwrap();
    assert_clean(&*storage);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 120, ..ProptestConfig::default() })]
    #[test]
    fn two_writers_in_memory_are_like_two_maps(ops in prop::collection::vec((any::<bool>(), op()), 1..40)) {
        run(MemoryStorage::named(""), ops);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, max_shrink_iters: 50, ..ProptestConfig::default() })]
    #[test]
    fn two_writers_in_a_folder_are_like_two_maps(ops in prop::collection::vec((any::<bool>(), op()), 1..20)) {
        let folder = tempfile::tempdir().unwrap();
        run(Arc::new(FileStorage::new(folder.path().join("index")).unwrap()), ops);
    }
}
