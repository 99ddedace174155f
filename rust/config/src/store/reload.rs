//! Reloading: what the sources say now becomes a draft, with the patches that stand above them.
//!
//! **In**: layers of the providers, patches of a version. **Out**: drafts, and reports of reloads. **Law**: layers that are the very same cost
//! nothing; patches stand above what sources say and below what the program puts above everything; who has no sources reads none and
//! publishes none; what a version says is a secret stays one in the next.

use std::sync::Arc;
use std::time::Duration;

use super::Inner;
use super::provider::read_all;
use super::publish::{Draft, timed};
use super::report::{By, Report};
use super::version::Version;
use crate::layers::{Layer, Merged, merge, merge_above};
use crate::object::{Cause, Patches, hash_text, patches};
use crate::problem::Problems;
use crate::secrets::Secrets;
use crate::source::LayerKind;

impl Inner {
    /// A draft of what the sources say, with the patches of `base`.
    pub(super) fn draft_of_sources(&self, layers: &[Arc<Layer>], base: &Version, held: bool) -> Result<Draft, Problems> {
        self.draft_of_layers(layers, self.standing_patches(base), held, Some(base))
    }

    pub(super) fn draft_of_layers(
        &self,
        layers: &[Arc<Layer>],
        patches: Patches,
        held: bool,
        before: Option<&Version>,
    ) -> Result<Draft, Problems> {
        // Patches stand above what the sources say, and below what the program puts above everything.
        let (above, below): (Vec<Arc<Layer>>, Vec<_>) = layers.iter().cloned().partition(|layer| layer.kind() == LayerKind::Overrides);
        let said = merge(layers);
        let merged_hash = if self.numbering.folder().is_some() { hash_text(&self.secrets.seal(said.document())) } else { String::new() };
        let base = if above.is_empty() { said.document().clone() } else { merge(&below).document().clone() };
        let mut document = patches::apply(&base, &patches)?;
        if !above.is_empty() {
            document = merge_above(document, &above);
        }
        if let Some(before) = before {
            document = Secrets::carried(before.document(), &document);
            if let Some(foreign) = &**self.foreign.load() {
                document = Secrets::carried(foreign, &document);
            }
        }
        let merged = Merged::new(Arc::from(layers), document);
        let checked = self.schema.check(&merged, before.map(|before| &before.checked))?;
        let sources = if self.numbering.folder().is_some() { self.fingerprint(layers) } else { String::new() };
        let files = files_of(layers, before);
        Ok(Draft {
            checked,
            merged,
            patches,
            held,
            sources,
            merged_hash,
            files,
            left: None,
            content_of: None,
            always: false,
            skip_guards: false,
        })
    }

    /// What names the files (and tables) that layers were read from, as far as others may see them. The environment is not among them.
    fn fingerprint(&self, layers: &[Arc<Layer>]) -> String {
        let mut bytes = Vec::new();
        for layer in layers.iter().filter(|layer| layer.kind() != LayerKind::Environment) {
            bytes.extend_from_slice(layer.name().as_bytes());
            bytes.push(0);
            bytes.extend_from_slice(&self.secrets.seal(layer.document()).hash().to_le_bytes());
        }
        if bytes.is_empty() { String::new() } else { format!("{:032x}", xxhash_rust::xxh3::xxh3_128(&bytes)) }
    }

    pub(super) fn reload(&self, cause: Cause, by: &By) -> Report {
        let report = self.try_reload(cause, by);
        self.record(report, by)
    }

    /// A reload whose report is not recorded yet.
    pub(super) fn try_reload(&self, cause: Cause, by: &By) -> Report {
        Inner::count(&self.counts.reloads);
        if self.only_follows() {
            return Report { actor: by.actor.clone(), ..self.look_again(cause) };
        }
        let mut read_time = Duration::ZERO;
        let layers = timed(&mut read_time, || read_all(&self.providers));
        let began_on = self.cell.load().number();
        let mut report = self.publish(cause, by, &mut |base| {
            let layers = layers.as_ref().map_err(Clone::clone)?;
            // The very same layers say the very same.
            let known = base.merged.layers();
            if !base.head.held
                && known.len() == layers.len()
                && known.iter().zip(layers).all(|(a, b)| Arc::ptr_eq(a, b))
                && !known.is_empty()
            {
                return Ok(Draft::of(base));
            }
            let mut draft = self.draft_of_sources(layers, base, false)?;
            self.note_local(&draft);
            // Another process saw the same files and was faster; its environment may differ, which `drift` shows.
            let same_files = !draft.sources.is_empty() && base.head.sources == draft.sources && base.head.patches == draft.patches;
            let differs = base.document() != draft.checked.document();
            if cause == Cause::Watch && base.number() > began_on && same_files && !base.head.held && differs {
                (draft.checked, draft.merged) = (base.checked.clone(), base.merged.clone());
            }
            Ok(draft)
        });
        report.timings.read += read_time;
        report.timings.total += read_time;
        report
    }

    fn note_local(&self, draft: &Draft) {
        let now = self.local.load();
        self.local.offer(&now, draft.merged_hash.clone());
    }
}

/// The files among layers, each once; a version that is a layer stands for those that it was made from.
fn files_of(layers: &[Arc<Layer>], before: Option<&Version>) -> Vec<String> {
    let mut files: Vec<String> = Vec::new();
    let mut add = |name: &str| {
        if !files.iter().any(|known| known == name) {
            files.push(name.to_owned());
        }
    };
    for layer in layers {
        match layer.kind() {
            LayerKind::File => add(layer.name()),
            LayerKind::Version => before.into_iter().flat_map(|version| &version.head.files).for_each(|name| add(name)),
            _ => {}
        }
    }
    files
}
