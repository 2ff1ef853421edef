//! Behaviour of the drop order on layers as cities have them.
#![allow(clippy::unwrap_used)]

use onemap_generalise::{
    DropItem, DropOptions, DropOrder, DropPlan, drop_order, first_zoom, first_zooms, hilbert_of,
};
use onemap_model::{Bounds, Geometry, GeometryClass};
use proptest::prelude::*;

fn random(seed: &mut u64) -> f64 {
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*seed >> 11) as f64 / (1_u64 << 53) as f64
}

/// Houses of 50 to 1500 m² in a city of `side` degrees.
fn houses(n: usize, side: f64) -> Vec<DropItem> {
    let city = Bounds::new(118.0, 33.0, 118.0 + side, 33.0 + side).unwrap();
    let mut seed = 7;
    (0..n)
        .map(|_| {
            let center = [118.0 + side * random(&mut seed), 33.0 + side * random(&mut seed)];
            let r = random(&mut seed);
            DropItem {
                hilbert: hilbert_of(center, &city),
                class: GeometryClass::Polygon,
                size: (50.0 + 1450.0 * r * r * r) as f32,
                ranked_size: (50.0 + 1450.0 * r * r * r) as f32,
                bytes: 70,
                vertices: 6,
                center,
                importance: 0.0,
            }
        })
        .collect()
}

fn points(n: usize, side: f64) -> Vec<DropItem> {
    let mut items = houses(n, side);
    for item in &mut items {
        (item.class, item.size, item.vertices, item.bytes) = (GeometryClass::Point, 0.0, 1, 60);
        item.ranked_size = 0.0;
    }
    items
}

fn shown(order: &DropOrder, zoom: u8) -> usize {
    order.minzoom.iter().filter(|&&z| z <= zoom).count()
}

#[test]
fn a_city_of_houses_shows_something_at_zoom_0_and_everything_at_16() {
    let order = drop_order(&houses(20_000, 0.2), &DropOptions::default());
    assert_eq!((order.layer_minzoom, order.layer_maxzoom), (0, 16));
    assert_eq!(shown(&order, 0), 1);
    assert_eq!(shown(&order, 16), 20_000);
    let counts: Vec<usize> = (0..=16).map(|z| shown(&order, z)).collect();
    assert!(counts[9] < 1000, "too small to see: {counts:?}");
    assert!(counts[13] > 15_000, "large enough to see: {counts:?}");
}

#[test]
fn the_largest_houses_show_first() {
    let items = houses(20_000, 0.2);
    let order = drop_order(&items, &DropOptions::default());
    let mean = |zoom: u8| {
        let of_zoom: Vec<f32> =
            (0..items.len()).filter(|&i| order.minzoom[i] == zoom).map(|i| items[i].size).collect();
        of_zoom.iter().sum::<f32>() / of_zoom.len() as f32
    };
    assert!(mean(10) > 2.0 * mean(12));
}

#[test]
fn provinces_are_shown_in_full_from_zoom_10_on_and_all_at_zoom_0() {
    let world = Bounds::new(70.0, 18.0, 135.0, 54.0).unwrap();
    let items: Vec<DropItem> = (0..34)
        .map(|i| {
            let center = [75.0 + f64::from(i) * 1.5, 20.0 + f64::from(i % 6) * 5.0];
            DropItem {
                hilbert: hilbert_of(center, &world),
                class: GeometryClass::Polygon,
                size: 2.8e11,
                ranked_size: 2.8e11,
                bytes: 3 * 1500 + 60,
                vertices: 1500,
                center,
                importance: 0.0,
            }
        })
        .collect();
    let order = drop_order(&items, &DropOptions::default());
    assert!((10..=12).contains(&order.layer_maxzoom), "{}", order.layer_maxzoom);
    assert!(order.minzoom.iter().all(|&z| z == 0));
}

#[test]
fn points_on_one_spot_do_not_hide_the_others() {
    let mut items = points(1000, 0.2);
    for item in items.iter_mut().skip(500) {
        item.center = [118.1, 33.1];
    }
    let order = drop_order(&items, &DropOptions::default());
    assert!(order.minzoom[..500].iter().all(|&z| z < 14));
    let last = order.layer_maxzoom;
    let late = (500..1000).filter(|&i| order.minzoom[i] == last).count();
    // A few of them are among those that always show.
    assert!((450..500).contains(&late), "{late}");
}

#[test]
fn a_small_budget_drops_points_evenly() {
    let items = points(40_000, 0.2);
    let options = DropOptions { budget_bytes: 50_000, ..DropOptions::default() };
    let order = drop_order(&items, &options);
    let zoom = (0..16).find(|&z| shown(&order, z) > 400).unwrap();
    let mut quarters = [0_usize; 4];
    for (item, _) in items.iter().zip(&order.minzoom).filter(|(_, z)| **z <= zoom) {
        let east = usize::from(item.center[0] > 118.1);
        quarters[east + 2 * usize::from(item.center[1] > 33.1)] += 1;
    }
    let (least, most) = (quarters.iter().min().unwrap(), quarters.iter().max().unwrap());
    assert!(most < &(least * 3 / 2), "{quarters:?}");
}

#[test]
fn importance_decides_before_size() {
    let mut items = houses(5000, 0.1);
    items[77].importance = 1.0;
    items[77].size = 1.0;
    items[77].ranked_size = 1.0;
    assert_eq!(drop_order(&items, &DropOptions::default()).minzoom[77], 0);
}

#[test]
fn a_later_feature_finds_the_zoom_that_the_import_would_have_given_it() {
    let items = houses(20_000, 0.2);
    let order =
        drop_order(&items, &DropOptions { budget_bytes: 200_000, ..DropOptions::default() });
    let plan = DropPlan {
        always: order.always,
        thresholds: order.thresholds.clone(),
        ..DropPlan::empty()
    };
    for (item, minzoom) in items.iter().zip(&order.minzoom) {
        assert_eq!(first_zoom(item, &plan), *minzoom);
    }
    assert_eq!(order.thresholds.len(), usize::from(order.layer_maxzoom));
}

#[test]
fn an_empty_layer_and_one_without_shapes_are_fine() {
    let order = drop_order(&[], &DropOptions::default());
    assert_eq!((order.minzoom.len(), order.layer_minzoom), (0, order.layer_maxzoom));
    let item = DropItem::new(&Geometry::default(), [], &Bounds::WORLD);
    let order = drop_order(&[item], &DropOptions::default());
    assert_eq!(order.minzoom, [order.layer_maxzoom]);
}

#[test]
fn one_huge_feature_still_shows() {
    let mut items = houses(3, 0.1);
    for item in &mut items {
        (item.bytes, item.vertices) = (u32::MAX, u32::MAX / 3);
        item.size = 1e13;
        item.ranked_size = 1e13;
    }
    let order = drop_order(&items, &DropOptions::default());
    assert_eq!(order.minzoom.iter().min(), Some(&0));
}

#[test]
fn a_million_houses_take_seconds() {
    let items = houses(1_000_000, 1.0);
    let begin = std::time::Instant::now();
    let order = drop_order(&items, &DropOptions::default());
    let seconds = begin.elapsed().as_secs_f64();
    println!("1,000,000 items in {seconds:.2} s, full at {}", order.layer_maxzoom);
    assert!(seconds < 10.0, "{seconds}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: Option::None, ..ProptestConfig::default() })]
    #[test]
    fn any_items_give_zooms_within_the_layer_and_a_first_zoom_with_content(
        raw in prop::collection::vec(
            (any::<u32>(), 0_u8..5, any::<f32>(), any::<u32>(), any::<u32>(), any::<(f64, f64)>(), any::<f32>()),
            1..200,
        ),
        budget in any::<u32>(),
        maxzoom in prop::option::of(any::<u8>()),
    ) {
        use GeometryClass::{Line, Mixed, None, Point, Polygon};
        let items: Vec<DropItem> = raw
            .into_iter()
            .map(|(hilbert, class, size, bytes, vertices, (x, y), importance)| DropItem {
                hilbert,
                class: [None, Point, Line, Polygon, Mixed][usize::from(class)],
                size,
                ranked_size: size,
                bytes,
                vertices,
                center: [x, y],
                importance,
            })
            .collect();
        let options = DropOptions { budget_bytes: budget, maxzoom, ..DropOptions::default() };
        let order = drop_order(&items, &options);
        prop_assert_eq!(order.minzoom.len(), items.len());
        prop_assert!(order.minzoom.iter().all(|&z| z <= order.layer_maxzoom));
        prop_assert!(order.thresholds.is_sorted());
        let plan = DropPlan {
            always: order.always,
            thresholds: order.thresholds.clone(),
            ..DropPlan::empty()
        };
        for (item, minzoom) in items.iter().zip(&order.minzoom).filter(|(i, _)| i.class != Point) {
            prop_assert_eq!(first_zoom(item, &plan), *minzoom);
        }
        let Ok(zooms) = first_zooms(&items.as_slice(), &plan);
        prop_assert_eq!(&zooms, &order.minzoom);
        prop_assert_eq!(order.mass_bits.len(), order.thresholds.len());
        for pair in order.mass_bits.windows(2) {
            prop_assert!(pair[1] <= pair[0] + 1 || pair[0] == 0 && pair[1] == 0);
        }
        prop_assert_eq!(&drop_order(&items, &options), &order);
    }
}
