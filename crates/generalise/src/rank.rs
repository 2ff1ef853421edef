//! The order in which features appear as the map is enlarged.

use onemap_model::GeometryClass;

use crate::DropItem;
use crate::scale::visible_zoom_of_share;

/// Bits of the key that spread features evenly.
const SPREAD_BITS: u32 = 27;

/// The size class of points, which have no size: where small city objects stand, so that in a mixed
/// layer blocks and roads come before lamps.
const POINT_CLASS: u8 = 14;

/// Returns the rank of a feature within its layer, a number that depends on the feature alone; the
/// least is shown first. From the highest bit down:
///
/// * 32 bits: importance, greatest first;
/// * 5 bits: size class, the zoom at which it becomes visible, so every class is four times smaller in
///   area than the one before;
/// * 27 bits: the Hilbert position with its bits reversed, so that any prefix is spread evenly over
///   the layer (tippecanoe orders its features in the same way).
pub fn rank_key(item: &DropItem) -> u64 {
    let class = size_class(item);
    let spread = item.hilbert.reverse_bits() >> (32 - SPREAD_BITS);
    (u64::from(!ascending_bits(item.importance)) << 32)
        | (u64::from(class) << SPREAD_BITS)
        | u64::from(spread)
}

/// Returns the zoom at which the feature is large enough to see; 0 for points.
pub(crate) fn visible_from(item: &DropItem) -> u8 {
    match item.class {
        GeometryClass::Point => 0,
        _ => size_class(item),
    }
}

/// Returns the width or length of the feature as a share of the world's width.
pub(crate) fn share_of_world(item: &DropItem) -> f64 {
    share(item, item.size)
}

fn share(item: &DropItem, size: f32) -> f64 {
    let size = f64::from(size).max(0.0);
    let side = match item.class {
        GeometryClass::Point | GeometryClass::None => return 0.0,
        GeometryClass::Line => size,
        _ => size.sqrt(),
    };
    side / crate::scale::metres_of_world(item.center[1])
}

fn size_class(item: &DropItem) -> u8 {
    match item.class {
        GeometryClass::Point => POINT_CLASS,
        GeometryClass::None => 31,
        _ => visible_zoom_of_share(share(item, item.ranked_size)),
    }
}

/// Maps a float to bits that ascend with it; NaN counts as 0.
fn ascending_bits(x: f32) -> u32 {
    let bits = if x.is_nan() { 0 } else { (x + 0.0).to_bits() };
    if bits >> 31 == 1 { !bits } else { bits | (1 << 31) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(class: GeometryClass, size: f32, importance: f32, hilbert: u32) -> DropItem {
        DropItem {
            hilbert,
            class,
            size,
            ranked_size: size,
            bytes: 50,
            vertices: 5,
            center: [118.0, 34.0],
            importance,
        }
    }

    #[test]
    fn importance_comes_before_size_and_size_before_place() {
        use GeometryClass::Polygon;
        let important = rank_key(&item(Polygon, 1.0, 2.0, 9));
        let big = rank_key(&item(Polygon, 1e6, 0.0, 9));
        let small = rank_key(&item(Polygon, 1e2, 0.0, 0));
        let unimportant = rank_key(&item(Polygon, 1e9, -1.0, 0));
        let mut keys = [unimportant, small, big, important];
        keys.sort_unstable();
        assert_eq!(keys, [important, big, small, unimportant]);
    }

    #[test]
    fn a_prefix_of_equal_features_is_spread_over_the_curve() {
        let mut all: Vec<u32> = (0..1 << 12).map(|i| i << 20 | i).collect();
        all.sort_by_key(|&h| rank_key(&item(GeometryClass::Point, 0.0, 0.0, h)));
        let mut quarters = [0; 4];
        for h in &all[..64] {
            quarters[(h >> 30) as usize] += 1;
        }
        assert!(quarters.iter().all(|&n| n == 16), "{quarters:?}");
    }

    #[test]
    fn floats_keep_their_order_as_bits() {
        let sorted = [f32::NEG_INFINITY, -2.0, -0.5, 0.0, 0.5, 2.0, f32::INFINITY];
        assert!(sorted.windows(2).all(|w| ascending_bits(w[0]) < ascending_bits(w[1])));
        assert_eq!(ascending_bits(-0.0), ascending_bits(0.0));
        assert_eq!(ascending_bits(f32::NAN), ascending_bits(0.0));
    }
}
