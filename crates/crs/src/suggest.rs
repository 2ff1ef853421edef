//! Remedies to print when coordinates come without a coordinate system. They are never applied by themselves.

/// Returns what coordinates with these bounds, `[min x, min y, max x, max y]` as given, look like, each with
/// the flag to try; most likely first, empty when they look like nothing that is known in China.
pub fn suggest(bounds: [f64; 4]) -> Vec<String> {
    let [min_x, min_y, max_x, max_y] = bounds;
    let mut found = Vec::new();
    if !bounds.iter().all(|v| v.is_finite()) {
        return found;
    }
    let x = Range(min_x, max_x);
    let y = Range(min_y, max_y);
    if x.within(70.0, 140.0) && y.within(0.0, 56.0) {
        found.push("looks like longitude and latitude in China, try --crs EPSG:4490 (or --crs GCJ-02 if it comes from a Chinese web map)".into());
    } else if y.within(70.0, 140.0) && x.within(0.0, 56.0) {
        found.push("looks like latitude before longitude in China: exchange the two columns and try --crs EPSG:4490".into());
    } else if x.within(-180.0, 180.0) && y.within(-90.0, 90.0) {
        found.push("looks like longitude and latitude, try --crs EPSG:4326".into());
    }
    for (easting, northing, order) in
        [(x, y, ""), (y, x, " with X as the northing (Chinese survey order)")]
    {
        if northing.within(1_600_000.0, 6_200_000.0) {
            found.extend(gauss_kruger(easting, order));
        }
    }
    if x.within(7_800_000.0, 15_300_000.0) && y.within(300_000.0, 7_500_000.0) {
        found.push("looks like Web Mercator, try --crs EPSG:3857".into());
    }
    found
}

/// The smallest and largest value of one axis.
#[derive(Clone, Copy)]
struct Range(f64, f64);

impl Range {
    fn within(self, low: f64, high: f64) -> bool {
        self.0 >= low && self.1 <= high
    }
}

fn gauss_kruger(easting: Range, order: &str) -> Option<String> {
    // Three-degree zones are at most 170 km wide on either side, six-degree zones 340 km.
    if easting.within(160_000.0, 840_000.0) {
        return Some(format!(
            "looks like CGCS2000 3-degree Gauss-Kruger without zone number{order}: the central meridian must be \
             known; EPSG:4534 is 75 E, every 3 degrees one more, so 117 E is --crs EPSG:4548 and 120 E is --crs EPSG:4549"
        ));
    }
    let zone = (easting.0 / 1e6).floor();
    if zone != (easting.1 / 1e6).floor()
        || !easting.within(zone * 1e6 + 160_000.0, zone * 1e6 + 840_000.0)
    {
        return None;
    }
    let zone = zone as u32;
    let (width, code) = match zone {
        25..=45 => (3, 4513 + zone - 25),
        13..=23 => (6, 4491 + zone - 13),
        _ => return None,
    };
    Some(format!(
        "looks like CGCS2000 {width}-degree zone {zone} with zone number{order}, try --crs EPSG:{code}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_with_their_number_are_named() {
        let text = suggest([39_500_000.0, 3_700_000.0, 39_620_000.0, 3_800_000.0]).join("\n");
        assert_eq!(
            text,
            "looks like CGCS2000 3-degree zone 39 with zone number, try --crs EPSG:4527"
        );
        let text = suggest([3_700_000.0, 39_500_000.0, 3_800_000.0, 39_620_000.0]).join("\n");
        assert!(text.contains("zone 39") && text.contains("X as the northing"), "{text}");
        let text = suggest([20_500_000.0, 3_700_000.0, 20_620_000.0, 3_800_000.0]).join("\n");
        assert!(text.contains("6-degree zone 20") && text.contains("EPSG:4498"), "{text}");
    }

    #[test]
    fn zones_without_number_ask_for_the_meridian() {
        let text = suggest([450_000.0, 3_700_000.0, 620_000.0, 3_800_000.0]).join("\n");
        assert!(text.contains("central meridian"), "{text}");
    }

    #[test]
    fn degrees_and_web_mercator_are_recognised() {
        assert!(suggest([118.0, 33.0, 119.0, 34.0])[0].contains("EPSG:4490"));
        assert!(suggest([33.0, 118.0, 34.0, 119.0])[0].contains("exchange"));
        assert!(suggest([-3.0, 50.0, 0.0, 52.0])[0].contains("EPSG:4326"));
        assert!(
            suggest([13_100_000.0, 4_000_000.0, 13_250_000.0, 4_100_000.0])
                .join("\n")
                .contains("EPSG:3857")
        );
        assert!(suggest([0.0, 0.0, 500.0, 500.0]).is_empty());
        assert!(suggest([f64::NAN; 4]).is_empty());
    }
}
