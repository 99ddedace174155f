//! Judged queries: nDCG against numbers worked out by hand, and what a guard refuses.

use std::sync::Arc;

use super::world::{Draft, create, upsert};
use crate::base::Interrupt;
use crate::plan::{Compiled, GuardRule, RankingConfig};
use crate::search::{Judged, Verdict, arms, judge, ndcg, read_judged};

#[test]
fn gains_are_discounted_by_the_logarithm_of_the_rank() {
    // 3/log2(2) + 0 + 2/log2(4) = 3 + 1 = 4; the best order: 3 + 2/log2(3) + 1/log2(4) = 3 + 1.26186 + 0.5 = 4.76186.
    let found = ndcg(&[3.0, 0.0, 2.0], [1.0, 2.0, 3.0, 0.0].into_iter());
    assert!((found - 4.0 / 4.761_859_507_142_915).abs() < 1e-12, "{found}");
    assert_eq!(ndcg(&[], [1.0].into_iter()), 0.0);
    assert_eq!(ndcg(&[1.0], [0.0].into_iter()), 0.0, "nothing is right");
    assert_eq!(ndcg(&[2.0, 1.0], [1.0, 2.0].into_iter()), 1.0);
    let eleven = vec![1.0; 11];
    assert_eq!(ndcg(&eleven, eleven.iter().copied()), 1.0, "only ten count, here and there");
}

#[test]
fn lines_that_are_no_judgements_are_all_told() {
    let text =
        b"{\"query\": \"a\", \"judgements\": {\"1\": 2}}\n\nnothing\n{\"query\": \"b\", \"judgements\": {\"1\": -1}}\n{\"query\": \"c\"}\n";
    let Err(crate::base::Error::Config(problems)) = read_judged(text) else { panic!() };
    let got: Vec<_> = problems.iter().map(|problem| problem.got.split(':').next().unwrap()).collect();
    assert_eq!(got, ["line 3", "line 4", "line 5"]);
    assert!(read_judged(b"\n").is_err());
}

#[test]
fn a_guard_refuses_what_ranks_worse_or_works_more_and_says_where() {
    let index = create(RankingConfig::default());
    let draft = |key: u32, title: &[usize], clue: &[usize]| Draft {
        key,
        title: Some(title.to_vec()),
        clue: Some(clue.to_vec()),
        ..Draft::default()
    };
    // Word 0 in the title of one, in the clue of the other.
    let mut drafts = vec![draft(0, &[0], &[1, 1, 1]), draft(1, &[1], &[0, 2, 2])];
    drafts.extend((2..300).map(|key| draft(key, &[3 + key as usize % 5], &[(key % 9) as usize])));
    upsert(&index, &drafts);
    let view = index.view().unwrap();
    let judged = vec![
        Judged { query: "a".into(), judgements: [("0".to_owned(), 2.0), ("1".to_owned(), 1.0)].into() },
        Judged { query: "zzz".into(), judgements: [("0".to_owned(), 1.0)].into() },
    ];
    let compiled = |json: &str| Compiled::new(&RankingConfig::from_json(json.as_bytes()).unwrap(), view.schema()).unwrap();
    let title = compiled(r#"{"fields": {"title": 9, "clue": 1}}"#);
    let clue = compiled(r#"{"ranking": {"fields": {"clue": 1}}, "pins": [{"query": "a", "keys": ["5"]}]}"#);
    let verdict = only(view.compare(&judged, &title, &clue, &Interrupt::none()).unwrap());
    assert!(verdict.ndcg.0 > verdict.ndcg.1 && verdict.losses.len() == 1 && verdict.losses[0].query == "a", "{verdict:?}");
    let guard = |max_drop, max_cost_ratio| GuardRule { judgements: String::new(), max_drop, max_cost_ratio, baseline: None };
    let refused = verdict.problems(&guard(0.02, 1e6));
    assert_eq!(refused.len(), 1);
    assert!(refused[0].path == "guard.max_drop" && refused[0].got.contains("\"a\""), "{refused:?}");
    assert!(verdict.problems(&guard(1.0, 1e6)).is_empty());
    assert!(view.compare(&judged, &title, &title, &Interrupt::none()).unwrap().is_empty(), "what ranks as before is not run");
    let nearly = compiled(r#"{"fields": {"title": 9, "clue": 1.001}}"#);
    let same = only(view.compare(&judged, &title, &nearly, &Interrupt::none()).unwrap());
    assert!(same.problems(&guard(0.0, 1.0)).is_empty() && same.losses.is_empty() && same.cost.0 > 0, "{same:?}");
    let typos =
        compiled(r#"{"ranking": {"fields": {"title": 9, "clue": 1}}, "typos": {"when": "always", "min_length": {"one": 1, "two": 1}}}"#);
    let verdict = only(view.compare(&judged, &title, &typos, &Interrupt::none()).unwrap());
    assert!(verdict.cost.1 > verdict.cost.0, "{verdict:?}");
    assert_eq!(verdict.problems(&guard(1.0, 1.0))[0].path, "guard.max_cost_ratio");
    assert_eq!(view.config_version(), index.view().unwrap().config_version(), "nothing was published");
    let alone = judge(&view, &judged, None, &Interrupt::none()).unwrap();
    assert_eq!(alone.len(), 2);
    assert!(Arc::ptr_eq(&view, &index.view().unwrap()));
}

fn only(verdicts: Vec<Verdict>) -> Verdict {
    assert_eq!(verdicts.len(), 1, "{verdicts:?}");
    verdicts.into_iter().next().unwrap()
}

fn config(json: &str) -> RankingConfig {
    RankingConfig::from_json(json.as_bytes()).unwrap()
}

#[test]
fn what_ranks_otherwise_is_judged_and_nothing_else() {
    let named = |before: &str, after: &str| arms(&config(before), &config(after)).into_iter().map(|arm| arm.name).collect::<Vec<_>>();
    let with = |ranking: &str, mobile: &str, rest: &str| {
        format!(r#"{{"ranking": {{{ranking}}}, "profiles": {{"mobile": {{"ranking": {{{mobile}}}}}, "same": {{}}}}{rest}}}"#)
    };
    let base = with(r#""k1": 1"#, r#""b": 0.5"#, "");
    assert!(named(&base, &base).is_empty());
    assert_eq!(named(&base, &with(r#""k1": 1"#, r#""b": 0.4"#, "")), [r#"profile "mobile""#]);
    assert_eq!(named(&base, &with(r#""k1": 2"#, r#""b": 0.5"#, "")), ["", r#"profile "mobile""#, r#"profile "same""#]);
    // A profile that is new is held against what its requests saw: the base.
    assert_eq!(named(r#"{"ranking": {"k1": 1}}"#, &base), [r#"profile "mobile""#]);
    // Guards, and experiments that nobody takes part in, rank nothing.
    assert!(named(&base, &with(r#""k1": 1"#, r#""b": 0.5"#, r#", "guard": {"judgements": "a"}"#)).is_empty());
    let trial = |share: f64, profile: &str| {
        with(r#""k1": 1"#, r#""b": 0.5"#, &format!(r#", "experiments": {{"trial": {{"share": {share}, "profile": "{profile}"}}}}"#))
    };
    assert!(named(&base, &trial(0.0, "mobile")).is_empty());
    assert!(named(&base, &trial(0.5, "same")).is_empty());
    assert_eq!(named(&base, &trial(0.5, "mobile")), [r#"experiment "trial", profile "mobile""#]);
    assert!(named(&trial(0.5, "mobile"), &trial(0.9, "mobile")).is_empty());
    assert_eq!(named(&trial(0.5, "mobile"), &trial(0.5, "same")), [r#"experiment "trial", profile "same""#]);
    assert!(named(&base, r#"{"ranking": {"k1": 1}}"#).is_empty(), "a profile that is gone ranks nothing");
}

#[test]
fn a_profile_that_ruins_results_is_refused_by_name_and_no_clock_is_asked() {
    let index = create(RankingConfig::default());
    let draft = |key: u32, title: &[usize]| Draft { key, title: Some(title.to_vec()), ..Draft::default() };
    upsert(&index, &[draft(0, &[0]), draft(1, &[0, 1, 1, 1]), draft(2, &[2])]);
    let view = index.view().unwrap();
    let judged = vec![Judged { query: "a".into(), judgements: [("0".to_owned(), 1.0)].into() }];
    let compiled = |json: &str| Compiled::new(&config(json), view.schema()).unwrap();
    let before = compiled(r#"{"ranking": {}, "limits": {"timeout_ms": 1}}"#);
    let ruined =
        compiled(r#"{"ranking": {}, "limits": {"timeout_ms": 1}, "profiles": {"mobile": {"pins": [{"query": "a", "hide": ["0"]}]}}}"#);
    let verdict = only(view.compare(&judged, &before, &ruined, &Interrupt::none()).unwrap());
    assert_eq!(verdict.ndcg, (1.0, 0.0));
    let guard = GuardRule { judgements: String::new(), max_drop: 0.1, max_cost_ratio: 1e6, baseline: None };
    let refused = verdict.problems(&guard);
    assert!(refused.len() == 1 && refused[0].got.starts_with(r#"profile "mobile": 0.0000; 1 queries lost: "a" 1.0000"#), "{refused:?}");
}
