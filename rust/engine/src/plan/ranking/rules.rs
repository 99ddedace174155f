//! Boosts as they are written.
//!
//! **In**: `[[ranking.boost]]`. **Out**: [`BoostRule`]s. **Law**: what a boost is follows from what it names: `when` is a rule, `half_life` is
//! recency, `half_distance` distance, and a `field` alone its value.
//!
//! | written | is |
//! |---|---|
//! | `when = "year < 1900"`, `weight = 1.4` | documents that pass score times the weight |
//! | `field = "popularity"`, `function = "log1p"`, `weight = 1` | 1 + weight · f(value); `identity`, `log1p`, `sqrt`, `square`, `reciprocal` |
//! | `field = "found"`, `half_life = "30d"`, `weight = 1` | 1 + weight · 2^(−age / half life); seconds, or a number with s, m, h, d or w |
//! | `field = "location"`, `half_distance = 5`, `weight = 1` | 1 + weight · 2^(−km / half distance) |

use serde_json::{Map, Value};

use super::MAX_WEIGHT;
use super::boosts::{BoostRule, When};
use super::problems::{Problems, under};
use crate::exec::boost::Function;
use crate::query::Filter;

/// The boosts of a list.
pub(super) fn boosts(path: &str, value: &Value, problems: &mut Problems) -> Vec<BoostRule> {
    let list = problems.list(path, "a list of tables", value);
    let boost = |(i, value): (usize, &Value)| {
        let path = format!("{path}[{i}]");
        boost(&path, problems.table(&path, "a table with when or field", value)?, problems)
    };
    list.iter().enumerate().filter_map(boost).collect()
}

fn boost(path: &str, map: &Map<String, Value>, problems: &mut Problems) -> Option<BoostRule> {
    let (known, needed): (&[&str], &[&str]) = match map {
        map if map.contains_key("when") => (&["when", "weight"], &["weight"]),
        map if map.contains_key("half_life") => (&["field", "half_life", "weight"], &["field"]),
        map if map.contains_key("half_distance") => (&["field", "half_distance", "weight"], &["field"]),
        map if map.contains_key("field") => (&["field", "function", "weight"], &[]),
        _ => {
            problems.add(path, "when, or a field with function, half_life or half_distance", "none of them");
            return None;
        }
    };
    for key in map.keys().filter(|key| !known.contains(&key.as_str())) {
        problems.unknown(&under(path, key), key, known);
    }
    for key in needed.iter().filter(|key| !map.contains_key(**key)) {
        problems.add(&under(path, key), "a value", "nothing");
    }
    let mut weight = 1.0;
    if let Some(value) = map.get("weight") {
        problems.number(&under(path, "weight"), value, MAX_WEIGHT, &mut weight);
    }
    if let Some(when) = map.get("when") {
        let path = under(path, "when");
        let when = match when {
            Value::String(text) => When::Text(text.clone()),
            Value::Object(_) => match Filter::from_json(&serde_json::to_vec(when).unwrap_or_default()) {
                Ok(filter) => When::Tree(filter),
                Err(error) => {
                    problems.add(&path, "a filter", &error.to_string());
                    return None;
                }
            },
            other => {
                problems.wrong(&path, "a filter, such as \"year < 1900\"", other);
                return None;
            }
        };
        return Some(BoostRule::Rule { when, weight });
    }
    let field = problems.text(&under(path, "field"), map.get("field")?)?.to_owned();
    if let Some(value) = map.get("half_life") {
        let Some(half_life) = seconds(value) else {
            problems.wrong(&under(path, "half_life"), "seconds above 0, or a text such as \"30d\" (s, m, h, d, w)", value);
            return None;
        };
        return Some(BoostRule::Recency { field, half_life, weight });
    }
    if let Some(value) = map.get("half_distance") {
        let Some(half_distance) = value.as_f64().filter(|km| (1e-6..=1e15).contains(km)) else {
            problems.wrong(&under(path, "half_distance"), "kilometres above 0", value);
            return None;
        };
        return Some(BoostRule::Distance { field, half_distance, weight });
    }
    let mut function = Function::Identity;
    if let Some(value) = map.get("function") {
        problems.word(&under(path, "function"), value, &Function::ALL.map(|one| (one.name(), one)), &mut function);
    }
    Some(BoostRule::Value { field, function, weight })
}

/// A length of time.
fn seconds(value: &Value) -> Option<f64> {
    let seconds = match value {
        Value::String(text) => {
            let text = text.trim();
            let (number, unit) = text.split_at(text.find(|c: char| c.is_ascii_alphabetic())?);
            let unit = match unit {
                "s" => 1.0,
                "m" => 60.0,
                "h" => 3600.0,
                "d" => 86_400.0,
                "w" => 604_800.0,
                _ => return None,
            };
            number.trim().parse::<f64>().ok()? * unit
        }
        value => value.as_f64()?,
    };
    (1e-6..=1e15).contains(&seconds).then_some(seconds)
}
