//! Every kernel at every level against a naive twin.

use super::*;

/// The level that `FINDSPOT_KERNELS` names: the engine's tests run under each in turn.
pub(super) fn forced() -> Option<Level> {
    let name = std::env::var("FINDSPOT_KERNELS").ok().filter(|name| !name.is_empty())?;
    let level = Level::named(&name);
    assert!(level.is_some_and(|level| level.kernels().is_some()), "FINDSPOT_KERNELS={name}: no such level here");
    level
}

#[test]
fn a_level_in_use_is_one_that_runs() {
    let levels: Vec<Level> = Level::available().collect();
    assert_eq!(levels[0], Level::Portable);
    assert!(levels.contains(&current().level));
    assert!(use_level(current().level) && Level::ALL.iter().all(|level| levels.contains(level) || !use_level(*level)));
    assert!(Level::ALL.iter().all(|level| Level::named(level.name()) == Some(*level)) && Level::named("sse").is_none());
}
