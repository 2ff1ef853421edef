//! Where the labels of polygons stand.

use moka::sync::Cache;
use onemap_generalise::label_point;
use onemap_model::{FeatureId, FeatureRef, GeometryClass, Revision};
use uuid::Uuid;

/// Polygons with more vertices than this have their points kept.
const BIG: usize = 256;
/// Points kept.
const MOST: u64 = 50_000;

/// Label points of big polygons, which take long to find and are asked for by every tile that they reach.
pub(crate) struct LabelPoints(Cache<(Uuid, Revision, FeatureId), Option<[f64; 2]>>);

impl LabelPoints {
    pub(crate) fn new() -> Self {
        Self(Cache::new(MOST))
    }

    /// Returns a point inside a feature's polygons, `[lon, lat]`; `None` for a feature without.
    pub(crate) fn of(
        &self,
        layer: Uuid,
        revision: Revision,
        feature: &FeatureRef<'_>,
    ) -> Option<[f64; 2]> {
        let geometry = feature.geometry?;
        if geometry.class() != GeometryClass::Polygon {
            return None;
        }
        if geometry.vertex_count() <= BIG {
            return label_point(geometry);
        }
        self.0.get_with((layer, revision, feature.id), || label_point(geometry))
    }
}
