//! The scoring formula, in one place: every number that reaches a score is made here or in [`crate::exec`]'s two lines of it.
//!
//! **In**: statistics, weights. **Out**: the factors of the clauses, and the scale that makes scores integers. **Law**: f64, in the
//! order that is written in [`crate::plan`], no fused operations; `log` is that of `libm`, so equal on every platform.
//! Source: BM25 (Robertson & Zaragoza 2009, §3), without the constant factor k1 + 1; lengths are the decoded norm codes.

/// Smallest weight of a clause that has one.
const LEAST_WEIGHT: f64 = 1.0 / MOST_WEIGHT;
/// Largest weight of a clause: field weights and boosts are multiplied without bound, scores must stay finite.
const MOST_WEIGHT: f64 = (1u64 << 60) as f64;
/// What the sum of all clause bounds may be, at most.
const BOUND: f64 = (1u64 << 30) as f64;

/// Statistics of a field, or of a term in a field, over the view.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FieldTotals {
    /// Documents with at least one token.
    pub docs: u64,
    /// Tokens.
    pub sum_dl: u64,
}

/// `log(1 + ((N − n) + 0.5) / (n + 0.5))`.
#[must_use]
pub fn idf(docs: u64, df: u64) -> f64 {
    let (n, df) = (docs.max(df) as f64, df as f64);
    libm::log(1.0 + ((n - df) + 0.5) / (df + 0.5))
}

/// The weight that counts: 0, or cut to [2⁻⁶⁰, 2⁶⁰].
#[must_use]
pub fn cut(weight: f64) -> f64 {
    if weight > 0.0 { weight.clamp(LEAST_WEIGHT, MOST_WEIGHT) } else { 0.0 }
}

/// `(1 − b) + (b·dl)/avgdl`, for each length code.
#[must_use]
pub fn length_factors(totals: FieldTotals, b: f64, decode: impl Fn(u8) -> u32) -> [f64; 256] {
    let average = totals.sum_dl as f64 / totals.docs.max(1) as f64;
    let mut factors = [0.0; 256];
    for code in 0..=u8::MAX {
        factors[usize::from(code)] = (1.0 - b) + (b * f64::from(decode(code))) / average;
    }
    factors
}

/// The largest power of two that times `bounds` is at most 2³⁰; 1 for 0.
#[must_use]
pub fn scale(bounds: f64) -> f64 {
    if bounds <= 0.0 || !bounds.is_finite() {
        return 1.0;
    }
    // 2^e <= bounds < 2^(e+1): a power of two itself may still be multiplied by one more two than what lies above it.
    let (exponent, fraction) = ((bounds.to_bits() >> 52) as i32 - 1023, bounds.to_bits() & ((1 << 52) - 1));
    if exponent.abs() < 900 {
        return f64::from_bits(((1023 + 30 - exponent - i32::from(fraction > 0)) as u64) << 52);
    }
    // Exact: all values are powers of two, and products with them do not round within these exponents.
    let mut scale = 1.0;
    while bounds * scale > BOUND {
        scale *= 0.5;
    }
    while bounds * (scale * 2.0) <= BOUND {
        scale *= 2.0;
    }
    scale
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn rare_terms_weigh_more_and_every_term_weighs_something() {
        assert!(idf(1000, 1) > idf(1000, 2));
        assert!(idf(1000, 1000) > 0.0);
        assert!((idf(1, 1) - (4.0f64 / 3.0).ln()).abs() < 1e-15);
        assert_eq!(idf(0, 5), idf(5, 5), "never the logarithm of less than one");
    }

    #[test]
    fn weights_stay_finite() {
        assert_eq!((cut(0.0), cut(1e300), cut(1e-300), cut(2.5)), (0.0, MOST_WEIGHT, LEAST_WEIGHT, 2.5));
    }

    #[test]
    fn lengths_count_as_much_as_b_says() {
        let totals = FieldTotals { docs: 2, sum_dl: 20 };
        let of = |b, code| length_factors(totals, b, u32::from)[code];
        assert_eq!((of(0.0, 200), of(1.0, 10), of(1.0, 20), of(0.75, 10)), (1.0, 1.0, 2.0, 1.0));
    }

    proptest! {
        #[test]
        fn the_scale_is_the_largest_that_fits(bounds in prop_oneof![1e-9f64..1e9, Just(1.0), Just(BOUND), Just(BOUND * (1.0 + f64::EPSILON)), Just(1e30), Just(1e-270), Just(1e-280), Just(1e-290), Just(1e290)]) {
            let scale = scale(bounds);
            prop_assert!(bounds * scale <= BOUND && bounds * scale * 2.0 > BOUND);
            prop_assert_eq!(scale.to_bits() & ((1 << 52) - 1), 0, "a power of two");
        }
    }
}
