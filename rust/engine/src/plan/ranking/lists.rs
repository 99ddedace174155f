//! What a configuration has by the thousand: synonyms and pins.
//!
//! **In**: tables of a document. **Out**: [`SynonymGroups`], [`PinRule`]s. **Law**: linear in the document, but for logarithms; flat loops. A
//! text that stands for itself over others, or for itself at once, is a loop and refused with the place that closes it.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use serde_json::Value;
use xxhash_rust::xxh3::xxh3_64;

use super::problems::{Problems, under};
use super::{MAX_PINNED, MAX_PINS, PinRule};
use crate::query::SynonymGroups;

/// Most texts of a group: each of them is looked for when one is searched.
const MAX_GROUP: usize = 256;

/// The synonyms, read onto those that are there.
pub(super) fn synonyms(path: &str, value: &Value, before: &Arc<SynonymGroups>, problems: &mut Problems) -> Arc<SynonymGroups> {
    let Some(map) = problems.table(path, "a table with groups and oneway", value) else { return Arc::clone(before) };
    let mut read = SynonymGroups::default();
    let has = |name: &str| map.contains_key(name);
    if !has("groups") {
        read.groups.clone_from(&before.groups);
    }
    let mut oneway: BTreeMap<String, Vec<String>> = before.oneway.iter().cloned().collect();
    for (name, value) in map {
        let path = under(path, name);
        match name.as_str() {
            "groups" => {
                let expected = "a list of groups, each a list of texts";
                for (i, group) in problems.list(&path, expected, value).iter().enumerate() {
                    let path = format!("{path}[{i}]");
                    let texts = problems.texts(&path, group);
                    match group.as_array().map(Vec::len) {
                        Some(0 | 1) => problems.add(&path, "at least two texts", &texts.len().to_string()),
                        Some(size) if size > MAX_GROUP => problems.add(&path, &format!("at most {MAX_GROUP} texts"), &size.to_string()),
                        _ => {}
                    }
                    read.groups.push(texts);
                }
            }
            "oneway" => {
                let Some(map) = problems.table(&path, "a table from a text to what it stands for too", value) else { continue };
                for (text, others) in map {
                    let path = under(&path, text);
                    if text.trim().is_empty() {
                        problems.add(&path, "a text that is not blank", &format!("{text:?}"));
                    }
                    oneway.insert(text.clone(), problems.texts(&path, others));
                }
                loops(&path, &oneway, problems);
            }
            _ => problems.unknown(&path, name, &["groups", "oneway"]),
        }
    }
    read.oneway = oneway.into_iter().collect();
    crowded(path, &read, problems);
    Arc::new(read)
}

/// Synonyms that were not read from a value of JSON, checked as those are.
pub(super) fn checked(path: &str, groups: &SynonymGroups, problems: &mut Problems) {
    let mut blank = |path: &str, list: &[String]| {
        for (i, text) in list.iter().enumerate().filter(|(_, text)| text.trim().is_empty()) {
            problems.add(&format!("{path}[{i}]"), "a text that is not blank", &format!("{text:?}"));
        }
    };
    for (i, group) in groups.groups.iter().enumerate() {
        if group.iter().any(|text| text.trim().is_empty()) {
            blank(&format!("{path}.groups[{i}]"), group);
        }
    }
    for (text, others) in &groups.oneway {
        blank(&under(&format!("{path}.oneway"), text), others);
    }
    for (i, group) in groups.groups.iter().enumerate() {
        match group.len() {
            0 | 1 => problems.add(&format!("{path}.groups[{i}]"), "at least two texts", &group.len().to_string()),
            size if size > MAX_GROUP => {
                problems.add(&format!("{path}.groups[{i}]"), &format!("at most {MAX_GROUP} texts"), &size.to_string());
            }
            _ => {}
        }
    }
    for text in groups.oneway.iter().map(|(text, _)| text).filter(|text| text.trim().is_empty()) {
        problems.add(&under(&format!("{path}.oneway"), text), "a text that is not blank", &format!("{text:?}"));
    }
    loops(&format!("{path}.oneway"), &groups.oneway.iter().cloned().collect(), problems);
    crowded(path, groups, problems);
}

/// Says of texts that stand for too many others.
fn crowded(path: &str, groups: &SynonymGroups, problems: &mut Problems) {
    if may_be_crowded(&groups.groups) {
        crowds(path, groups, problems);
    }
    for (text, list) in groups.oneway.iter().filter(|(_, list)| list.len() > MAX_GROUP) {
        let path = under(&format!("{path}.oneway"), text);
        problems.add(&path, &format!("at most {MAX_GROUP} texts"), &list.len().to_string());
    }
}

/// Whether a text may stand for too many others: counted by the text's hash, so a yes may be wrong, a no is not.
fn may_be_crowded(groups: &[Vec<String>]) -> bool {
    let texts = groups.iter().map(Vec::len).sum::<usize>();
    let mut counts = vec![0u32; (2 * texts).next_power_of_two().max(1024)];
    let mask = counts.len() - 1;
    groups.iter().any(|group| {
        group.iter().any(|text| {
            let Some(count) = counts.get_mut(xxh3_64(text.as_bytes()) as usize & mask) else { return true };
            *count = count.saturating_add(group.len() as u32 - 1);
            *count as usize > MAX_GROUP
        })
    })
}

fn crowds(path: &str, groups: &SynonymGroups, problems: &mut Problems) {
    let mut others: hashbrown::HashMap<&str, usize> = hashbrown::HashMap::new();
    for (i, group) in groups.groups.iter().enumerate() {
        for (j, text) in group.iter().enumerate() {
            let count = others.entry(text).or_default();
            *count += group.len() - 1;
            if *count > MAX_GROUP {
                problems.add(
                    &format!("{path}.groups[{i}][{j}]"),
                    &format!("a text that stands for at most {MAX_GROUP} others"),
                    &count.to_string(),
                );
            }
        }
    }
}

/// Says of every text over which one comes back to where one was.
fn loops(path: &str, oneway: &BTreeMap<String, Vec<String>>, problems: &mut Problems) {
    let same = |text: &str| text.trim().to_lowercase();
    let written: HashMap<String, (&String, &Vec<String>)> = oneway.iter().map(|(text, others)| (same(text), (text, others))).collect();
    let mut done: HashSet<String> = HashSet::new();
    for start in oneway.keys() {
        // A walk into the depth: what is on the way, with how many of its texts were looked at.
        let mut way: Vec<(String, usize)> = vec![(same(start), 0)];
        let mut on_way: HashSet<String> = HashSet::from([same(start)]);
        while let Some((text, at)) = way.last_mut() {
            let next = written.get(text).and_then(|(name, others)| Some((*name, *at, others.get(*at)?)));
            *at += 1;
            let Some((name, i, other)) = next else {
                let (text, _) = way.pop().unwrap_or_default();
                on_way.remove(&text);
                done.insert(text);
                continue;
            };
            let other = same(other);
            if on_way.contains(&other) {
                let between = way.iter().map(|(text, _)| text.as_str()).skip_while(|text| **text != *other).collect::<Vec<_>>();
                let got = format!("{other:?}, which leads back to itself: {} > {other}", between.join(" > "));
                problems.add(&format!("{}[{i}]", under(path, name)), "a text that does not stand for this one already", &got);
            } else if !done.contains(&other) && written.contains_key(&other) {
                on_way.insert(other.clone());
                way.push((other, 0));
            }
        }
    }
}

/// Pins and hides.
pub(super) fn pins(path: &str, value: &Value, problems: &mut Problems) -> Arc<[PinRule]> {
    let list = problems.list(path, "a list of tables with query, keys and hide", value);
    if list.len() > MAX_PINS {
        problems.add(path, &format!("at most {MAX_PINS} pins"), &list.len().to_string());
        return Arc::default();
    }
    let pin = |(i, value): (usize, &Value)| {
        let path = format!("{path}[{i}]");
        let map = problems.table(&path, "a table with query, keys and hide", value)?;
        let mut rule = PinRule::default();
        for (name, value) in map {
            let path = under(&path, name);
            match name.as_str() {
                "query" => rule.query = problems.text(&path, value).unwrap_or_default().to_owned(),
                "keys" => rule.keys = keys(&path, value, problems),
                "hide" => rule.hide = keys(&path, value, problems),
                _ => problems.unknown(&path, name, &["query", "keys", "hide"]),
            }
        }
        if !map.contains_key("query") {
            problems.add(&under(&path, "query"), "the words of a query", "nothing");
        }
        if rule.keys.is_empty() && rule.hide.is_empty() && !map.contains_key("keys") && !map.contains_key("hide") {
            problems.add(&path, "keys or hide", "neither");
        }
        for (at, key) in rule.keys.iter().enumerate() {
            if rule.hide.contains(key) {
                problems.add(&format!("{path}.keys[{at}]"), "a key that is not hidden", &format!("{key:?}"));
            }
            if rule.keys.iter().take(at).any(|other| other == key) {
                problems.add(&format!("{path}.keys[{at}]"), "each key once", &format!("{key:?}"));
            }
        }
        Some(rule)
    };
    list.iter().enumerate().filter_map(pin).collect()
}

/// Keys of documents: texts, or whole numbers.
fn keys(path: &str, value: &Value, problems: &mut Problems) -> Vec<String> {
    let list = problems.list(path, "a list of keys", value);
    if list.len() > MAX_PINNED {
        problems.add(path, &format!("at most {MAX_PINNED} keys"), &list.len().to_string());
        return Vec::new();
    }
    let key = |(i, key): (usize, &Value)| match key {
        Value::String(key) if !key.is_empty() && key.len() <= 512 => Some(key.clone()),
        Value::Number(number) if number.is_i64() => Some(number.to_string()),
        other => {
            problems.wrong(&format!("{path}[{i}]"), "a key: a text of 1 to 512 bytes, or a whole number", other);
            None
        }
    };
    list.iter().enumerate().filter_map(key).collect()
}
