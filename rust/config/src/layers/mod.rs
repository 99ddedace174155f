//! Layers: documents with the source they came from, and their merge.
//!
//! **In**: layers, lowest first. **Out**: [`Merged`]: one document, and for each path who said it and what it overrode.
//!
//! **Law** (rule 22 of the semantics)
//! 1. Tables merge key by key; everything else replaces: lists as a whole, a table over a scalar, a scalar over a table.
//! 2. The string `"!reset"` as a value drops what lower layers say about that key; the key `"!reset"` in a table makes the table replace
//!    the lower one instead of merging with it. A list replaces anyway; the mark as its first item says so. The marks themselves are never part
//!    of the result, also where there is nothing to drop; where they mean nothing, they are problems (see `marks`). `"!!reset"` is the text.
//! 3. Only tables on the paths where layers meet are made anew; everything else is linked. One layer without marks is its own merge.
//! 4. Layers are merged from the lowest up. An empty layer changes nothing; grouping changes nothing either, unless a layer in between
//!    replaces a table by something else.

mod environment;
mod marks;
mod merge;

use std::sync::Arc;

pub use environment::environment;
pub(crate) use environment::{Variable, variables};
pub(crate) use marks::misplaced;
pub use merge::merge;
pub(crate) use merge::merge_above;

use crate::document::{Document, Node, Path};
use crate::secrets::with_passwords_marked;
use crate::source::{LayerKind, Place, Source};

/// A document and the source it came from.
#[derive(Clone, Debug)]
pub struct Layer {
    source: Arc<Source>,
    document: Document,
}

impl Layer {
    /// A layer of a document that was read from a source. URLs with passwords in it are marked as secrets; in a stored version they are.
    pub fn new(source: Arc<Source>, document: Document) -> Self {
        let document = match source.kind() {
            LayerKind::Version => document,
            // The text of an environment has no values.
            kind if kind.is_text() || source.text().is_empty() => with_passwords_marked(document, None),
            _ => with_passwords_marked(document, Some(source.text())),
        };
        Self { source, document }
    }

    /// The name: a path, or what the program calls it.
    pub fn name(&self) -> &str {
        self.source.name()
    }

    /// The kind of its source.
    pub fn kind(&self) -> LayerKind {
        self.source.kind()
    }

    /// The source.
    pub fn source(&self) -> &Arc<Source> {
        &self.source
    }

    /// What it says, marks included.
    pub fn document(&self) -> &Document {
        &self.document
    }

    /// The text that it was read from: a file of the very same bytes need not be read again.
    pub fn source_text(&self) -> &str {
        self.source.text()
    }
}

/// What several layers say together.
#[derive(Clone, Debug)]
pub struct Merged {
    layers: Arc<[Arc<Layer>]>,
    document: Document,
}

/// Who said a value, and what it overrode.
#[derive(Clone, Debug)]
pub struct Explanation<'a> {
    /// The value in the merged document.
    pub value: Node<'a>,
    /// Every layer that says something about the path and still counts, highest first; the first one won.
    pub said: Vec<Said<'a>>,
}

/// One layer's word about a path.
#[derive(Clone, Debug)]
pub struct Said<'a> {
    /// The layer.
    pub layer: &'a Arc<Layer>,
    /// Its value.
    pub value: Node<'a>,
    /// Where it stands.
    pub place: Place,
}

impl Merged {
    pub(crate) fn new(layers: Arc<[Arc<Layer>]>, document: Document) -> Self {
        Self { layers, document }
    }

    /// The merged values, not yet typed by a schema.
    pub fn document(&self) -> &Document {
        &self.document
    }

    /// The layers, lowest first.
    pub fn layers(&self) -> &Arc<[Arc<Layer>]> {
        &self.layers
    }

    /// Who said the value at a path; none when nobody did. The cost is one look-up in every layer and the counting of their lines.
    pub fn explain(&self, path: &Path) -> Option<Explanation<'_>> {
        let value = self.document.get(path)?;
        let said = self.said(path).into_iter().map(|(layer, value)| Said { layer, value, place: place_of(layer, &value) }).collect();
        Some(Explanation { value, said })
    }

    /// The layers that speak about a path and are not dropped by a mark above them, highest first.
    pub(crate) fn said(&self, path: &Path) -> Vec<(&Arc<Layer>, Node<'_>)> {
        let mut said = Vec::new();
        for layer in self.layers.iter().rev() {
            let (value, drops) = merge::look(&layer.document, path);
            said.extend(value.map(|value| (layer, value)));
            if drops {
                break;
            }
        }
        said
    }
}

fn place_of(layer: &Layer, value: &Node<'_>) -> Place {
    // What a stored version says stood somewhere before.
    if let Some(origin) = value.origin().filter(|_| layer.kind() == LayerKind::Version) {
        return origin.place();
    }
    layer.source.place(value.origin().map_or(0, |origin| origin.offset))
}
