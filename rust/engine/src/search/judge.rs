//! Judged queries: how good a configuration is, and how much work it makes.
//!
//! **In**: queries with the grades of documents; a view, or two configurations of one index. **Out**: for each query nDCG@10 and the postings
//! and probes that it cost; of two configurations whether the second may follow the first. **Law**: nothing is measured by the clock, so the
//! same index and configurations always give the same verdict. nDCG is that of `trec_eval`: a document's gain is its grade, discounted by
//! log2(rank + 1), over that of the best order of all graded documents.
//! Source: Järvelin & Kekäläinen 2002, as `ndcg_cut_10`.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;

use super::request::{QueryInput, SearchRequest};
use super::view::View;
use crate::base::error::Problem;
use crate::base::{Error, Interrupt, Result};
use crate::collect::CountMode;
use crate::plan::{Compiled, GuardRule};

/// How far down hits count.
const DEPTH: usize = 10;
/// Losses that a refusal tells.
const TOLD: usize = 10;

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

/// Runs judged queries.
///
/// # Errors
/// Corruption; what `interrupt` says.
pub fn judge(view: &Arc<View>, judged: &[Judged], interrupt: &Interrupt) -> Result<Vec<Outcome>> {
    let outcome = |judged: &Judged| {
        let query = QueryInput::Text(judged.query.as_str().into());
        let request = SearchRequest { query, limit: DEPTH, count: CountMode::None, ..SearchRequest::default() };
        let hits = view.search(&request, interrupt)?;
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

/// Two configurations on the same judged queries.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Verdict {
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
    pub fn new(judged: &[Judged], before: &[Outcome], after: &[Outcome]) -> Self {
        let mean = |outcomes: &[Outcome]| outcomes.iter().map(|outcome| outcome.ndcg).sum::<f64>() / outcomes.len().max(1) as f64;
        let cost = |outcomes: &[Outcome]| outcomes.iter().map(|outcome| outcome.cost).sum();
        let loss = |(judged, (before, after)): (&Judged, (&Outcome, &Outcome))| {
            let (before, after) = (before.ndcg, after.ndcg);
            (after < before).then(|| Loss { query: judged.query.clone(), before, after })
        };
        let mut losses: Vec<_> = judged.iter().zip(before.iter().zip(after)).filter_map(loss).collect();
        losses.sort_by(|a, b| (b.before - b.after).total_cmp(&(a.before - a.after)));
        Self { ndcg: (mean(before), mean(after)), cost: (cost(before), cost(after)), losses }
    }

    /// What a guard has against it: the problems of a version that is refused; none when it may be published.
    #[must_use]
    pub fn problems(&self, guard: &GuardRule) -> Vec<Problem> {
        let mut problems = Vec::new();
        let (before, after) = self.ndcg;
        if after < before - guard.max_drop - 1e-12 {
            let told = |loss: &Loss| format!("{:?} {:.4} to {:.4}", loss.query, loss.before, loss.after);
            let losses = self.losses.iter().take(TOLD).map(told).collect::<Vec<_>>().join(", ");
            let more = self.losses.len().saturating_sub(TOLD);
            let more = if more > 0 { format!(", and {more} more") } else { String::new() };
            problems.push(Problem {
                path: "guard.max_drop".into(),
                expected: format!("a mean nDCG@10 of at least {:.4}: {before:.4} before, less {}", before - guard.max_drop, guard.max_drop),
                got: format!("{after:.4}; {} queries lost: {losses}{more}", self.losses.len()),
            });
        }
        let (before, after) = self.cost;
        // Without work before there is nothing to compare with but one posting a query.
        if after as f64 > before.max(1) as f64 * guard.max_cost_ratio {
            problems.push(Problem {
                path: "guard.max_cost_ratio".into(),
                expected: format!("at most {} times the work of {before} postings and probes", guard.max_cost_ratio),
                got: format!("{after}, {:.2} times", after as f64 / before.max(1) as f64),
            });
        }
        problems
    }
}

impl View {
    /// Runs judged queries under two configurations on this snapshot, neither of which is published by that.
    ///
    /// # Errors
    /// Those of [`judge`]; [`Error::Config`] for a configuration that does not fit the schema.
    pub fn compare(
        &self,
        judged: &[Judged],
        baseline: &Arc<Compiled>,
        candidate: &Arc<Compiled>,
        interrupt: &Interrupt,
    ) -> Result<Verdict> {
        let run =
            |compiled: &Arc<Compiled>| judge(&Arc::new(self.with_config(self.config_version(), Arc::clone(compiled))?), judged, interrupt);
        Ok(Verdict::new(judged, &run(baseline)?, &run(candidate)?))
    }
}
