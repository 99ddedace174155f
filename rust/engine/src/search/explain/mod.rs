//! Where a score comes from: a tree whose parts add up to it.
//!
//! **In**: a plan, what the query meant, a hit. **Out**: an [`Explanation`], also as text and as JSON. **Law**: in points, which are the
//! integers that hits are ordered by. A part that is a *sum* has exactly the points of the parts below it; a *share* has the tie breaker times
//! those, rounded down; a *boost* has what the factors below it add or take; a *joint* part is scored as a whole by the fields below it. Made
//! by running each term of the plan on the one document, never by a formula of its own.

mod tree;
mod words;

use std::fmt::Write as _;

use serde::Serialize;

pub(super) use tree::Explainer;
pub(super) use words::Meant;

/// How the points of a part follow from those below it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum How {
    /// There is nothing below it.
    Leaf,
    /// They add up to it.
    Sum,
    /// It is the tie breaker times those below it.
    Share,
    /// What the factors below it add to the sum beside it.
    Boost,
    /// Those below it are weighed and added before they are scored, so only the whole has points.
    Joint,
}

/// A part of a score.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Part {
    /// What it adds, in points.
    pub points: i64,
    /// The same as a score.
    pub value: f64,
    /// How the points follow from those below.
    pub how: How,
    /// What it is.
    pub description: String,
    /// The field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// The indexed term, or the terms of a phrase.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub term: Option<String>,
    /// By what a boost multiplies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub factor: Option<f64>,
    /// What it is made of.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub children: Vec<Part>,
}

/// Where the score of a hit comes from.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Explanation {
    /// The hit's score.
    pub score: f64,
    /// The same in points.
    pub points: i64,
    /// Points that are a score of 1.
    pub scale: f64,
    /// Version of the configuration.
    pub config_version: u64,
    /// The profile, if it was not the base.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// The experiment that chose the profile.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub experiment: Option<String>,
    /// The rule that shows it first, as `pins[0]`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pin: Option<String>,
    /// What it adds up from.
    pub tree: Part,
}

impl Explanation {
    /// As JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// As lines of text, what is below a part indented under it.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        let _ = write!(text, "{} = {} points / {}", self.score, self.points, self.scale);
        let _ = write!(text, "; configuration {}", self.config_version);
        for (name, value) in [("profile", &self.profile), ("experiment", &self.experiment), ("shown first by", &self.pin)] {
            if let Some(value) = value {
                let _ = write!(text, "; {name} {value}");
            }
        }
        text.push('\n');
        let mut rest = vec![(&self.tree, 1)];
        while let Some((part, depth)) = rest.pop() {
            let _ = write!(text, "{:indent$}{:>10}  {}", "", part.points, part.description, indent = depth * 2);
            if let Some(factor) = part.factor {
                let _ = write!(text, " × {factor}");
            }
            text.push('\n');
            rest.extend(part.children.iter().rev().map(|child| (child, depth + 1)));
        }
        text
    }
}
