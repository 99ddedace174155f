//! From a query to a program: configuration, statistics and terms become clauses with weights.
//!
//! **In**: a query and filter bound to a schema, a snapshot with its statistics, a checked configuration. **Out**: a [`Plan`]: a flat
//! program for [`crate::exec`], and the scale of its scores. **Law**: what a score is depends on the view as a whole and the
//! configuration, never on how the view is cut into segments.
//!
//! # The scoring formula
//!
//! IEEE f64 in the order written, no fused operations; `log` is that of `libm`; `trunc` drops the fraction.
//!
//! *Statistics*, summed over the segments, deleted documents included until a merge drops them: for a Text field `f`, `N_f` documents
//! with at least one token, `avgdl_f = Σdl / N_f` from true lengths; for a term in a field `df`. A term with `df = 0`, and a phrase with
//! such a word, makes no clause. A document's `dl` is its decoded length code ([`crate::codec::norms`]).
//!
//! *Weights*: `w = w_f · boost`, cut to \[2⁻⁶⁰, 2⁶⁰\] when positive; 0 only matches. `w_f` is the field's weight in the query, else in the
//! configuration, else 1; `b_f` its own b, else the configuration's. Prohibited parts and filters have weight 0.
//!
//! *Clauses*, in the order of the query's leaves (in a group first what must match, then what may), inside a leaf by field in the order of
//! the schema, inside a field in the order of picking:
//!
//! | clause | `I` | saturation |
//! |---|---|---|
//! | term | `log(1 + ((N_f − df) + 0.5) / (df + 0.5))` | `tf / (tf + k1·((1 − b_f) + (b_f·dl)/avgdl_f))` |
//! | phrase | sum of the `I` of its words, in order | the same, tf = phrase frequency |
//! | phrase of which words have synonyms, each way through them | sum over its words, in order, each with the `I` that it has with its synonyms | the same, tf = phrase frequency |
//! | term at distance d from a word with typos | from the largest df picked in the field | the same; `w / (1 + d)` for `w` |
//! | word or phrase of several that are synonyms | from the largest df among them in the field, a phrase counting as its rarest word | the same |
//! | anything else, one clause a leaf | 1; `w` = boost (for a word in a Keyword field: times the weight) | 1 |
//!
//! The bound of a clause is `B = w·I`. With `Σ` the sum of all bounds in clause order, `scale` is the largest power of two with
//! `Σ·scale ≤ 2³⁰`, and 1 when `Σ = 0`. A match of positive weight contributes `max(1, trunc((B·scale) · saturation))`.
//!
//! *Slots* (one leaf over its fields): `best` is the greatest contribution plus `trunc(tie_breaker · (sum of the others))`; `sum` the sum.
//! `bm25f` is one clause: `B = boost·I` with the largest `df` and largest `N_f` among its fields,
//! `tf' = Σ (w_f·tf_f) / ((1 − b_f) + (b_f·dl_f)/avgdl_f)`, saturation `tf' / (tf' + k1)`, 0 when `tf'` is 0; `B` is 0 when all its fields weigh 0.
//! Slots add up; the user's score is the sum over `scale`, exact in f64.
//!
//! A phrase boost is one more slot. Boosts multiply the sum of the slots, as [`crate::exec::boost`] says, and round once.
//!
//! *Order*: score descending, then sequence number ascending.
//!
//! Source: BM25 and BM25F, Robertson & Zaragoza 2009, without the constant k1 + 1.

mod compile;
mod emit;
mod ranking;
mod score;
mod slots;
mod tables;
mod terms;

pub use compile::{MAX_EXPANSIONS, Plan, compile, compile_filter, settle};
pub use ranking::{
    AbsentPin, BoostRule, Choice, Combine, Compiled, Curated, Experiment, FieldWeight, GuardRule, Limits, MAX_K1, MAX_WEIGHT, PinRule,
    Pins, Ranking, RankingConfig, When,
};
pub use tables::{all_tables, tables};
