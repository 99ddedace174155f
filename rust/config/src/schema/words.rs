//! What a schema expects, in words: "integer ≥ 1", "one of \"a\", \"b\"", "table App".
//!
//! **In**: shapes. **Out**: text for problems. **Law**: short enough for one line; the same words for the same shape everywhere.

use super::{Bound, Clock, Length, Range, Shape, Type};

impl Shape {
    /// What is expected, in words.
    pub(crate) fn words(&self) -> String {
        if !self.allowed.is_empty() && self.secret {
            return "one of the secrets that the schema allows".to_owned();
        }
        if !self.allowed.is_empty() {
            let mut shown: Vec<String> =
                self.allowed.iter().take(8).map(|value| String::from_utf8_lossy(&value.to_json()).into_owned()).collect();
            if self.allowed.len() > 8 {
                shown.push("…".to_owned());
            }
            return if let [one] = shown.as_slice() { one.clone() } else { format!("one of {}", shown.join(", ")) };
        }
        match &self.of {
            Type::Any => "any value".to_owned(),
            Type::Null => "null".to_owned(),
            Type::Boolean => "boolean".to_owned(),
            Type::Integer(range) => format!("integer{}", range.words()),
            Type::Number(range) => format!("number{}", range.words()),
            Type::String(text) => {
                let mut words = format!("string{}", text.length.words("character"));
                if let Some(pattern) = &text.pattern {
                    words.push_str(&format!(" that matches {pattern}"));
                }
                words
            }
            Type::Time(Clock::Any) => "date or time".to_owned(),
            Type::Time(Clock::DateTime) => "date and time, like 2026-03-01T12:00:00Z".to_owned(),
            Type::Time(Clock::Date) => "date, like 2026-03-01".to_owned(),
            Type::Time(Clock::Time) => "time of day, like 12:00:00".to_owned(),
            Type::Table(table) if table.name.is_empty() => "table".to_owned(),
            Type::Table(table) => format!("table {}", table.name),
            Type::Map { length, .. } => format!("table{}", length.words("key")),
            Type::List { length, unique, .. } => {
                format!("list{}{}", length.words("value"), if *unique { " without repetitions" } else { "" })
            }
            Type::Tuple(prefix) => format!("list of {} values", prefix.len()),
            Type::Union(variants) => {
                let mut words: Vec<String> = variants.iter().map(Shape::words).collect();
                words.dedup();
                words.join(" or ")
            }
        }
    }
}

impl Range {
    fn words(&self) -> String {
        let mut parts: Vec<String> = self
            .bounds
            .iter()
            .map(|(bound, limit)| {
                let sign = match bound {
                    Bound::Ge => "≥",
                    Bound::Gt => ">",
                    Bound::Le => "≤",
                    Bound::Lt => "<",
                };
                format!("{sign} {}", String::from_utf8_lossy(&limit.to_json()))
            })
            .collect();
        parts.extend(self.multiple_of.map(|step| format!("a multiple of {step}")));
        if parts.is_empty() { String::new() } else { format!(" {}", parts.join(" and ")) }
    }
}

impl Length {
    pub(crate) fn holds(self, len: usize) -> bool {
        self.min.is_none_or(|min| len >= min) && self.max.is_none_or(|max| len <= max)
    }

    /// Whether a text has as many characters; they are counted only where its bytes leave it open: a character has one to four.
    pub(crate) fn holds_text(self, text: &str) -> bool {
        let bytes = text.len();
        let surely = self.max.is_none_or(|max| bytes <= max) && self.min.is_none_or(|min| bytes.div_ceil(4) >= min);
        surely || self.holds(text.chars().count())
    }

    fn words(self, unit: &str) -> String {
        match (self.min, self.max) {
            (None, None) => String::new(),
            (Some(min), None) => format!(" of at least {min} {unit}s"),
            (None, Some(max)) => format!(" of at most {max} {unit}s"),
            (Some(min), Some(max)) if min == max => format!(" of {min} {unit}s"),
            (Some(min), Some(max)) => format!(" of {min} to {max} {unit}s"),
        }
    }
}
