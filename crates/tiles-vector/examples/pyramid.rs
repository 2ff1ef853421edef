//! Makes all vector tiles of a GeoJSON file (lon/lat) into a folder and prints how large they became and
//! how long that took:
//! `zcat FILE.geojson.gz | cargo run --release --example pyramid -- FOLDER [MAXZOOM [RUNS]]`. Of
//! several runs for each tile the fastest counts.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::{Duration, Instant};

use onemap_generalise::{DropItem, DropOptions, drop_order};
use onemap_model::{
    Bounds, FeatureId, FeatureRef, Field, FieldType, Geometry, GeometryKind, Interval, Schema,
    State, TileCoord, ValueRef,
};
use onemap_tiles_vector::{TileEncoder, TileOptions};
use serde_json::{Map, Value as Json};

type Error = Box<dyn std::error::Error>;

fn main() -> Result<(), Error> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().ok_or("name a folder to write to")?;
    let deepest = arguments.next().map_or(Ok(16), |z| z.parse::<u8>())?;
    let runs = arguments.next().map_or(Ok(1), |n| n.parse::<u32>())?.max(1);
    let document: Json = serde_json::from_reader(std::io::stdin().lock())?;
    let features = document["features"].as_array().ok_or("not a FeatureCollection")?;

    let shapes: Vec<Geometry> = features.iter().map(|f| shape(&f["geometry"])).collect();
    let empty = Map::new();
    let rows: Vec<_> =
        features.iter().map(|f| f["properties"].as_object().unwrap_or(&empty)).collect();
    let names: BTreeSet<&str> =
        rows.iter().flat_map(|row| row.keys().map(String::as_str)).collect();
    let schema =
        Schema { fields: names.iter().map(|name| Field::new(*name, FieldType::Text)).collect() };
    let values: Vec<Vec<ValueRef<'_>>> = rows
        .iter()
        .map(|row| names.iter().map(|name| row.get(*name).map_or(ValueRef::Null, value)).collect())
        .collect();

    let boxes: Vec<Option<Bounds>> = shapes.iter().map(Geometry::bounds).collect();
    let all = boxes.iter().flatten().copied().reduce(Bounds::union).ok_or("nothing in it")?;
    let items: Vec<DropItem> = shapes
        .iter()
        .zip(&values)
        .map(|(shape, values)| DropItem::new(shape, values.iter().copied(), &all))
        .collect();
    let order = drop_order(&items, &DropOptions::default());
    println!("{} features, shown in full from zoom {}", items.len(), order.layer_maxzoom);

    for z in 0..=deepest.min(order.layer_maxzoom) {
        let mut tiles: BTreeMap<(u32, u32), Vec<usize>> = BTreeMap::new();
        for (i, bounds) in boxes.iter().enumerate().filter(|(i, _)| order.minzoom[*i] <= z) {
            let Some(b) = bounds else { continue };
            let first = TileCoord::containing([b.west, b.north], z);
            let last = TileCoord::containing([b.east, b.south], z);
            for x in first.x()..=last.x() {
                for y in first.y()..=last.y() {
                    tiles.entry((x, y)).or_default().push(i);
                }
            }
        }
        let (mut largest, mut sum, mut shown) = (0, 0, 0);
        let (mut slowest, mut time) = (Duration::ZERO, Duration::ZERO);
        for (&(x, y), members) in &tiles {
            let tile = TileCoord::new(u64::from(z), u64::from(x), u64::from(y))?;
            let encode = || -> Result<(usize, Vec<u8>, Duration), Error> {
                let begin = Instant::now();
                let mut encoder = TileEncoder::new(tile, &TileOptions::default());
                let mut layer = encoder.layer("layer", &schema, order.layer_maxzoom);
                for &i in members {
                    layer.add(&FeatureRef {
                        id: FeatureId::new(i as u64)?,
                        geometry: Some(&shapes[i]),
                        values: &values[i],
                        valid: Interval::ALWAYS,
                        state: State::Existing,
                    });
                }
                let count = layer.len();
                layer.finish();
                let bytes = encoder.finish();
                Ok((count, bytes, begin.elapsed()))
            };
            let (count, bytes, mut fastest) = encode()?;
            for _ in 1..runs {
                fastest = fastest.min(encode()?.2);
            }
            shown += count;
            slowest = slowest.max(fastest);
            time += fastest;
            largest = largest.max(bytes.len());
            sum += bytes.len();
            if !bytes.is_empty() {
                std::fs::create_dir_all(Path::new(&folder).join(format!("{z}/{x}")))?;
                std::fs::write(Path::new(&folder).join(format!("{z}/{x}/{y}.mvt")), bytes)?;
            }
        }
        let count = order.minzoom.iter().filter(|&&first| first <= z).count();
        println!(
            "z{z:<2} {count:>8} features of the layer, {shown:>8} drawn in {:>6} tiles, largest {largest:>8} bytes, all {sum}, slowest {:>7.2} ms, all {:.1} ms",
            tiles.len(),
            slowest.as_secs_f64() * 1e3,
            time.as_secs_f64() * 1e3,
        );
    }
    Ok(())
}

fn value(json: &Json) -> ValueRef<'_> {
    match json {
        Json::Bool(b) => ValueRef::Bool(*b),
        Json::Number(n) => n
            .as_i64()
            .map_or_else(|| n.as_f64().map_or(ValueRef::Null, ValueRef::Float), ValueRef::Int),
        Json::String(s) => ValueRef::Text(s),
        _ => ValueRef::Null,
    }
}

fn shape(json: &Json) -> Geometry {
    let coordinates = &json["coordinates"];
    let kind = match json["type"].as_str().unwrap_or("") {
        "Point" => GeometryKind::Point,
        "MultiPoint" => GeometryKind::MultiPoint,
        "LineString" => GeometryKind::LineString,
        "MultiLineString" => GeometryKind::MultiLineString,
        "Polygon" => GeometryKind::Polygon,
        "MultiPolygon" => GeometryKind::MultiPolygon,
        _ => GeometryKind::Collection,
    };
    let mut out = Geometry::empty(kind);
    match kind {
        GeometryKind::Point => push(&mut out, coordinates),
        GeometryKind::MultiPoint => each(coordinates, |p| push(&mut out, p)),
        GeometryKind::LineString => push_line(&mut out, coordinates),
        GeometryKind::MultiLineString => each(coordinates, |l| push_line(&mut out, l)),
        GeometryKind::Polygon => push_polygon(&mut out, coordinates),
        GeometryKind::MultiPolygon => each(coordinates, |p| push_polygon(&mut out, p)),
        GeometryKind::Collection => {
            out.members = json["geometries"].as_array().into_iter().flatten().map(shape).collect();
        }
    }
    out
}

fn each(json: &Json, visit: impl FnMut(&Json)) {
    json.as_array().into_iter().flatten().for_each(visit);
}

fn push(out: &mut Geometry, p: &Json) {
    out.push([p[0].as_f64().unwrap_or(f64::NAN), p[1].as_f64().unwrap_or(f64::NAN)]);
}

fn push_line(out: &mut Geometry, line: &Json) {
    each(line, |p| push(out, p));
    out.end_line();
}

fn push_polygon(out: &mut Geometry, rings: &Json) {
    each(rings, |ring| push_line(out, ring));
    out.end_polygon();
}
