//! The store against a twin of a few maps: whatever is done in whatever order, both have the same content, number and hold.

use std::collections::BTreeMap;
use std::fs;

use proptest::prelude::*;

use super::*;
use crate::numbering::Memory;

const KEYS: [&str; 3] = ["a", "b", "c"];

type Content = BTreeMap<&'static str, i64>;
type Patched = BTreeMap<&'static str, Option<i64>>;

#[derive(Clone, Debug)]
enum Step {
    Write(Content),
    Reload,
    Patch(&'static str, Option<i64>),
    Withdraw(&'static str),
    Rollback(prop::sample::Index),
    Resume,
    Reopen,
}

fn step() -> impl Strategy<Value = Step> {
    let key = prop::sample::select(&KEYS[..]);
    let content = prop::collection::btree_map(key.clone(), 0..3i64, 0..4);
    prop_oneof![
        3 => content.prop_map(Step::Write),
        3 => Just(Step::Reload),
        3 => (key.clone(), prop::option::of(0..3i64)).prop_map(|(key, value)| Step::Patch(key, value)),
        1 => key.prop_map(Step::Withdraw),
        1 => any::<prop::sample::Index>().prop_map(Step::Rollback),
        1 => Just(Step::Resume),
        1 => Just(Step::Reopen),
    ]
}

#[derive(Clone, Debug, Default, PartialEq)]
struct State {
    content: Content,
    patches: Patched,
    held: bool,
}

#[derive(Default)]
struct Twin {
    file: Content,
    history: Vec<State>,
}

fn patched(mut content: Content, patches: &Patched) -> Content {
    for (key, value) in patches {
        match value {
            Some(value) => content.insert(key, *value),
            None => content.remove(key),
        };
    }
    content
}

impl Twin {
    fn now(&self) -> State {
        self.history.last().cloned().unwrap_or_default()
    }

    fn publish(&mut self, next: State) {
        if self.history.last() != Some(&next) {
            self.history.push(next);
        }
    }

    fn reload(&mut self) {
        let patches = self.now().patches;
        self.publish(State { content: patched(self.file.clone(), &patches), patches, held: false });
    }

    fn does(&mut self, step: &Step) {
        let mut next = self.now();
        match step {
            Step::Write(content) => self.file = content.clone(),
            Step::Reload | Step::Resume => self.reload(),
            Step::Patch(key, value) => {
                next.patches.insert(key, *value);
                next.content = patched(next.content, &[(*key, *value)].into());
                self.publish(next);
            }
            Step::Withdraw(key) => {
                let was_patched = next.patches.remove(key).is_some();
                if next.held {
                    if was_patched {
                        next.content = patched(next.content, &[(*key, self.file.get(key).copied())].into());
                    }
                } else {
                    next.content = patched(self.file.clone(), &next.patches);
                }
                self.publish(next);
            }
            Step::Rollback(index) => {
                let old = index.get(&self.history).clone();
                self.history.push(State { held: true, ..old });
            }
            Step::Reopen if next.held => {}
            Step::Reopen => self.reload(),
        }
    }
}

fn write(file: &FilePath, content: &Content) {
    fs::write(file, serde_json::to_vec(content).unwrap()).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn whatever_is_done_the_store_is_where_its_twin_is(steps in prop::collection::vec(step(), 1..30)) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("app.json");
        let numbering = Arc::new(Memory::default());
        let open = || Store::open(Options { numbering: numbering.clone(), keep: 100, ..over(&file) }).unwrap().0;
        let mut twin = Twin::default();
        write(&file, &twin.file);
        let mut store = open();
        twin.reload();
        for (at, step) in steps.iter().enumerate() {
            match step {
                Step::Write(content) => write(&file, content),
                Step::Reload => prop_assert!(store.reload(&By::default()).accepted),
                Step::Patch(key, value) => {
                    let value = value.map(|value| super::change(key, &value.to_string()).1);
                    store.patch(&[(path(key), value.flatten())], None, &By::default()).unwrap();
                }
                Step::Withdraw(key) => drop(store.unpatch(&[path(key)], None, &By::default()).unwrap()),
                Step::Rollback(index) => drop(store.rollback(index.index(twin.history.len()) as u64 + 1, &By::default()).unwrap()),
                Step::Resume => prop_assert!(store.resume(&By::default()).accepted),
                Step::Reopen => store = open(),
            }
            twin.does(step);
            let version = store.pin();
            let content: BTreeMap<String, i64> = serde_json::from_slice(&version.document().to_json()).unwrap();
            let expected: BTreeMap<String, i64> = twin.now().content.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
            prop_assert_eq!(content, expected, "content after step {} of {:?}", at, &steps);
            prop_assert_eq!((version.number(), store.is_held()), (twin.history.len() as u64, twin.now().held), "after step {} of {:?}", at, &steps);
        }
    }
}
