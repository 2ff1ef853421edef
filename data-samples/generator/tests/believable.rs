//! What must hold for the city to be one: streets connect, nothing stands in the way.

#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use onemap_sample_city::geom::{area, bounds, contains, dist_seg, is_simple};
use onemap_sample_city::roads::carriageway;
use onemap_sample_city::shape::apart;
use onemap_sample_city::zoning::State;
use onemap_sample_city::{City, SEED, landuse};

static CITY: LazyLock<City> = LazyLock::new(|| City::build(SEED));

#[test]
fn there_are_about_twenty_thousand_buildings_with_unique_ids() {
    assert!((19_000..22_500).contains(&CITY.buildings.len()), "{}", CITY.buildings.len());
    let ids: BTreeSet<&str> = CITY.buildings.iter().map(|b| b.id.as_str()).collect();
    assert_eq!(ids.len(), CITY.buildings.len());
    assert!(CITY.buildings.iter().filter(|b| !b.draft.holes.is_empty()).count() > 150);
}

#[test]
fn buildings_stand_inside_their_parcels_and_apart_from_each_other() {
    let mut of_parcel: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (k, b) in CITY.buildings.iter().enumerate() {
        let parcel = &CITY.parcels[b.parcel];
        assert!(is_simple(&b.draft.ring), "{}", b.id);
        assert!(area(&b.draft.ring) > 10.0, "{}", b.id);
        assert!(b.draft.ring.iter().all(|p| contains(&parcel.ring, *p)), "{}", b.id);
        assert!(parcel.ponds.iter().all(|w| apart(&b.draft.ring, w, 1.0)), "{}", b.id);
        of_parcel.entry(b.parcel).or_default().push(k);
    }
    for list in of_parcel.values() {
        for (n, &i) in list.iter().enumerate() {
            for &j in &list[n + 1..] {
                let (a, b) = (&CITY.buildings[i], &CITY.buildings[j]);
                // A kiosk may stand in a courtyard.
                let nested = a.draft.holes.iter().any(|h| contains(h, b.draft.ring[0]));
                assert!(
                    nested || apart(&a.draft.ring, &b.draft.ring, 0.2),
                    "{} and {}",
                    a.id,
                    b.id
                );
            }
        }
    }
}

#[test]
fn what_was_pulled_down_stood_before_and_made_way_for_what_stands_now() {
    assert!((300..1_500).contains(&CITY.gone.len()), "{}", CITY.gone.len());
    let standing: BTreeSet<&str> = CITY.buildings.iter().map(|b| b.id.as_str()).collect();
    let mut years = BTreeSet::new();
    for b in &CITY.gone {
        let end = b.pulled_down.unwrap();
        assert!(b.draft.year < end && end <= CITY.parcels[b.parcel].year, "{}", b.id);
        assert!(is_simple(&b.draft.ring) && area(&b.draft.ring) > 10.0, "{}", b.id);
        assert!(
            b.draft.ring.iter().all(|p| contains(&CITY.parcels[b.parcel].ring, *p)),
            "{}",
            b.id
        );
        assert!(!standing.contains(b.id.as_str()), "{}", b.id);
        years.insert(end);
    }
    assert!(years.len() > 8, "{years:?}");
}

#[test]
fn no_building_stands_on_a_carriageway() {
    let cell = |v: f64| (v / 60.0).floor() as i64;
    let mut grid: BTreeMap<(i64, i64), Vec<usize>> = BTreeMap::new();
    for (k, b) in CITY.buildings.iter().enumerate() {
        let (lo, hi) = bounds(&b.draft.ring);
        for i in cell(lo.x - 17.0)..=cell(hi.x + 17.0) {
            for j in cell(lo.y - 17.0)..=cell(hi.y + 17.0) {
                grid.entry((i, j)).or_default().push(k);
            }
        }
    }
    for road in &CITY.roads {
        for w in road.line.windows(2) {
            let (lo, hi) = bounds(w);
            for i in cell(lo.x)..=cell(hi.x) {
                for j in cell(lo.y)..=cell(hi.y) {
                    for &k in grid.get(&(i, j)).into_iter().flatten() {
                        let b = &CITY.buildings[k];
                        let near = b
                            .draft
                            .ring
                            .iter()
                            .map(|p| dist_seg(*p, w[0], w[1]))
                            .fold(f64::MAX, f64::min);
                        assert!(near > carriageway(road.class) / 2.0, "{} on {}", b.id, road.id);
                    }
                }
            }
        }
    }
}

#[test]
fn one_can_drive_from_every_road_to_every_other() {
    let key = |p: onemap_sample_city::geom::Pt| {
        ((p.x * 100.0).round() as i64, (p.y * 100.0).round() as i64)
    };
    let mut next: BTreeMap<(i64, i64), Vec<(i64, i64)>> = BTreeMap::new();
    for road in &CITY.roads {
        let (a, b) = (key(road.line[0]), key(*road.line.last().unwrap()));
        next.entry(a).or_default().push(b);
        next.entry(b).or_default().push(a);
    }
    let mut seen = BTreeSet::new();
    let mut stack = vec![*next.keys().next().unwrap()];
    while let Some(node) = stack.pop() {
        if seen.insert(node) {
            stack.extend(&next[&node]);
        }
    }
    assert_eq!(seen.len(), next.len());
    assert!(CITY.roads.iter().filter(|r| r.bridge).count() >= 10);
}

#[test]
fn communities_and_land_use_cover_the_district_once() {
    let district = area(&CITY.network.border);
    let communities: f64 = CITY.communities.iter().map(|c| c.area).sum();
    let subdistricts: f64 = CITY.subdistricts.iter().map(|c| c.area).sum();
    assert!((communities - district).abs() < 30.0, "{communities} of {district}");
    assert!((subdistricts - district).abs() < 30.0, "{subdistricts} of {district}");
    for plan in [false, true] {
        let land: f64 = landuse::records(&CITY, plan).iter().map(|l| l.area).sum();
        assert!((land - district).abs() < 300.0, "{land} of {district}");
    }
}

#[test]
fn the_plan_builds_on_fields_of_today() {
    let (now, plan) = (landuse::records(&CITY, false), landuse::records(&CITY, true));
    let grown: f64 = now
        .iter()
        .zip(&plan)
        .filter(|(a, b)| a.code.starts_with("01") && !b.code.starts_with("01"))
        .map(|(a, _)| a.area)
        .sum();
    assert!(grown > 2.0e6, "{grown} square metres");
    let planned = CITY.buildings.iter().filter(|b| b.state == State::Planned).count();
    assert!(planned > 100, "{planned}");
}

#[test]
fn the_river_lies_below_its_banks_and_the_hill_above_the_plain() {
    let river = &CITY.network.river;
    for k in (10..river.center.len() - 10).step_by(7) {
        let bed = CITY.terrain.z(river.center[k]);
        let levee = CITY.terrain.z(river.beside(1.0, 24.0)[k]);
        assert!(
            bed < CITY.terrain.water_level(river.center[k]) - 2.0 && levee > bed + 5.0,
            "{bed} {levee}"
        );
    }
    let (lo, hi) = bounds(&CITY.network.border);
    let mut top = f64::MIN;
    for i in 0..40 {
        for j in 0..40 {
            let p = onemap_sample_city::geom::pt(
                lo.x + (hi.x - lo.x) * f64::from(i) / 40.0,
                lo.y + (hi.y - lo.y) * f64::from(j) / 40.0,
            );
            top = top.max(CITY.terrain.z(p));
        }
    }
    assert!((50.0..140.0).contains(&top), "{top}");
}
