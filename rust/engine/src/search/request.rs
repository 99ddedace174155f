//! What one search asks for.
//!
//! **Law**: plain data, checked where it is used: names against the view's schema, texts by their parsers.

use std::time::Duration;

use crate::collect::CountMode;
use crate::query::{Filter, Query};

/// A query as it comes in.
#[derive(Clone, Debug, PartialEq)]
pub enum QueryInput {
    /// A query string.
    Text(String),
    /// A tree.
    Tree(Query),
}

impl Default for QueryInput {
    fn default() -> Self {
        Self::Text(String::new())
    }
}

/// A filter as it comes in.
#[derive(Clone, Debug, PartialEq)]
pub enum FilterInput {
    /// A filter text.
    Text(String),
    /// A tree.
    Tree(Filter),
}

/// What happens when the time is over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnTimeout {
    /// The hits so far, marked as partial.
    #[default]
    Partial,
    /// [`crate::base::Error::Timeout`].
    Raise,
}

/// One search. The default asks for the ten oldest documents.
#[derive(Clone, Debug, PartialEq)]
pub struct SearchRequest {
    /// What is searched for.
    pub query: QueryInput,
    /// Whether a query string with mistakes is refused.
    pub strict: bool,
    /// How many hits.
    pub limit: usize,
    /// How many hits to pass over first.
    pub offset: usize,
    /// Which documents may be found at all.
    pub filter: Option<FilterInput>,
    /// Sort keys, as in `-year`, `_score`; none: by score.
    pub sort: Vec<String>,
    /// What is counted.
    pub count: CountMode,
    /// Members of the stored documents to return; `None` = all.
    pub fields: Option<Vec<String>>,
    /// How long it may take.
    pub timeout: Option<Duration>,
    /// What happens then.
    pub on_timeout: OnTimeout,
}

impl Default for SearchRequest {
    fn default() -> Self {
        Self {
            query: QueryInput::default(),
            strict: false,
            limit: 10,
            offset: 0,
            filter: None,
            sort: Vec::new(),
            count: CountMode::UpTo,
            fields: None,
            timeout: None,
            on_timeout: OnTimeout::Partial,
        }
    }
}
