//! Kernels with AVX2 and the bit instructions that came with it (Haswell, Zen 1 and later).
//!
//! **Law**: no instruction that one of these processors does in microcode (PEXT, PDEP, gathers). All `unsafe` is in `vectors`, and in
//! the table below.

mod coarse;
mod codes;
mod lists;
mod probes;
mod vectors;
mod windows;

pub(super) use codes::score;

use coarse::{coarsen, expand_coarse, look_up, scatter_coarse, sweep_coarse};
use codes::{fill, filter, max, sum_tf};
use lists::{and_into, and_not_into, count, count_and, count_or, or_into, squeeze, unpack_gaps};
use probes::{block_bounds, fold, fold_sorted, keep, keep_folded, prefetch, probe_aligned, probe_bitmap, probe_sorted, select};
use windows::{bits_to_places, expand, expand_codes, filter_bits, scatter, scatter_codes, sweep};

use super::Level;
use super::table::{COARSE, CoarseOther, Kernels, Le2, Le4, Le8, Other, SWEPT, Swept, gated, signatures};
use crate::exec::window::{PLACES, WORDS};

/// Whether the processor has all that the table's functions use.
pub(super) fn is_here() -> bool {
    is_x86_feature_detected!("avx2")
        && is_x86_feature_detected!("bmi1")
        && is_x86_feature_detected!("bmi2")
        && is_x86_feature_detected!("popcnt")
        && is_x86_feature_detected!("lzcnt")
}

pub(super) static KERNELS: Kernels = signatures!(gated Level::Avx2);
