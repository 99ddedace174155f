//! findspot's search engine: text becomes segments, segments answer queries.
//!
//! **In**: JSON documents, query trees, configuration values. **Out**: hits, reports, typed errors.
//!
//! **Law**: rooms stand on floors and import only what lies on a lower floor (`tests/architecture` holds it). The engine knows no
//! Python, reads no environment variable, and has no clock that it was not handed (deadlines are handed in; only object ages and
//! unique names are asked of the operating system, in `storage`).
//!
//! | floor | rooms |
//! |---|---|
//! | 0 | [`base`] |
//! | 1 | [`schema`], [`analysis`], [`storage`] |
//! | 2 | [`codec`], [`ingest`] |
//! | 3 | [`segment`] |
//! | 4 | [`index`] |
//! | 5 | [`query`] |
//! | 6 | [`exec`] |
//! | 7 | [`plan`], [`collect`] |
//! | 8 | [`search`] |

pub mod analysis;
pub mod base;
pub mod codec;
pub mod collect;
pub mod exec;
pub mod index;
pub mod ingest;
pub mod plan;
pub mod query;
pub mod schema;
pub mod search;
pub mod segment;
pub mod storage;
