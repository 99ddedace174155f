//! Distance over the ground between two points.
//!
//! **In**: degrees. **Out**: kilometres. **Law**: the same bits on every platform: `libm` alone, one order of operations, never FMA. The
//! earth is a sphere with the mean radius, so distances are up to 0.6 % off. Source: the haversine formula; radius R₁ of GRS 80,
//! 6371.0088 km (Moritz, Geodetic Reference System 1980).

/// Mean radius of the earth in kilometres.
pub const EARTH_RADIUS_KM: f64 = 6371.0088;

/// Great-circle distance in kilometres between (`lat_a`, `lon_a`) and (`lat_b`, `lon_b`) in degrees.
#[must_use]
pub fn distance_km(lat_a: f64, lon_a: f64, lat_b: f64, lon_b: f64) -> f64 {
    let (phi_a, phi_b) = (lat_a.to_radians(), lat_b.to_radians());
    let half_lat = libm::sin((phi_b - phi_a) / 2.0);
    let half_lon = libm::sin((lon_b - lon_a).to_radians() / 2.0);
    let h = half_lat * half_lat + libm::cos(phi_a) * libm::cos(phi_b) * half_lon * half_lon;
    2.0 * EARTH_RADIUS_KM * libm::asin(libm::sqrt(h.min(1.0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_distances() {
        assert_eq!(distance_km(51.5, -0.12, 51.5, -0.12), 0.0);
        let quarter = EARTH_RADIUS_KM * std::f64::consts::FRAC_PI_2;
        assert!((distance_km(0.0, 0.0, 90.0, 0.0) - quarter).abs() < 1e-6);
        assert!((distance_km(0.0, 170.0, 0.0, -100.0) - quarter).abs() < 1e-6, "across the date line");
        assert!((distance_km(0.0, 0.0, 0.0, 180.0) - 2.0 * quarter).abs() < 1e-6);
        assert!((distance_km(51.5074, -0.1278, 48.8566, 2.3522) - 343.6).abs() < 0.5, "London to Paris");
    }
}
