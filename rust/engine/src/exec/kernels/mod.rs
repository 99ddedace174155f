//! The inner loops, once for each set of instructions, chosen once a query.
//!
//! **In**: a block, a window or a batch at a time; see [`Kernels`] for the agreement. **Out**: the same numbers at every level. **Law**:
//! a kernel needs no trust in its input; [`current`] never gives out a table whose instructions the processor lacks. Kernels are coarse,
//! so that a call through a pointer costs nothing beside them.
//!
//! | file | level | needs |
//! |---|---|---|
//! | `portable` | [`Level::Portable`] | nothing, and no `unsafe` |
//! | `neon` | [`Level::Neon`] | any aarch64 |
//! | `avx2` | [`Level::Avx2`] | Haswell, Zen 1 or later |
//! | `avx512` | [`Level::Avx512`] | Ice Lake, Zen 4 or later |
//!
//! Nanoseconds on a Zen 5 with a busy sibling thread (`cargo run --release --example kernel_speed`); portable, `avx2`, `avx512`:
//!
//! | kernel | portable | `avx2` | `avx512` |
//! |---|---|---|---|
//! | `filter`, 1 in 100 passes: a code | 0.17 | 0.10 | 0.05 |
//! | `score`; `scatter_codes`: a posting | 0.31; 0.44 | 0.23; 0.44 | 0.23; 0.44 |
//! | `expand`, 1 in 8: a window | 600 | 710 | 240 |
//! | `sweep`, 100 found: a window (145 of it clearing) | 1,800 | 530 | 430 |
//! | `probe_aligned`; `probe_bitmap`: a document | 18; 6.2 | 5.4; 3.9 | 4.9; 2.8 |
//! | `count_or`: a word; `squeeze`: 64 candidates | 0.55; 65 | 0.18; 26 | 0.14; 20 |
//! | `fill`: a table; `unpack_gaps`: a posting | 214; 1.1 | 51; 0.5 | 30; 0.2 |

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg_attr(not(target_arch = "x86_64"), allow(dead_code, reason = "the searches by vectors and some lanes are there for x86-64"))]
mod lanes;
#[cfg(target_arch = "aarch64")]
mod neon;
mod portable;
#[cfg_attr(not(target_arch = "x86_64"), allow(dead_code, reason = "the searches by vectors and some lanes are there for x86-64"))]
mod search;
mod table;
#[cfg(test)]
mod tests;

use std::sync::atomic::{AtomicU8, Ordering};

pub use table::{COARSE, COARSE_WORDS, CoarseOther, Kernels, Le2, Le4, Le8, MISS, Other, RANKED, SWEPT, Swept};

/// A set of instructions that the kernels were written for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Level {
    /// What every processor of the target has.
    Portable = 1,
    /// aarch64 with NEON.
    Neon = 2,
    /// x86-64 with AVX2, BMI1, BMI2, POPCNT, LZCNT.
    Avx2 = 3,
    /// x86-64 with AVX-512 F, BW, VL, DQ, VBMI, VBMI2, VPOPCNTDQ, and all of [`Level::Avx2`].
    Avx512 = 4,
}

impl Level {
    /// All of them, the slowest first.
    pub const ALL: [Self; 4] = [Self::Portable, Self::Neon, Self::Avx2, Self::Avx512];

    /// As it is written: `portable`, `neon`, `avx2`, `avx512`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Portable => "portable",
            Self::Neon => "neon",
            Self::Avx2 => "avx2",
            Self::Avx512 => "avx512",
        }
    }

    /// The level of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.name() == name)
    }

    /// Those that this processor can run, the fastest last.
    pub fn available() -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(|level| level.kernels().is_some())
    }

    /// Its kernels, when this processor can run them.
    #[must_use]
    pub fn kernels(self) -> Option<&'static Kernels> {
        match self {
            Self::Portable => Some(&portable::KERNELS),
            #[cfg(target_arch = "aarch64")]
            Self::Neon => std::arch::is_aarch64_feature_detected!("neon").then_some(&neon::KERNELS),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => avx2::is_here().then_some(&avx2::KERNELS),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => avx512::is_here().then_some(&avx512::KERNELS),
            _ => None,
        }
    }
}

/// 0, or the level in use.
static CHOSEN: AtomicU8 = AtomicU8::new(0);

/// The kernels in use: by default the fastest that this processor can run. A query asks once.
#[inline]
#[must_use]
pub fn current() -> &'static Kernels {
    // Finding out again gives the same answer: no thread waits for another, and a fork finds nothing locked.
    match CHOSEN.load(Ordering::Relaxed) {
        0 => detect(),
        _ => chosen(),
    }
}

fn chosen() -> &'static Kernels {
    let number = CHOSEN.load(Ordering::Relaxed);
    Level::ALL.into_iter().find(|level| *level as u8 == number).and_then(Level::kernels).unwrap_or(&portable::KERNELS)
}

#[cold]
fn detect() -> &'static Kernels {
    let fastest = Level::available().last().unwrap_or(Level::Portable);
    #[cfg(test)]
    let fastest = tests::forced().unwrap_or(fastest);
    CHOSEN.store(fastest as u8, Ordering::Relaxed);
    chosen()
}

/// Makes [`current`] give out another level from now on, everywhere in the process; `false`, and no change, when the processor lacks it.
/// Results do not depend on it.
#[must_use]
pub fn use_level(level: Level) -> bool {
    let can = level.kernels().is_some();
    if can {
        CHOSEN.store(level as u8, Ordering::Relaxed);
    }
    can
}
