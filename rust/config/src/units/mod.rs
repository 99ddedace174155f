//! Overlays: what some units (users, tenants, devices) have otherwise than everybody.
//!
//! **In**: for each unit, paths and JSON values. **Out**: the changes of one unit, to be applied to the shared document. **Law**: the map never
//! changes; each set makes another that shares all but one shard and the way to it, so a million units cost little beyond their own values
//! and setting one costs microseconds. A published version holds one such map, so a pin keeps a unit's overrides as it keeps everything
//! else. Overlays have a revision of their own: `(version, units revision)` names what a unit sees.
//!
//! Source: persistent trees with path copying (Driscoll et al., 1989).

mod object;
mod shard;

#[cfg(test)]
mod tests;

pub use object::{UnitsObject, decode};
pub use shard::{Change, put_varint, take_varint};

use std::array;
use std::sync::Arc;

use shard::{Shard, hash_of};

/// Branches of the root, and of each branch.
const WIDTH: usize = 64;

type Branch = [Arc<Shard>; WIDTH];

/// The overrides of all units.
#[derive(Clone, Debug)]
pub struct Units {
    root: Arc<[Arc<Branch>; WIDTH]>,
    /// How many changes led here; 0 = nothing was ever set.
    pub revision: u64,
}

impl Default for Units {
    fn default() -> Self {
        let shard = Arc::new(Shard::default());
        let branch: Arc<Branch> = Arc::new(array::from_fn(|_| Arc::clone(&shard)));
        Self { root: Arc::new(array::from_fn(|_| Arc::clone(&branch))), revision: 0 }
    }
}

/// The place of a hash: its branch and the shard there.
fn place(hash: u64) -> (usize, usize) {
    ((hash >> 58) as usize % WIDTH, (hash >> 52) as usize % WIDTH)
}

impl Units {
    /// The same overrides under another revision.
    pub fn as_revision(&self, revision: u64) -> Self {
        Self { root: Arc::clone(&self.root), revision }
    }

    /// The overrides of `unit`, as they were given to [`Units::with`].
    pub fn get(&self, unit: &str) -> Option<&[u8]> {
        let hash = hash_of(unit);
        let (branch, shard) = place(hash);
        self.root.get(branch)?.get(shard)?.get(unit, hash)
    }

    /// How many units have overrides.
    pub fn len(&self) -> usize {
        self.shards().map(|shard| shard.len()).sum()
    }

    /// Whether nobody has any.
    pub fn is_empty(&self) -> bool {
        self.shards().all(|shard| shard.len() == 0)
    }

    /// Bytes of memory, with what other revisions share.
    pub fn bytes(&self) -> usize {
        size_of::<Branch>() * (WIDTH + 1) + self.shards().map(|shard| shard.bytes() + size_of::<Shard>() + 16).sum::<usize>()
    }

    /// All units and their overrides, in the order of their hashes.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.shards().flat_map(Shard::iter)
    }

    fn shards(&self) -> impl Iterator<Item = &Shard> {
        self.root.iter().flat_map(|branch| branch.iter()).map(|shard| &**shard)
    }

    /// The units after some changes, as the next revision; a later change of the same unit wins. `None` = more than 4 GB in one of 4,096 parts.
    pub fn with(&self, mut changes: Vec<Change<'_>>) -> Option<Self> {
        changes.sort_by_key(|(name, _)| place(hash_of(name)));
        let mut root = (*self.root).clone();
        let same_branch = |a: &Change<'_>, b: &Change<'_>| place(hash_of(&a.0)).0 == place(hash_of(&b.0)).0;
        let same_shard = |a: &Change<'_>, b: &Change<'_>| place(hash_of(&a.0)) == place(hash_of(&b.0));
        for of_branch in changes.chunk_by(same_branch) {
            let slot = root.get_mut(place(hash_of(&of_branch.first()?.0)).0)?;
            let mut branch = (**slot).clone();
            for of_shard in of_branch.chunk_by(same_shard) {
                let shard = branch.get_mut(place(hash_of(&of_shard.first()?.0)).1)?;
                *shard = Arc::new(shard.with(of_shard)?);
            }
            *slot = Arc::new(branch);
        }
        Some(Self { root: Arc::new(root), revision: self.revision + 1 })
    }
}
