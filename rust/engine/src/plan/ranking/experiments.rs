//! Which unit sees which profile.
//!
//! **In**: experiments with shares; the name of a unit, such as a user. **Out**: an experiment, or none. **Law**: the same unit under the same
//! shares always meets the same; of many units each experiment gets its share; an experiment whose share grows keeps all its units. The same
//! bits on every platform.
//! Source: weighted rendezvous hashing (Schindelhauer & Schomaker, 2005): each choice draws from an exponential distribution of its share.

use std::collections::BTreeMap;

use xxhash_rust::xxh3::xxh3_64;

use super::Experiment;

/// The experiment of a unit.
pub(super) fn assigned<'e>(experiments: &'e BTreeMap<String, Experiment>, unit: &str) -> Option<(&'e str, &'e Experiment)> {
    let rest = 1.0 - experiments.values().map(|experiment| experiment.share).sum::<f64>();
    let mut first = (drawn("", unit, rest), None);
    for (name, experiment) in experiments {
        let drawn = drawn(name, unit, experiment.share);
        if drawn < first.0 {
            first = (drawn, Some((name.as_str(), experiment)));
        }
    }
    first.1
}

/// When a unit would choose: the earlier, the greater the share; never for a share of 0.
fn drawn(name: &str, unit: &str, share: f64) -> f64 {
    if share <= 1e-12 {
        return f64::INFINITY;
    }
    let mut bytes = Vec::with_capacity(name.len() + unit.len() + 1);
    bytes.extend_from_slice(name.as_bytes());
    bytes.push(0);
    bytes.extend_from_slice(unit.as_bytes());
    // 53 bits, in the middle of their steps, so neither 0 nor 1.
    let uniform = ((xxh3_64(&bytes) >> 11) as f64 + 0.5) / (1u64 << 53) as f64;
    -libm::log(uniform) / share
}

#[cfg(test)]
mod tests {
    use super::*;

    fn experiments(shares: &[(&str, f64)]) -> BTreeMap<String, Experiment> {
        shares.iter().map(|&(name, share)| (name.to_owned(), Experiment { share, profile: name.to_owned() })).collect()
    }

    fn of(experiments: &BTreeMap<String, Experiment>) -> Vec<Option<&str>> {
        (0..20_000).map(|unit| assigned(experiments, &format!("user-{unit}")).map(|(name, _)| name)).collect()
    }

    #[test]
    fn each_gets_its_share_and_stays_with_it() {
        let shares = experiments(&[("a", 0.05), ("b", 0.25), ("none", 0.0)]);
        let found = of(&shares);
        let share = |name| found.iter().filter(|found| **found == name).count() as f64 / found.len() as f64;
        for (name, expected) in [(Some("a"), 0.05), (Some("b"), 0.25), (None, 0.7), (Some("none"), 0.0)] {
            assert!((share(name) - expected).abs() < 0.012, "{name:?}: {} of {expected}", share(name));
        }
        assert_eq!(found, of(&shares));
    }

    #[test]
    fn a_share_that_grows_takes_units_and_gives_none_away() {
        let (few, more) = (experiments(&[("a", 0.05), ("b", 0.25)]), experiments(&[("a", 0.10), ("b", 0.25)]));
        for (before, after) in of(&few).into_iter().zip(of(&more)) {
            assert!(before != Some("a") || after == Some("a"));
            // The rest lost a share, so some of its units may go to the other experiment: never one of the other's to the rest.
            assert!(before != Some("b") || after.is_some());
        }
    }

    #[test]
    fn a_whole_share_takes_all() {
        let all = experiments(&[("a", 0.3), ("b", 0.7)]);
        assert!(of(&all).iter().all(Option::is_some));
        assert_eq!(assigned(&BTreeMap::new(), "user-7"), None);
    }
}
