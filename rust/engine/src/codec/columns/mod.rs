//! Columns: a field's values by document.
//!
//! **In**: values in document order. **Out**: the value of a document, values of a range, and the least and greatest value of every
//! 1024 documents. **Law**: values come back bit for bit; opening reads one trailer; one value costs two or three loads.
//!
//! All kinds stand on [`IntegerColumn`]: dates are microseconds, booleans 0 and 1, floats their bits in numeric order, a geo point two
//! such columns, a keyword's values the ranks of its terms.

mod float;
mod geo;
mod integer;
mod keyword;

#[cfg(test)]
mod tests;

pub use float::{FloatColumn, FloatColumnWriter};
pub use geo::{GeoBox, GeoColumn, GeoColumnWriter};
pub use integer::{BLOCK, IntegerColumn, IntegerColumnWriter, Zone};
pub use keyword::{KeywordColumn, KeywordColumnWriter};

/// A field's column.
#[derive(Clone, Debug)]
pub enum Column {
    /// Integer, Date (microseconds), Boolean (0 and 1).
    Integer(IntegerColumn),
    /// Float.
    Float(FloatColumn),
    /// Latitude and longitude.
    Geo(GeoColumn),
    /// Ranks in the field's dictionary.
    Keyword(KeywordColumn),
}

impl Column {
    /// Number of documents, with and without value.
    #[must_use]
    pub fn doc_count(&self) -> u32 {
        match self {
            Self::Integer(column) => column.doc_count(),
            Self::Float(column) => column.integers().doc_count(),
            Self::Geo(column) => column.doc_count(),
            Self::Keyword(column) => column.doc_count(),
        }
    }

    /// Decodes everything.
    ///
    /// # Errors
    /// [`crate::base::Error::Corruption`].
    pub fn check(&self) -> crate::base::Result<()> {
        match self {
            Self::Integer(column) => column.check(),
            Self::Float(column) => column.check(),
            Self::Geo(column) => column.check(),
            Self::Keyword(column) => column.check(),
        }
    }
}
