//! The landmarks as a reader of CityJSON meets them, and the trees: closed shapes, pictures that exist, in nobody's way.

#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use onemap_sample_city::geom::{contains, dist_ring, dist_seg};
use onemap_sample_city::landmarks::Landmark;
use onemap_sample_city::roads::carriageway;
use onemap_sample_city::shape::apart;
use onemap_sample_city::zoning::Kind;
use onemap_sample_city::{City, SEED, write};
use serde_json::Value;

static CITY: LazyLock<City> = LazyLock::new(|| City::build(SEED));
static MODEL: LazyLock<Value> = LazyLock::new(|| {
    let files: BTreeMap<String, Vec<u8>> = write::files(&CITY).unwrap().into_iter().collect();
    serde_json::from_slice(&files["city/landmarks.city.json"]).unwrap()
});

type Place = [f64; 3];
/// Rings of vertices, of each face.
type Faces = Vec<Vec<Vec<usize>>>;

fn numbers(value: &Value) -> Vec<usize> {
    value.as_array().unwrap().iter().map(|n| n.as_u64().unwrap() as usize).collect()
}

fn places() -> Vec<Place> {
    let all = MODEL["vertices"].as_array().unwrap();
    all.iter().map(|v| [0, 1, 2].map(|i| v[i].as_i64().unwrap() as f64 * 0.001)).collect()
}

/// Every solid: its object, level, and faces of rings of places.
fn solids() -> Vec<(String, String, Faces)> {
    let mut out = Vec::new();
    for (id, object) in MODEL["CityObjects"].as_object().unwrap() {
        for geometry in object["geometry"].as_array().unwrap() {
            if geometry["type"] == "Solid" {
                let shell = geometry["boundaries"][0].as_array().unwrap();
                let faces = shell
                    .iter()
                    .map(|face| face.as_array().unwrap().iter().map(numbers).collect::<Vec<_>>());
                let level = geometry["lod"].as_str().unwrap().to_owned();
                out.push((id.clone(), level, faces.collect()));
            }
        }
    }
    out
}

fn minus(a: Place, b: Place) -> Place {
    [a[0] - b[0], a[1] - b[1], a[2] - b[2]]
}

fn cross(a: Place, b: Place) -> Place {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

fn dot(a: Place, b: Place) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

#[test]
fn every_edge_of_a_solid_belongs_to_two_faces_in_opposite_directions() {
    for (id, level, faces) in solids() {
        let mut edges: BTreeMap<(usize, usize), usize> = BTreeMap::new();
        for ring in faces.iter().flatten() {
            let corners: BTreeSet<usize> = ring.iter().copied().collect();
            assert_eq!(corners.len(), ring.len(), "{id} at {level}: a corner twice");
            for (i, a) in ring.iter().enumerate() {
                *edges.entry((*a, ring[(i + 1) % ring.len()])).or_default() += 1;
            }
        }
        for (&(a, b), count) in &edges {
            assert!(*count == 1 && edges.contains_key(&(b, a)), "{id} at {level}: {a} to {b}");
        }
    }
}

#[test]
fn faces_are_planar_and_look_outwards() {
    let places = places();
    for (id, level, faces) in solids() {
        let mut volume = 0.0;
        for face in &faces {
            let ring: Vec<Place> = face[0].iter().map(|i| places[*i]).collect();
            let mut normal = [0.0; 3];
            for w in ring.windows(2) {
                let n = cross(minus(w[0], ring[0]), minus(w[1], ring[0]));
                normal = [0, 1, 2].map(|i| normal[i] + n[i]);
            }
            let size = dot(normal, normal).sqrt();
            assert!(size > 1e-4, "{id} at {level}: a face without area");
            for i in face.iter().flatten() {
                let off = dot(minus(places[*i], ring[0]), normal) / size;
                assert!(off.abs() < 0.005, "{id} at {level}: {off} m off its plane");
            }
            for ring in face {
                let at = |i: usize| minus(places[ring[i]], places[faces[0][0][0]]);
                for i in 1..ring.len() - 1 {
                    volume += dot(at(0), cross(at(i), at(i + 1))) / 6.0;
                }
            }
        }
        assert!(volume > 10.0, "{id} at {level}: {volume} cubic metres");
    }
}

#[test]
fn levels_rise_and_every_kind_of_surface_is_there() {
    let (mut kinds, mut levels) = (BTreeSet::new(), BTreeSet::new());
    for (id, object) in MODEL["CityObjects"].as_object().unwrap() {
        let own: Vec<&str> = object["geometry"]
            .as_array()
            .unwrap()
            .iter()
            .map(|g| g["lod"].as_str().unwrap())
            .collect();
        let parent = object.get("children").is_some();
        assert_eq!(&own[..own.len().min(2)], if parent { &["0"][..] } else { &["1", "2"] }, "{id}");
        levels.extend(own);
        for key in ["名称", "用途", "建成年份", "高度"] {
            assert!(!object["attributes"][key].is_null(), "{id}: {key}");
        }
        for geometry in object["geometry"].as_array().unwrap() {
            for surface in geometry["semantics"]["surfaces"].as_array().into_iter().flatten() {
                kinds.insert(surface["type"].as_str().unwrap().to_owned());
            }
        }
    }
    assert_eq!(levels, BTreeSet::from(["0", "1", "2", "3"]));
    for kind in ["GroundSurface", "WallSurface", "RoofSurface", "Window", "Door"] {
        assert!(kinds.contains(kind), "{kind}");
    }
    assert!((8..=20).contains(&CITY.landmarks.len()));
}

#[test]
fn pictures_have_a_place_for_every_corner_and_exist() {
    let uvs = MODEL["appearance"]["vertices-texture"].as_array().unwrap().len();
    let pictures = MODEL["appearance"]["textures"].as_array().unwrap();
    let mut used = BTreeSet::new();
    for object in MODEL["CityObjects"].as_object().unwrap().values() {
        for geometry in object["geometry"].as_array().unwrap() {
            let Some(values) = geometry["texture"]["day"]["values"].as_array() else { continue };
            let faces = geometry["boundaries"][0].as_array().unwrap();
            for (face, skin) in faces.iter().zip(values[0].as_array().unwrap()) {
                for (ring, skin) in face.as_array().unwrap().iter().zip(skin.as_array().unwrap()) {
                    if skin[0].is_null() {
                        continue;
                    }
                    let skin = numbers(skin);
                    assert_eq!(skin.len(), ring.as_array().unwrap().len() + 1);
                    assert!(skin[1..].iter().all(|uv| *uv < uvs));
                    used.insert(skin[0]);
                }
            }
        }
    }
    assert_eq!(used.len(), pictures.len());
    let files: BTreeSet<String> =
        write::files(&CITY).unwrap().into_iter().map(|(path, _)| path).collect();
    for picture in pictures {
        assert!(files.contains(&format!("city/{}", picture["image"].as_str().unwrap())));
    }
}

#[test]
fn landmarks_stand_on_squares_and_in_parks_where_nothing_else_stands() {
    let places = places();
    for landmark in &CITY.landmarks {
        let ring = landmark.footprint();
        let at_home = CITY.parcels.iter().any(|p| {
            matches!(p.kind, Kind::Square | Kind::Park)
                && ring.iter().all(|q| contains(&p.ring, *q) && dist_ring(*q, &p.ring) > 4.0)
                && p.ponds.iter().all(|w| apart(&ring, w, 5.0))
        });
        assert!(at_home, "{}", landmark.name);
        for building in CITY.buildings.iter().chain(&CITY.gone) {
            assert!(
                apart(&ring, &building.draft.ring, 5.0),
                "{} and {}",
                landmark.name,
                building.id
            );
        }
        let others = CITY.landmarks.iter().filter(|other| other.id != landmark.id);
        for other in others {
            assert!(apart(&ring, &other.footprint(), 5.0), "{} and {}", landmark.name, other.name);
        }
    }
    // The outlines hold what is built.
    let home =
        |id: &str| -> &Landmark { CITY.landmarks.iter().find(|l| id.starts_with(l.id)).unwrap() };
    for (id, _, faces) in solids() {
        let ring = home(&id).footprint();
        for i in faces.iter().flatten().flatten() {
            let p = onemap_sample_city::geom::pt(places[*i][0], places[*i][1]);
            assert!(contains(&ring, p) || dist_ring(p, &ring) < 4.0, "{id} at {p:?}");
        }
    }
}

#[test]
fn trees_stand_by_the_streets_and_in_parks_in_nobodys_way() {
    assert!((3_000..=6_000).contains(&CITY.trees.len()), "{}", CITY.trees.len());
    let ids: BTreeSet<&str> = CITY.trees.iter().map(|t| t.id.as_str()).collect();
    assert_eq!(ids.len(), CITY.trees.len());
    let near: Vec<_> = CITY
        .buildings
        .iter()
        .map(|b| b.draft.ring.clone())
        .chain(CITY.landmarks.iter().map(Landmark::footprint))
        .map(|ring| (onemap_sample_city::geom::bounds(&ring), ring))
        .collect();
    for tree in &CITY.trees {
        let p = tree.at;
        for ((low, high), ring) in &near {
            let far =
                p.x < low.x - 2.0 || p.x > high.x + 2.0 || p.y < low.y - 2.0 || p.y > high.y + 2.0;
            assert!(far || !contains(ring, p) && dist_ring(p, ring) > 2.0, "{}", tree.id);
        }
        for road in &CITY.roads {
            let off =
                road.line.windows(2).map(|w| dist_seg(p, w[0], w[1])).fold(f64::MAX, f64::min);
            assert!(off > carriageway(road.class) / 2.0 + 0.5, "{} on {}", tree.id, road.id);
        }
        let wet = CITY.parcels.iter().flat_map(|p| &p.ponds).any(|w| contains(w, p));
        let (across, half, _) = CITY.network.river.measure(p);
        assert!(!wet && across.abs() > half, "{} in the water", tree.id);
        assert!((1.0..30.0).contains(&tree.height) && tree.crown < 20.0, "{}", tree.id);
    }
}

#[test]
fn roofs_suit_their_buildings() {
    let mut shapes: BTreeMap<&str, usize> = BTreeMap::new();
    for b in CITY.buildings.iter().chain(&CITY.gone) {
        let d = &b.draft;
        *shapes.entry(d.roof).or_default() += 1;
        assert_eq!(d.roof == "flat", d.roof_height == 0.0, "{}", b.id);
        assert!(d.roof_height < 0.65 * d.height && d.min_height < d.height, "{}", b.id);
        let tall = d.floors > 12 && !matches!(d.roof, "flat" | "pyramidal");
        assert!(!tall, "{} of {} floors is {}", b.id, d.floors, d.roof);
    }
    for shape in ["flat", "gabled", "hipped", "pyramidal", "skillion", "dome", "round"] {
        assert!(shapes[shape] > 10, "{shapes:?}");
    }
    assert!((10..60).contains(&CITY.buildings.iter().filter(|b| b.draft.landmark).count()));
}
