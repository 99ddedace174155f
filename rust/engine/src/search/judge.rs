//! Judged queries: how good a configuration is, and how much work it makes.
//!
//! **In**: queries with the grades of documents; a view, or two configurations of one index. **Out**: for each query nDCG@10 and the postings
//! and probes that it cost; of two configurations whether the second may follow the first. **Law**: nothing is measured by the clock, so the
//! same index and configurations always give the same verdict. nDCG is that of `trec_eval`: a document's gain is its grade, discounted by
//! log2(rank + 1), over that of the best order of all graded documents. Two configurations are compared in every way in which a request may be
//! ranked and that differs: the base, each profile, each experiment. A limit of time does not count here.
//! Source: Järvelin & Kekäläinen 2002, as `ndcg_cut_10`.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;

use super::request::{QueryInput, SearchRequest};
use super::view::View;
use crate::base::error::Problem;
use crate::base::{Error, Interrupt, Result};
use crate::collect::CountMode;
use crate::plan::{Compiled, GuardRule, RankingConfig};

/// How far down hits count.
const DEPTH: usize = 10;
/// Losses that a refusal tells.
const TOLD: usize = 10;
/// Longer than any search: what a configuration says about time would make the verdict depend on the clock.
const NO_LIMIT: Duration = Duration::from_secs(86_400);

/// A query with the grades of documents; what is not graded has 0.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Judged {
    /// What is asked.
    pub query: String,
    /// By key: how good an answer it is.
    pub judgements: BTreeMap<String, f64>,
}

/// Reads judged queries: one JSON object `{"query": …, "judgements": {key: grade}}` a line.
///
/// # Errors
/// [`Error::Config`] with every line that is none, and for a text without any.
///
/// # Examples
/// ```
/// use findspot_engine::search::read_judged;
/// let judged = read_judged(br#"{"query": "crown jewels", "judgements": {"k17": 2, "k4": 1}}"#).unwrap();
/// assert_eq!((judged.len(), judged[0].judgements["k17"]), (1, 2.0));
/// assert!(read_judged(b"{}").is_err());
/// ```
pub fn read_judged(text: &[u8]) -> Result<Vec<Judged>> {
    let (mut judged, mut problems) = (Vec::new(), Vec::new());
    let problem = |got: String| Problem {
        path: "guard.judgements".into(),
        expected: "lines of {\"query\": …, \"judgements\": {key: grade}}, grades from 0 up".into(),
        got,
        meant: None,
    };
    for (number, line) in text.split(|byte| *byte == b'\n').enumerate().filter(|(_, line)| !line.trim_ascii().is_empty()) {
        match serde_json::from_slice::<Judged>(line) {
            Ok(query) if query.judgements.values().all(|grade| (0.0..=1e9).contains(grade)) => judged.push(query),
            Ok(_) => problems.push(problem(format!("line {}: a grade below 0", number + 1))),
            Err(error) => problems.push(problem(format!("line {}: {error}", number + 1))),
        }
        if problems.len() == TOLD {
            break;
        }
    }
    if judged.is_empty() && problems.is_empty() {
        problems.push(problem("no line".into()));
    }
    if problems.is_empty() { Ok(judged) } else { Err(Error::Config(problems)) }
}

/// What became of one query.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Outcome {
    /// nDCG@10.
    pub ndcg: f64,
    /// Postings that were looked at, and probes.
    pub cost: u64,
}

/// Runs judged queries, under a profile if one is named.
///
/// # Errors
/// Corruption; what `interrupt` says, [`Error::Timeout`] for its deadline; [`Error::Argument`] for a profile that there is not.
pub fn judge(view: &Arc<View>, judged: &[Judged], profile: Option<&str>, interrupt: &Interrupt) -> Result<Vec<Outcome>> {
    let outcome = |judged: &Judged| {
        let query = QueryInput::Text(judged.query.as_str().into());
        let (profile, timeout) = (profile.map(Into::into), Some(NO_LIMIT));
        let request = SearchRequest { query, limit: DEPTH, count: CountMode::None, profile, timeout, ..SearchRequest::default() };
        let hits = view.search(&request, interrupt)?;
        if hits.partial() {
            return Err(Error::Timeout { seconds: 0.0 });
        }
        let gained: Vec<f64> = hits.keys(interrupt)?.iter().map(|key| judged.judgements.get(key).copied().unwrap_or_default()).collect();
        Ok(Outcome { ndcg: ndcg(&gained, judged.judgements.values().copied()), cost: hits.work().cost() })
    };
    judged.iter().map(outcome).collect()
}

/// nDCG of gains in the order of ranks, against the best order of the grades.
#[must_use]
pub fn ndcg(gained: &[f64], grades: impl Iterator<Item = f64>) -> f64 {
    let sum =
        |gains: &[f64]| gains.iter().take(DEPTH).enumerate().fold(0.0, |sum, (rank, gain)| sum + gain / libm::log2(rank as f64 + 2.0));
    let mut best: Vec<f64> = grades.filter(|grade| *grade > 0.0).collect();
    best.sort_by(|a, b| b.total_cmp(a));
    let ideal = sum(&best);
    if ideal > 0.0 { sum(gained) / ideal } else { 0.0 }
}

/// A query that got worse.
#[derive(Clone, Debug, PartialEq)]
pub struct Loss {
    /// What was asked.
    pub query: String,
    /// Its nDCG@10 under the baseline.
    pub before: f64,
    /// And now.
    pub after: f64,
}

/// A way in which a request is ranked that differs between two configurations.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Arm {
    /// As people call it: `profile "mobile"`; empty for the base.
    pub name: String,
    /// The profile that it was before; none: the base.
    pub before: Option<String>,
    /// The profile that it is now; none: the base.
    pub after: Option<String>,
}

/// All ways of ranking that differ. What there was not before is compared with the base, which its requests saw until then.
#[must_use]
pub fn arms(before: &RankingConfig, after: &RankingConfig) -> Vec<Arm> {
    fn of<'c>(config: &'c RankingConfig, profile: Option<&str>) -> &'c RankingConfig {
        profile.and_then(|name| config.profiles.get(name)).unwrap_or(config)
    }
    let mut arms: Vec<Arm> = Vec::new();
    let mut add = |name: String, from: Option<&str>, to: Option<&str>| {
        let from = from.filter(|name| before.profiles.contains_key(*name));
        let arm = Arm { name, before: from.map(str::to_owned), after: to.map(str::to_owned) };
        if !of(before, from).ranks_as(of(after, to)) && !arms.iter().any(|known| (&known.before, &known.after) == (&arm.before, &arm.after))
        {
            arms.push(arm);
        }
    };
    add(String::new(), None, None);
    for name in after.profiles.keys() {
        add(format!("profile {name:?}"), Some(name), Some(name));
    }
    for (name, experiment) in after.experiments.iter().filter(|(_, experiment)| experiment.share > 0.0) {
        let to = experiment.profile.as_str();
        let from = before.experiments.get(name).filter(|experiment| experiment.share > 0.0).map(|experiment| experiment.profile.as_str());
        add(format!("experiment {name:?}, profile {to:?}"), from, Some(to));
    }
    arms
}

/// Two configurations on the same judged queries, in one way of ranking.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Verdict {
    /// Whose ranking: [`Arm::name`].
    pub arm: String,
    /// Mean nDCG@10 of the baseline, and of the candidate.
    pub ndcg: (f64, f64),
    /// The work of all queries under the baseline, and under the candidate.
    pub cost: (u64, u64),
    /// The queries that got worse, the worst first.
    pub losses: Vec<Loss>,
}

impl Verdict {
    /// Of outcomes in the order of the queries.
    #[must_use]
    pub fn new(arm: &str, judged: &[Judged], before: &[Outcome], after: &[Outcome]) -> Self {
        let mean = |outcomes: &[Outcome]| outcomes.iter().map(|outcome| outcome.ndcg).sum::<f64>() / outcomes.len().max(1) as f64;
        let cost = |outcomes: &[Outcome]| outcomes.iter().map(|outcome| outcome.cost).sum();
        let loss = |(judged, (before, after)): (&Judged, (&Outcome, &Outcome))| {
            let (before, after) = (before.ndcg, after.ndcg);
            (after < before).then(|| Loss { query: judged.query.clone(), before, after })
        };
        let mut losses: Vec<_> = judged.iter().zip(before.iter().zip(after)).filter_map(loss).collect();
        losses.sort_by(|a, b| (b.before - b.after).total_cmp(&(a.before - a.after)));
        Self { arm: arm.to_owned(), ndcg: (mean(before), mean(after)), cost: (cost(before), cost(after)), losses }
    }

    /// What a guard has against it: the problems of a version that is refused; none when it may be published.
    #[must_use]
    pub fn problems(&self, guard: &GuardRule) -> Vec<Problem> {
        let mut problems = Vec::new();
        let of = if self.arm.is_empty() { String::new() } else { format!("{}: ", self.arm) };
        let (before, after) = self.ndcg;
        if after < before - guard.max_drop - 1e-12 {
            let told = |loss: &Loss| format!("{:?} {:.4} to {:.4}", loss.query, loss.before, loss.after);
            let losses = self.losses.iter().take(TOLD).map(told).collect::<Vec<_>>().join(", ");
            let more = self.losses.len().saturating_sub(TOLD);
            let more = if more > 0 { format!(", and {more} more") } else { String::new() };
            problems.push(Problem {
                path: "guard.max_drop".into(),
                expected: format!("a mean nDCG@10 of at least {:.4}: {before:.4} before, less {}", before - guard.max_drop, guard.max_drop),
                got: format!("{of}{after:.4}; {} queries lost: {losses}{more}", self.losses.len()),
                meant: None,
            });
        }
        let (before, after) = self.cost;
        // Without work before there is nothing to compare with but one posting a query.
        if after as f64 > before.max(1) as f64 * guard.max_cost_ratio {
            problems.push(Problem {
                path: "guard.max_cost_ratio".into(),
                expected: format!("at most {} times the work of {before} postings and probes", guard.max_cost_ratio),
                got: format!("{of}{after}, {:.2} times", after as f64 / before.max(1) as f64),
                meant: None,
            });
        }
        problems
    }
}

impl View {
    /// Runs judged queries under two configurations on this snapshot, neither of which is published by that: a verdict for each [`Arm`].
    ///
    /// # Errors
    /// Those of [`judge`]; [`Error::Config`] for a configuration that does not fit the schema.
    pub fn compare(
        &self,
        judged: &[Judged],
        baseline: &Arc<Compiled>,
        candidate: &Arc<Compiled>,
        interrupt: &Interrupt,
    ) -> Result<Vec<Verdict>> {
        let under = |compiled: &Arc<Compiled>| self.with_config(self.config_version(), Arc::clone(compiled)).map(Arc::new);
        let (before, after) = (under(baseline)?, under(candidate)?);
        // What several arms come from is run once.
        let mut known: BTreeMap<Option<String>, Vec<Outcome>> = BTreeMap::new();
        let verdict = |arm: Arm| {
            if !known.contains_key(&arm.before) {
                known.insert(arm.before.clone(), judge(&before, judged, arm.before.as_deref(), interrupt)?);
            }
            let was = known.get(&arm.before).map(Vec::as_slice).unwrap_or_default();
            Ok(Verdict::new(&arm.name, judged, was, &judge(&after, judged, arm.after.as_deref(), interrupt)?))
        };
        arms(baseline.config(), candidate.config()).into_iter().map(verdict).collect()
    }
}
