//! Overlays against a plain map; objects against damage; what a million of them cost.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::numbering::Object;

fn change(name: &str, values: Option<&[u8]>) -> Change<'static> {
    (Cow::Owned(name.to_owned()), values.map(|values| Cow::Owned(values.to_vec())))
}

fn contents(units: &Units) -> BTreeMap<String, Vec<u8>> {
    units.iter().map(|(name, values)| (name.to_owned(), values.to_vec())).collect()
}

fn batches() -> impl Strategy<Value = Vec<Vec<(String, Option<Vec<u8>>)>>> {
    let one = ("[a-e]{0,2}", prop::option::of(prop::collection::vec(any::<u8>(), 0..200)));
    prop::collection::vec(prop::collection::vec(one, 0..12), 0..8)
}

proptest! {
    #[test]
    fn a_map_of_plain_entries_says_the_same(batches in batches()) {
        let (mut units, mut twin) = (Units::default(), BTreeMap::new());
        for (at, batch) in batches.iter().enumerate() {
            let before = contents(&units);
            let kept = units.clone();
            units = units.with(batch.iter().map(|(name, values)| change(name, values.as_deref())).collect()).unwrap();
            for (name, values) in batch {
                match values {
                    Some(values) => twin.insert(name.clone(), values.clone()),
                    None => twin.remove(name),
                };
            }
            prop_assert_eq!(&contents(&units), &twin);
            prop_assert_eq!(contents(&kept), before, "an older revision changed");
            prop_assert_eq!((units.len(), units.revision), (twin.len(), at as u64 + 1));
            for name in ["", "a", "bc", "not there"] {
                prop_assert_eq!(units.get(name).map(<[u8]>::to_vec), twin.get(name).cloned());
            }
        }
        let UnitsObject::Whole(read) = decode(&UnitsObject::Whole(Arc::new(units.clone())).encode()).unwrap() else { unreachable!("another kind") };
        prop_assert_eq!(contents(&read), twin);
    }

    #[test]
    fn changes_are_read_as_they_were_written(batch in prop::collection::vec((".{0,9}", prop::option::of(prop::collection::vec(any::<u8>(), 0..9))), 0..9)) {
        let changes: Vec<_> = batch.iter().map(|(name, values)| change(name, values.as_deref())).collect();
        let UnitsObject::Changes(read) = decode(&UnitsObject::Changes(changes.clone()).encode()).unwrap() else { unreachable!("another kind") };
        prop_assert_eq!(read, changes);
    }

    #[test]
    fn damage_is_found(at in 0usize..90, flip in 1u8..=255, cut in 0usize..90) {
        let bytes = UnitsObject::Changes(vec![change("user-7", Some(b"{\"a\":1}")), change("user-8", None)]).encode();
        let mut damaged = bytes.clone();
        if let Some(byte) = damaged.get_mut(at) {
            *byte ^= flip;
            prop_assert!(decode(&damaged).is_err());
        }
        if cut < bytes.len() {
            prop_assert!(decode(&bytes[..cut]).is_err());
        }
    }

    #[test]
    fn no_body_can_hurt_even_with_a_right_checksum(body in prop::collection::vec(any::<u8>(), 0..60)) {
        let forged = [b"findspot units 1\n".as_slice(), &xxhash_rust::xxh3::xxh3_128(&body).to_le_bytes(), &body].concat();
        let _ = decode(&forged);
    }
}

#[test]
fn many_units_cost_little_beyond_their_values() {
    const COUNT: usize = 200_000;
    let names: Vec<_> = (0..COUNT).map(|n| format!("user-{n}")).collect();
    let values = br#"{"search.title_weight":3.5}"#;
    let own: usize = names.iter().map(|name| name.len() + values.len()).sum();
    let changes = names.iter().map(|name| (Cow::Borrowed(name.as_str()), Some(Cow::Borrowed(values.as_slice())))).collect();
    let units = Units::default().with(changes).unwrap();
    assert_eq!(units.len(), COUNT);
    let each = (units.bytes() - own) as f64 / COUNT as f64;
    assert!(each < 20.0, "{each} bytes a unit beyond name and values");
    let next = units.with(vec![change("user-7", Some(b"{}"))]).unwrap();
    let shared = units.root.iter().zip(next.root.iter()).filter(|(a, b)| Arc::ptr_eq(a, b)).count();
    assert_eq!(shared, WIDTH - 1, "one unit's change makes one branch anew");
}
