//! From a query to a program: configuration, statistics and terms become clauses with weights.

mod config;
mod score;

pub use config::{Combine, Compiled, FieldWeight, MAX_K1, MAX_WEIGHT, Operator, RankingConfig, ScoredField};
