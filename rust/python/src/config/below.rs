//! Variables of a file below a prefix: `APP__LIMITS__MOST=5` is `limits.most`.
//!
//! **In**: a provider of dotenv files. **Out**: the same layers, rooted where the prefix leads. **Law**: an unchanged layer stays the same layer.

use std::path::PathBuf;
use std::sync::Arc;

use findspot_config::store::{Files, Provider};
use findspot_config::{Document, Layer, Path, Problems};
use findspot_publish::Latest;

/// Layers rooted at a path.
pub(crate) struct Below {
    files: Files,
    path: Path,
    /// What was made of which layer.
    known: Latest<Vec<(Arc<Layer>, Arc<Layer>)>>,
}

impl Below {
    /// The prefix is made of whole steps, as variables are: `APP__` or `APP__WEB__`.
    pub(crate) fn new(files: Files, prefix: &str) -> Self {
        let steps = prefix.split("__").filter(|step| !step.is_empty());
        let path = steps.fold(Path::root(), |path, step| path.key(&step.to_lowercase()));
        Self { files, path, known: Latest::new(Vec::new()) }
    }
}

impl Provider for Below {
    fn read(&self) -> Result<Vec<Arc<Layer>>, Problems> {
        let layers = self.files.read()?;
        if self.path.is_root() {
            return Ok(layers);
        }
        let known = self.known.load();
        let made: Vec<_> = layers
            .into_iter()
            .map(|layer| match known.iter().find(|(from, _)| Arc::ptr_eq(from, &layer)) {
                Some(pair) => pair.clone(),
                None => {
                    let below = layer.document().get(&self.path).map_or_else(Document::empty, |node| node.to_document());
                    let rooted = Arc::new(Layer::new(Arc::clone(layer.source()), below));
                    (layer, rooted)
                }
            })
            .collect();
        let rooted = made.iter().map(|(_, rooted)| Arc::clone(rooted)).collect();
        self.known.offer(&known, made);
        Ok(rooted)
    }

    fn watched(&self) -> Vec<PathBuf> {
        self.files.watched()
    }
}
