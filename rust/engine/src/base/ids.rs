//! Identifiers, each a type of its own so that two kinds never mix.
//!
//! **Law**: a [`DocId`] means something only together with its segment; a [`SeqNo`] is the age of a document in the whole index
//! (ties break by it, older first); a [`TermOrd`] is a term's rank in one dictionary; a [`FieldId`] is a field's place in the schema,
//! and fields are only ever added at the end.

use std::fmt;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $inner:ty) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub $inner);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl $name {
            /// The number as an index into an array.
            #[inline]
            #[must_use]
            pub fn index(self) -> usize {
                self.0 as usize
            }
        }
    };
}

id!(
    /// A document's place inside one segment, `0..doc_count`, in sequence order.
    DocId,
    u32
);
id!(
    /// A term's rank in one field's dictionary of one segment, in byte order of the terms.
    TermOrd,
    u32
);
id!(
    /// A field's place in the schema.
    FieldId,
    u16
);
id!(
    /// A document's sequence number: its age in the index, unique, never reused. Versions in the API are sequence numbers.
    SeqNo,
    u64
);
