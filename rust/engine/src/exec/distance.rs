//! Distance of two points on the earth.
//!
//! **In**: degrees. **Out**: kilometres. **Law**: f64 throughout, in the order written, with the functions of `libm`, so that the same
//! documents are within a radius on every platform. Source: haversine formula (Sinnott 1984), mean earth radius of the IUGG (R₁).
//!
//! ```text
//! s1 = sin(((lat2 − lat1)·rad) / 2)      s2 = sin(((lon2 − lon1)·rad) / 2)
//! h  = s1·s1 + (cos(lat1·rad)·cos(lat2·rad))·(s2·s2)
//! d  = (2·6371.0088) · asin(min(1, sqrt(h)))
//! ```

const EARTH_RADIUS_KM: f64 = 6371.0088;
/// Kilometres of one degree of latitude, rounded down: what a difference of latitude proves.
pub(super) const KM_PER_DEGREE: f64 = 111.19;
const RAD: f64 = 0.017_453_292_519_943_295;

/// A centre from which distances are asked many times.
#[derive(Clone, Copy, Debug)]
pub struct Centre {
    lat: f64,
    lon: f64,
    cos_lat: f64,
}

impl Centre {
    /// From degrees.
    #[must_use]
    pub fn new(lat: f64, lon: f64) -> Self {
        Self { lat, lon, cos_lat: libm::cos(lat * RAD) }
    }

    /// How far the centre's latitude is outside of a range of latitudes.
    #[must_use]
    pub fn degrees_outside(&self, south: f64, north: f64) -> f64 {
        (south - self.lat).max(self.lat - north).max(0.0)
    }

    /// Kilometres to another point in degrees.
    #[must_use]
    pub fn km(&self, lat: f64, lon: f64) -> f64 {
        let s1 = libm::sin(((lat - self.lat) * RAD) / 2.0);
        let s2 = libm::sin(((lon - self.lon) * RAD) / 2.0);
        let h = s1 * s1 + (self.cos_lat * libm::cos(lat * RAD)) * (s2 * s2);
        (2.0 * EARTH_RADIUS_KM) * libm::asin(libm::sqrt(h).min(1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_distances_come_out() {
        let london = Centre::new(51.5, -0.12);
        assert_eq!(london.km(51.5, -0.12), 0.0);
        assert!((london.km(48.8566, 2.3522) - 342.572_681_034).abs() < 1e-6, "Paris, by the cosine formula");
        let half = std::f64::consts::PI * EARTH_RADIUS_KM;
        assert!((Centre::new(0.0, 0.0).km(0.0, 180.0) - half).abs() < 1e-9);
        assert!((Centre::new(90.0, 0.0).km(-90.0, 17.0) - half).abs() < 1e-9);
        assert!((Centre::new(0.0, 179.9).km(0.0, -179.9) - 22.239).abs() < 0.001, "across the date line");
    }
}
