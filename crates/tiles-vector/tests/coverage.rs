//! Parcels that cover the ground without gaps do so at every zoom, in every tile.
#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use std::collections::{BTreeMap, BTreeSet};

use common::{Random, Tile, at, check_valid, decode, encode_all, test_data};
use geo_types::Polygon;
use i_overlay::core::fill_rule::FillRule;
use i_overlay::core::overlay::{IntOverlayOptions, Overlay, ShapeType};
use i_overlay::core::overlay_rule::OverlayRule;
use i_overlay::core::solver::Solver;
use i_overlay::i_float::int::point::IntPoint;
use onemap_model::{Geometry, GeometryKind, TileCoord};

type Point = [f64; 2];

/// Parcels as rings in units of a tile; the first is the outline.
type Parcels = Vec<Vec<Vec<Point>>>;

const LOW: f64 = -400.0;
const HIGH: f64 = 4500.0;

/// A crooked line between two points, or a straight one without vertices between.
fn border(random: &mut Random, from: Point, to: Point, step: f64, straight: bool) -> Vec<Point> {
    let mut line = vec![from, to];
    if straight {
        return line;
    }
    // Less and less crooked, so that two borders that leave one corner do not cross.
    let mut crooked = 0.3;
    loop {
        let longest = (line[0][0] - line[1][0]).hypot(line[0][1] - line[1][1]);
        if longest < step {
            return line;
        }
        let mut finer = vec![line[0]];
        for pair in line.windows(2) {
            let (dx, dy) = (pair[1][0] - pair[0][0], pair[1][1] - pair[0][1]);
            let off = crooked * (random.next() - 0.5);
            let middle = [
                f64::midpoint(pair[0][0], pair[1][0]) - off * dy,
                f64::midpoint(pair[0][1], pair[1][1]) + off * dx,
            ];
            finer.extend([middle, pair[1]]);
        }
        line = finer;
        crooked *= 0.75;
    }
}

/// Parcels about `size` units wide with crooked borders of vertices `step` apart. Some have an island in
/// them that is another parcel. Some, between straight borders, are divided in two, so that the
/// neighbour's border has no vertex where the new one ends.
fn parcels(seed: u64, size: f64, step: f64) -> Parcels {
    let mut random = Random(seed);
    let n = ((HIGH - LOW) / size) as usize;
    let corner = |i: usize, j: usize, random: &mut Random| {
        let jitter = |random: &mut Random| size * 0.35 * (random.next() - 0.5);
        [LOW + i as f64 * size + jitter(random), LOW + j as f64 * size + jitter(random)]
    };
    let corners: Vec<Vec<Point>> =
        (0..=n).map(|i| (0..=n).map(|j| corner(i, j, &mut random)).collect()).collect();
    // Rows three apart have straight borders to the east-west direction.
    let is_straight = |j: usize| j.is_multiple_of(3);
    let mut across = BTreeMap::new();
    let mut down = BTreeMap::new();
    for i in 0..=n {
        for j in 0..=n {
            if i < n {
                let (a, b) = (corners[i][j], corners[i + 1][j]);
                across.insert((i, j), border(&mut random, a, b, step, is_straight(j)));
            }
            if j < n {
                let (a, b) = (corners[i][j], corners[i][j + 1]);
                down.insert((i, j), border(&mut random, a, b, step, false));
            }
        }
    }
    let mut all = Parcels::new();
    for i in 0..n {
        for j in 0..n {
            let mut ring = across[&(i, j)].clone();
            ring.pop();
            ring.extend(&down[&(i + 1, j)]);
            ring.pop();
            let bottom = across[&(i, j + 1)].iter().rev().copied();
            ring.extend(bottom);
            ring.pop();
            ring.extend(down[&(i, j)].iter().rev());
            ring.pop();
            if is_straight(j) && random.next() < 0.5 {
                all.extend(divided(
                    &mut random,
                    &ring,
                    corners[i][j],
                    corners[i + 1][j],
                    &across[&(i, j + 1)],
                    step,
                ));
            } else if random.next() < 0.3 {
                let middle = [LOW + (i as f64 + 0.5) * size, LOW + (j as f64 + 0.5) * size];
                let island: Vec<Point> = (0..24)
                    .map(|k| {
                        let angle = std::f64::consts::TAU * f64::from(k) / 24.0;
                        let r = size * (0.08 + 0.06 * random.next());
                        [middle[0] + r * angle.cos(), middle[1] + r * angle.sin()]
                    })
                    .collect();
                all.push(vec![ring, island.clone()]);
                all.push(vec![island]);
            } else {
                all.push(vec![ring]);
            }
        }
    }
    all
}

/// Divides a parcel from a place on its straight border to a vertex of the opposite one.
fn divided(
    random: &mut Random,
    ring: &[Point],
    a: Point,
    b: Point,
    opposite: &[Point],
    step: f64,
) -> Parcels {
    let t = 0.35 + 0.3 * random.next();
    let top = [a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1])];
    let bottom = opposite[opposite.len() / 2];
    let wall = border(random, top, bottom, step, false);
    let place = |p: Point| ring.iter().position(|&q| q == p).unwrap();
    let (east, south) = (place(b), place(bottom));
    let mut right: Vec<Point> = wall.iter().rev().copied().collect();
    right.extend(&ring[east..south]);
    let mut left = wall;
    left.extend(&ring[south + 1..]);
    left.push(a);
    vec![vec![left], vec![right]]
}

fn shape(tile: TileCoord, rings: &[Vec<Point>], known: &mut BTreeMap<[u64; 2], Point>) -> Geometry {
    let mut g = Geometry::empty(GeometryKind::Polygon);
    for ring in rings {
        for &p in ring.iter().chain(ring.first()) {
            let place = *known.entry(p.map(f64::to_bits)).or_insert_with(|| at(tile, p));
            g.push(place);
        }
        g.end_line();
    }
    g.end_polygon();
    g
}

fn shapes(tile: TileCoord, parcels: &Parcels) -> Vec<Geometry> {
    let mut known = BTreeMap::new();
    parcels.iter().map(|rings| shape(tile, rings, &mut known)).collect()
}

/// Returns, within the tile without its buffer, the sum of the polygons' areas, the area of their union,
/// and that of the gaps that the union surrounds. Exact: outlines have vertices where they cross the tile's
/// edges.
fn areas(tile: &Tile) -> (f64, f64, f64) {
    let mut union = new_overlay();
    let mut sum = 0.0;
    for polygon in tile.polygons() {
        let mut alone = new_overlay();
        for overlay in [&mut alone, &mut union] {
            for ring in rings(polygon) {
                let points = ring.0.iter().skip(1).map(|c| IntPoint::new(c.x as i32, c.y as i32));
                overlay.add_path_iter(points, ShapeType::Subject);
            }
        }
        sum += area_within(alone).0;
    }
    let (union, gaps) = area_within(union);
    (sum, union, gaps)
}

fn new_overlay() -> Overlay {
    let mut overlay = Overlay::new_custom(64, IntOverlayOptions::default(), Solver::default());
    let square = [[0, 0], [4096, 0], [4096, 4096], [0, 4096]];
    let square = square.iter().map(|&[x, y]| IntPoint::new(x, y));
    overlay.add_path_iter(square, ShapeType::Clip);
    overlay
}

/// Returns the area within the square, and that of its holes.
fn area_within(mut overlay: Overlay) -> (f64, f64) {
    let shapes = overlay.overlay(OverlayRule::Intersect, FillRule::NonZero);
    let (mut all, mut holes) = (0.0, 0.0);
    for shape in &shapes {
        for (i, ring) in shape.iter().enumerate() {
            let pairs = ring.iter().zip(ring.iter().cycle().skip(1));
            let cross = |(a, b): (&IntPoint, &IntPoint)| {
                i64::from(a.x) * i64::from(b.y) - i64::from(b.x) * i64::from(a.y)
            };
            let area = pairs.map(cross).sum::<i64>().abs() as f64 / 2.0;
            all += if i == 0 { area } else { -area };
            holes += if i == 0 { 0.0 } else { area };
        }
    }
    (all, holes)
}

/// Returns where each feature's outline crosses a line, by id.
fn crossings(tile: &Tile, axis: usize, at: f64) -> BTreeMap<u64, Vec<i64>> {
    let mut out: BTreeMap<u64, Vec<i64>> = BTreeMap::new();
    let pick = |c: geo_types::Coord<f64>| if axis == 0 { [c.x, c.y] } else { [c.y, c.x] };
    for (id, polygons) in &tile.features {
        let mut all = Vec::new();
        for ring in polygons.iter().flat_map(rings) {
            for line in ring.lines() {
                let ([ax, ay], [bx, by]) = (pick(line.start), pick(line.end));
                if (ax < at) != (bx < at) {
                    let y = ay + (at - ax) * (by - ay) / (bx - ax);
                    all.push((y * 1e6).round() as i64);
                }
            }
        }
        if !all.is_empty() {
            all.sort_unstable();
            out.insert(*id, all);
        }
    }
    out
}

fn rings(polygon: &Polygon<f64>) -> impl Iterator<Item = &geo_types::LineString<f64>> {
    std::iter::once(polygon.exterior()).chain(polygon.interiors())
}

fn neighbours(tile: TileCoord) -> [TileCoord; 3] {
    let (z, x, y) = (u64::from(tile.z()), u64::from(tile.x()), u64::from(tile.y()));
    [(x + 1, y), (x, y + 1), (x + 1, y + 1)].map(|(x, y)| TileCoord::new(z, x, y).unwrap())
}

/// Encodes the tile and its neighbours to the east and south, and compares their common edges.
fn agree(tile: TileCoord, all: &[Geometry]) -> Tile {
    let [east, south, both] = neighbours(tile);
    let [tile, east, south, both] =
        [tile, east, south, both].map(|tile| decode(&encode_all(tile, all, 30)));
    for (a, b, axis) in
        [(&tile, &east, 0), (&south, &both, 0), (&tile, &south, 1), (&east, &both, 1)]
    {
        let (near, far) = (crossings(a, axis, 4096.0), crossings(b, axis, 0.0));
        // Only along the common edge, not its prolongation in the buffers.
        let inside = |all: &BTreeMap<u64, Vec<i64>>| -> BTreeMap<u64, Vec<i64>> {
            let keep = |v: &Vec<i64>| -> Vec<i64> {
                v.iter().copied().filter(|y| (0..=4_096_000_000).contains(y)).collect()
            };
            all.iter().map(|(id, v)| (*id, keep(v))).filter(|(_, v)| !v.is_empty()).collect()
        };
        assert_eq!(inside(&near), inside(&far));
    }
    tile
}

/// Square units of a tile.
const WHOLE: f64 = 4096.0 * 4096.0;

#[test]
fn parcels_leave_no_gap_and_do_not_overlap_at_any_size() {
    for (seed, size, step) in
        [(1, 700.0, 3.0), (2, 300.0, 0.7), (3, 120.0, 5.0), (4, 60.0, 1.5), (5, 30.0, 8.0)]
    {
        let tile = TileCoord::new(12, 3393, 1636 + seed).unwrap();
        let all = shapes(tile, &parcels(seed, size, step));
        let drawn = agree(tile, &all);
        check_valid(&drawn);
        let drawn = areas(&drawn);
        assert_eq!(drawn, (WHOLE, WHOLE, 0.0), "{} parcels of {size}", all.len());
    }
}

#[test]
fn what_is_drawn_does_not_depend_on_where_a_ring_begins_and_which_way_it_runs() {
    let tile = TileCoord::new(12, 3393, 1636).unwrap();
    let parcels = parcels(9, 250.0, 2.0);
    let turned: Parcels = parcels
        .iter()
        .enumerate()
        .map(|(i, rings)| {
            let mut rings = rings.clone();
            for ring in &mut rings {
                let n = ring.len();
                ring.rotate_left(i * 7 % n);
                if i % 2 == 0 {
                    ring.reverse();
                }
            }
            rings
        })
        .collect();
    let [a, b] = [parcels, turned].map(|p| decode(&encode_all(tile, &shapes(tile, &p), 30)));
    let edges = |tile: &Tile| -> BTreeSet<(u64, [i64; 4])> {
        let all = tile.features.iter().flat_map(|(id, polygons)| {
            polygons
                .iter()
                .flat_map(rings)
                .flat_map(geo_types::LineString::lines)
                .map(|l| (*id, [l.start.x, l.start.y, l.end.x, l.end.y].map(|v| v as i64)))
        });
        all.collect()
    };
    assert_eq!(edges(&a), edges(&b));
}

/// Looks for overlaps and gaps in real districts.
fn check_real(name: &str, all: &[Geometry], zooms: std::ops::RangeInclusive<u8>) {
    let bounds = all.iter().filter_map(Geometry::bounds).reduce(onemap_model::Bounds::union);
    for z in zooms {
        let tile = TileCoord::containing(bounds.unwrap().center(), z);
        let [x, y] = [tile.x(), tile.y()].map(u64::from);
        if x + 1 >= 1 << z || y + 1 >= 1 << z {
            continue;
        }
        let drawn = agree(tile, all);
        check_valid(&drawn);
        let (sum, union, gaps) = areas(&drawn);
        // Provinces of the source have bays and slits between them: there are as many without simplifying.
        let source = areas(&decode(&encode_all(tile, all, 0))).2;
        let n = drawn.features.len();
        println!("{name} z{z}: {n} features, overlap {}, gaps {gaps} of {source}", sum - union);
        assert_eq!(sum, union, "{name} z{z}");
        assert!(gaps <= source, "{name} z{z}: {gaps} of {source}");
    }
}

#[test]
fn real_districts_share_their_borders() {
    for (file, last) in [
        ("vector/fushun_districts.geojson", 11),
        ("vector/shenyang_districts.geojson.gz", 11),
        ("big/cn_provinces_amap.geojson.gz", 8),
    ] {
        if let Some(mut all) = test_data(file) {
            // A city that is there beside its districts covers them once more.
            let whole = all.iter().filter_map(Geometry::bounds).reduce(onemap_model::Bounds::union);
            all.retain(|shape| shape.bounds() != whole);
            check_real(file, &all, 3..=last);
        }
    }
}
