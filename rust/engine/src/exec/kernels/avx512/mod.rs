//! Kernels with AVX-512 as Ice Lake and Zen 4 have it: compressions, byte permutations and popcounts of whole vectors.
//!
//! **Law**: vectors are compressed in registers and stored whole (compressing stores are slow on Zen 4); the ends of slices are loaded
//! and stored under a mask. All `unsafe` is in `vectors`, and in the table below.

mod coarse;
mod codes;
mod lists;
mod probes;
mod vectors;
mod windows;

use coarse::{coarsen, expand_coarse, look_up, scatter_coarse, sweep_coarse};
use codes::{fill, filter, max, score, sum_tf};
use lists::{and_into, and_not_into, count, count_and, count_or, or_into, squeeze, unpack_gaps};
use probes::{block_bounds, fold, fold_sorted, keep, keep_folded, prefetch, probe_aligned, probe_bitmap, probe_sorted, select};
use windows::{bits_to_places, expand, expand_codes, filter_bits, scatter, scatter_codes, sweep};

use super::Level;
use super::table::{COARSE, CoarseOther, Kernels, Le2, Le4, Le8, Other, SWEPT, Swept, gated, signatures};
use crate::exec::window::{PLACES, WORDS};

/// Whether the processor has all that the table's functions use.
pub(super) fn is_here() -> bool {
    is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512vl")
        && is_x86_feature_detected!("avx512dq")
        && is_x86_feature_detected!("avx512vbmi")
        && is_x86_feature_detected!("avx512vbmi2")
        && is_x86_feature_detected!("avx512vpopcntdq")
        && is_x86_feature_detected!("bmi1")
        && is_x86_feature_detected!("bmi2")
        && is_x86_feature_detected!("popcnt")
        && is_x86_feature_detected!("lzcnt")
}

pub(super) static KERNELS: Kernels = signatures!(gated Level::Avx512);
