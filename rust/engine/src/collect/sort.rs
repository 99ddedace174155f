//! By what hits are ordered, and the values for it.
//!
//! **In**: sort names as users write them, a schema; segments. **Out**: keys of documents that compare inside a segment ([`Key`]) and
//! between segments ([`SortValue`]). **Law**: a missing value comes last in both directions; of several values the least counts going
//! up, the greatest going down; Keywords compare by their bytes. What is equal in all keys stands in order of age.

use std::cmp::Ordering;

use super::top::Key;
use crate::base::{DocId, Error, FieldId, Result, TermOrd, nearest};
use crate::codec::columns::{BLOCK, Column};
use crate::index::SegmentView;
use crate::schema::{FieldKind, Schema};

/// Most sort keys of one search.
pub const MAX_SORT_KEYS: usize = 16;
/// The name under which the score is a sort key.
const SCORE: &str = "_score";

/// One sort key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SortBy {
    /// Best first.
    Score,
    /// Oldest first: what every order ends with.
    Age,
    /// A field.
    Field {
        /// Which.
        field: FieldId,
        /// Largest first.
        descending: bool,
    },
}

impl SortBy {
    /// Reads `year`, `-year` or `_score` (best first, with and without a minus).
    ///
    /// # Errors
    /// [`Error::Argument`] for what is no field, or none with an order.
    pub fn parse(text: &str, schema: &Schema) -> Result<Self> {
        let (name, descending) = text.strip_prefix('-').map_or((text, false), |name| (name, true));
        if name == SCORE {
            return Ok(Self::Score);
        }
        let sortable = |kind: &FieldKind| !matches!(kind, FieldKind::Text { .. } | FieldKind::GeoPoint);
        match schema.find(name) {
            Some((field, found)) if sortable(&found.kind) => Ok(Self::Field { field, descending }),
            found => {
                let known: Vec<_> = schema.fields().iter().filter(|field| sortable(&field.kind)).map(|field| field.name.as_str()).collect();
                let meant = nearest(name, known.iter().copied()).filter(|_| found.is_none());
                let meant = meant.map(|name| format!("; did you mean {name:?}?")).unwrap_or_default();
                let kind = found.map(|(_, field)| format!(", a field of type {}", field.kind.name())).unwrap_or_default();
                let name: String = text.chars().take(60).collect();
                let expected = format!("_score, or a field with an order ({}){meant}", known.join(", "));
                Err(Error::Argument { argument: "sort", expected, got: format!("{name:?}{kind}") })
            }
        }
    }
}

/// Reads the keys of one segment's documents.
pub(super) struct SegmentKeys<'a> {
    view: &'a SegmentView,
    columns: Vec<KeyColumn<'a>>,
}

struct KeyColumn<'a> {
    by: SortBy,
    column: Option<&'a Column>,
}

impl<'a> SegmentKeys<'a> {
    pub fn open(sort: &[SortBy], view: &'a SegmentView) -> Self {
        let column = |by: &SortBy| match by {
            SortBy::Score | SortBy::Age => None,
            SortBy::Field { field, .. } => view.reader.column(*field),
        };
        Self { view, columns: sort.iter().map(|by| KeyColumn { by: *by, column: column(by) }).collect() }
    }

    /// How many keys a row has.
    pub fn width(&self) -> usize {
        self.columns.len()
    }

    /// What the first key of every document of a block of a column is at least.
    pub fn first_of_block(&self, block: u32) -> Result<Key> {
        let Some(KeyColumn { by: SortBy::Field { descending, .. }, column }) = self.columns.first() else { return Ok(Key::FIRST) };
        let key = |min: Key, max: Key| if *descending { max } else { min };
        Ok(match column {
            Some(Column::Integer(column)) => column
                .zone(block)?
                .map_or(Key::MISSING, |zone| key(Key::integer(zone.min, *descending), Key::integer(zone.max, *descending))),
            Some(Column::Float(column)) => {
                column.zone(block)?.map_or(Key::MISSING, |zone| key(Key::float(zone.min, *descending), Key::float(zone.max, *descending)))
            }
            Some(Column::Keyword(_)) => Key::FIRST,
            Some(Column::Geo(_)) | None => Key::MISSING,
        })
    }

    /// The first key of a document, or what it is at least.
    #[inline]
    pub fn first(&self, doc: u32) -> Result<Key> {
        let Some(KeyColumn { by: SortBy::Field { descending, .. }, column }) = self.columns.first() else { return Ok(Key::FIRST) };
        let key = match column {
            Some(Column::Integer(column)) => column.get(DocId(doc))?.map(|value| Key::integer(value, *descending)),
            Some(Column::Float(column)) => column.get(DocId(doc))?.map(|value| Key::float(value, *descending)),
            Some(Column::Keyword(_)) => Some(Key::FIRST),
            Some(Column::Geo(_)) | None => None,
        };
        Ok(key.unwrap_or(Key::MISSING))
    }

    /// The first keys of the documents of a block of a column, or what they are at least, by place.
    pub fn first_keys(&self, block: u32, keys: &mut Vec<Key>) -> Result<()> {
        keys.clear();
        let Some(KeyColumn { by: SortBy::Field { descending, .. }, column }) = self.columns.first() else {
            keys.resize(BLOCK as usize, Key::FIRST);
            return Ok(());
        };
        keys.resize(BLOCK as usize, if matches!(column, Some(Column::Keyword(_))) { Key::FIRST } else { Key::MISSING });
        let mut set = |doc: DocId, key| {
            if let Some(slot) = keys.get_mut((doc.0 % BLOCK) as usize) {
                *slot = key;
            }
        };
        match column {
            Some(Column::Integer(column)) => column.block(block, |doc, value| set(doc, Key::integer(value, *descending))),
            Some(Column::Float(column)) => column.block(block, |doc, value| set(doc, Key::float(value, *descending))),
            Some(Column::Keyword(_) | Column::Geo(_)) | None => Ok(()),
        }
    }

    /// The keys of a document.
    pub fn read(&self, doc: u32, score: i64, keys: &mut Vec<Key>) -> Result<()> {
        keys.clear();
        let doc = DocId(doc);
        for KeyColumn { by, column } in &self.columns {
            let descending = match *by {
                SortBy::Score => {
                    keys.push(Key::integer(score, true));
                    continue;
                }
                SortBy::Age => {
                    let age = i64::try_from(self.view.sequence(doc)?.0).unwrap_or(i64::MAX);
                    keys.push(Key::integer(age, false));
                    continue;
                }
                SortBy::Field { descending, .. } => descending,
            };
            let key = match column {
                Some(Column::Integer(column)) => column.get(doc)?.map(|value| Key::integer(value, descending)),
                Some(Column::Float(column)) => column.get(doc)?.map(|value| Key::float(value, descending)),
                Some(Column::Keyword(column)) => {
                    let (mut least, mut greatest) = (None, None);
                    column.ranks(doc, |rank| {
                        least = least.or(Some(rank));
                        greatest = Some(rank);
                    })?;
                    let rank: Option<TermOrd> = if descending { greatest } else { least };
                    rank.map(|rank| Key::integer(i64::from(rank.0), descending))
                }
                Some(Column::Geo(_)) | None => None,
            };
            keys.push(key.unwrap_or(Key::MISSING));
        }
        Ok(())
    }

    /// The same keys so that they compare with those of other segments.
    pub fn resolve(&self, keys: &[Key]) -> Result<Vec<SortValue>> {
        let mut values = Vec::with_capacity(keys.len());
        for (key, KeyColumn { by, column }) in keys.iter().zip(&self.columns) {
            values.push(match (by, column) {
                (SortBy::Field { field, descending }, Some(Column::Keyword(_))) if *key != Key::MISSING => {
                    let rank = u32::try_from(key.to_integer(*descending)).map_err(|_| Error::Defect("a rank beyond its dictionary"))?;
                    let inverted = self.view.reader.inverted(*field).ok_or(Error::Defect("a keyword column without dictionary"))?;
                    let mut term = Vec::new();
                    inverted.term(TermOrd(rank), &mut term)?;
                    SortValue::Text(term, *descending)
                }
                _ => SortValue::Number(*key),
            });
        }
        Ok(values)
    }
}

/// A sort value that compares between segments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SortValue {
    /// A number, or missing.
    Number(Key),
    /// A string, and whether larger ones come first.
    Text(Vec<u8>, bool),
}

impl Ord for SortValue {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Number(a), Self::Number(b)) => a.cmp(b),
            (Self::Text(a, descending), Self::Text(b, _)) => {
                if *descending {
                    b.cmp(a)
                } else {
                    a.cmp(b)
                }
            }
            // In a column of strings a number is the missing value, and that comes last.
            (Self::Text(..), Self::Number(_)) => Ordering::Less,
            (Self::Number(_), Self::Text(..)) => Ordering::Greater,
        }
    }
}

impl PartialOrd for SortValue {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::schema::{Extra, Field, KeyKind};

    #[test]
    fn names_become_keys_and_others_are_refused_with_a_hint() {
        let field = |name: &str, kind| Field { name: name.into(), kind };
        let fields = vec![field("year", FieldKind::Integer), field("clue", FieldKind::Text { analyzer: "standard".into() })];
        let schema = Schema::new("id".into(), KeyKind::String, Extra::Error, fields).unwrap();
        let parse = |text| SortBy::parse(text, &schema).map_err(|error| error.to_string());
        assert_eq!(parse("-year"), Ok(SortBy::Field { field: FieldId(0), descending: true }));
        assert_eq!((parse("_score"), parse("-_score")), (Ok(SortBy::Score), Ok(SortBy::Score)));
        assert_eq!(
            parse("yaer"),
            Err("sort: expected _score, or a field with an order (year); did you mean \"year\"?, got \"yaer\"".into())
        );
        assert_eq!(parse("clue"), Err("sort: expected _score, or a field with an order (year), got \"clue\", a field of type Text".into()));
    }

    #[test]
    fn missing_comes_last_both_ways() {
        let text = |s: &str, descending| SortValue::Text(s.into(), descending);
        assert!(text("a", false) < text("b", false) && text("a", true) > text("b", true));
        assert!(text("z", false) < SortValue::Number(Key::MISSING) && text("a", true) < SortValue::Number(Key::MISSING));
    }
}
