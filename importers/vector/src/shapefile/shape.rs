//! Reads the content of one `.shp` record (ESRI Shapefile Technical Description, July 1998, pages 4-20).

use std::ops::Range;

use onemap_bounded::{ByteReader, Error, Result};
use onemap_model::{Geometry, GeometryKind};

use super::rings;
use crate::wkb_sink::CLOSED_RING;

/// Measures below this mean "no data" (page 2).
const NO_MEASURE: f64 = -1e38;

/// Said of a shape whose rings were sorted by what contains what.
pub(super) const REWOUND: &str = "rings wound the wrong way sorted by containment";
/// Said of a shape of triangles and vertical faces.
const MULTIPATCH: &str = "multipatch made into polygons";

/// A record's content.
#[derive(Debug, Default)]
pub(super) struct Shape {
    pub(super) geometry: Option<Geometry>,
    pub(super) repairs: Vec<&'static str>,
}

/// The coordinates of a record with many.
struct Vertices {
    xy: Vec<[f64; 2]>,
    z: Vec<f64>,
    m: Vec<f64>,
}

/// Reads the content of a record.
///
/// # Errors
/// When the type is unknown, a count does not fit into the record, or the parts are out of order.
pub(super) fn read(content: &[u8]) -> Result<Shape> {
    let mut bytes = ByteReader::new("shape", content);
    let code = bytes.i32_le()?;
    let has_z = matches!(code, 11 | 13 | 15 | 18 | 31);
    let has_m = has_z || matches!(code, 21 | 23 | 25 | 28);
    match code {
        0 => Ok(Shape::default()),
        1 | 11 | 21 => point(&mut bytes, has_z, has_m),
        8 | 18 | 28 => multipoint(&mut bytes, has_z, has_m),
        3 | 13 | 23 => lines(&mut bytes, has_z, has_m),
        5 | 15 | 25 => polygons(&mut bytes, has_z, has_m),
        31 => multipatch(&mut bytes),
        other => Err(Error::Malformed {
            what: "shape",
            offset: 0,
            detail: format!("shape type {other} is unknown"),
        }),
    }
}

fn point(bytes: &mut ByteReader, has_z: bool, has_m: bool) -> Result<Shape> {
    let (x, y) = (bytes.f64_le()?, bytes.f64_le()?);
    // How GDAL writes an empty point.
    if x.is_nan() && y.is_nan() {
        return Ok(Shape::default());
    }
    let mut geometry = Geometry::point([x, y]);
    if has_z && bytes.left() >= 8 {
        geometry.z.push(bytes.f64_le()?);
    }
    if has_m && bytes.left() >= 8 {
        let m = bytes.f64_le()?;
        if m >= NO_MEASURE {
            geometry.m.push(m);
        }
    }
    Ok(whole(geometry))
}

fn multipoint(bytes: &mut ByteReader, has_z: bool, has_m: bool) -> Result<Shape> {
    bytes.skip(32)?;
    let announced = bytes.u32_le()?;
    let count = bytes.counted(announced.into(), 16)?;
    let vertices = vertices(bytes, count, has_z, has_m)?;
    if count == 0 {
        return Ok(Shape::default());
    }
    Ok(whole(Geometry {
        kind: GeometryKind::MultiPoint,
        xy: vertices.xy,
        z: vertices.z,
        m: vertices.m,
        ..Geometry::default()
    }))
}

fn lines(bytes: &mut ByteReader, has_z: bool, has_m: bool) -> Result<Shape> {
    let (parts, _, vertices) = parts(bytes, has_z, has_m, false)?;
    let ends: Vec<u32> = parts.iter().map(|part| part.end as u32).collect();
    let kind = match ends.len() {
        0 => return Ok(Shape::default()),
        1 => GeometryKind::LineString,
        _ => GeometryKind::MultiLineString,
    };
    Ok(whole(Geometry {
        kind,
        xy: vertices.xy,
        z: vertices.z,
        m: vertices.m,
        ends,
        ..Geometry::default()
    }))
}

fn polygons(bytes: &mut ByteReader, has_z: bool, has_m: bool) -> Result<Shape> {
    let (parts, _, vertices) = parts(bytes, has_z, has_m, false)?;
    let rings: Vec<&[[f64; 2]]> =
        parts.iter().map(|part| vertices.xy.get(part.clone()).unwrap_or_default()).collect();
    let sorted = rings::sort(&rings);
    let mut shape = Shape::default();
    if sorted.rewound {
        shape.repairs.push(REWOUND);
    }
    build(&mut shape, &vertices, &parts, &sorted.polygons);
    Ok(shape)
}

/// Makes polygons of rings, each given by its range of vertices.
fn build(shape: &mut Shape, vertices: &Vertices, rings: &[Range<usize>], polygons: &[Vec<usize>]) {
    let kind = match polygons.len() {
        0 => return,
        1 => GeometryKind::Polygon,
        _ => GeometryKind::MultiPolygon,
    };
    let mut geometry = Geometry::empty(kind);
    geometry.xy.reserve_exact(vertices.xy.len());
    geometry.z.reserve_exact(vertices.z.len());
    geometry.m.reserve_exact(vertices.m.len());
    let mut closed = false;
    for polygon in polygons {
        for range in polygon.iter().filter_map(|ring| rings.get(*ring)) {
            let ring = vertices.xy.get(range.clone()).unwrap_or_default();
            let open = ring.first() != ring.last();
            copy(&mut geometry.xy, &vertices.xy, range, open);
            copy(&mut geometry.z, &vertices.z, range, open);
            copy(&mut geometry.m, &vertices.m, range, open);
            closed |= open;
            geometry.end_line();
        }
        geometry.end_polygon();
    }
    if closed {
        shape.repairs.push(CLOSED_RING);
    }
    shape.geometry = Some(geometry);
}

/// Appends a range, and its first item again when it is to be closed.
fn copy<T: Copy>(to: &mut Vec<T>, from: &[T], range: &Range<usize>, close: bool) {
    let items = from.get(range.clone()).unwrap_or_default();
    to.extend_from_slice(items);
    if close {
        to.extend(items.first().copied());
    }
}

/// How the vertices of a part of a multipatch make faces (page 20).
#[derive(Clone, Copy, PartialEq)]
enum Patch {
    TriangleStrip,
    TriangleFan,
    OuterRing,
    InnerRing,
    FirstRing,
    Ring,
}

fn multipatch(bytes: &mut ByteReader) -> Result<Shape> {
    let (parts, kinds, vertices) = parts(bytes, true, true, true)?;
    let mut shape = Shape { geometry: None, repairs: vec![MULTIPATCH] };
    // Triangles are written as new vertices behind each other.
    let mut all = Vertices {
        xy: Vec::with_capacity(vertices.xy.len()),
        z: Vec::with_capacity(vertices.z.len()),
        m: Vec::new(),
    };
    let mut faces: Vec<Range<usize>> = Vec::new();
    let mut polygons: Vec<Vec<usize>> = Vec::new();
    let mut face = |corners: &mut dyn Iterator<Item = usize>| {
        let from = all.xy.len();
        for corner in corners {
            all.xy.extend(vertices.xy.get(corner));
            all.z.extend(vertices.z.get(corner));
        }
        faces.push(from..all.xy.len());
        faces.len() - 1
    };
    let mut group: Option<Patch> = None;
    for (part, kind) in parts.iter().zip(kinds) {
        match kind {
            Patch::TriangleStrip | Patch::TriangleFan => {
                for third in part.start + 2..part.end {
                    let first = if kind == Patch::TriangleFan { part.start } else { third - 2 };
                    let triangle = face(&mut [first, third - 1, third, first].into_iter());
                    polygons.push(vec![triangle]);
                }
                group = None;
            }
            Patch::OuterRing | Patch::FirstRing => {
                polygons.push(vec![face(&mut part.clone())]);
                group = Some(kind);
            }
            Patch::InnerRing | Patch::Ring => {
                let hole = face(&mut part.clone());
                match polygons.last_mut().filter(|_| group.is_some()) {
                    Some(polygon) => polygon.push(hole),
                    None => polygons.push(vec![hole]),
                }
            }
        }
    }
    build(&mut shape, &all, &faces, &polygons);
    if let Some(geometry) = &mut shape.geometry {
        geometry.kind = GeometryKind::MultiPolygon;
    }
    Ok(shape)
}

/// The parts of a shape as ranges of its vertices, what they are in a multipatch, and the vertices.
type Parts = (Vec<Range<usize>>, Vec<Patch>, Vertices);

fn parts(bytes: &mut ByteReader, has_z: bool, has_m: bool, patches: bool) -> Result<Parts> {
    bytes.skip(32)?;
    let announced_parts = bytes.u32_le()?;
    let announced = bytes.u32_le()?;
    let entry = if patches { 8 } else { 4 };
    let part_count = bytes.counted(announced_parts.into(), entry)?;
    let starts = (0..part_count)
        .map(|_| bytes.u32_le().map(|start| start as usize))
        .collect::<Result<Vec<_>>>()?;
    let mut kinds = Vec::new();
    if patches {
        for _ in 0..part_count {
            kinds.push(patch(bytes)?);
        }
    }
    let count = bytes.counted(announced.into(), 16)?;
    let vertices = if part_count == 0 {
        Vertices { xy: Vec::new(), z: Vec::new(), m: Vec::new() }
    } else {
        vertices(bytes, count, has_z, has_m)?
    };
    let mut ranges = Vec::with_capacity(part_count);
    for (i, &start) in starts.iter().enumerate() {
        let end = starts.get(i + 1).copied().unwrap_or(count);
        let begins = i > 0 || start == 0;
        if !begins || start > end || end > count || (start == end && part_count > 1) {
            return Err(Error::Malformed {
                what: "shape",
                offset: 44 + 4 * i as u64,
                detail: format!("part {i} has the vertices {start} to {end} of {count}"),
            });
        }
        if start < end {
            ranges.push(start..end);
        }
    }
    Ok((ranges, kinds, vertices))
}

fn patch(bytes: &mut ByteReader) -> Result<Patch> {
    let offset = bytes.position() as u64;
    Ok(match bytes.i32_le()? {
        0 => Patch::TriangleStrip,
        1 => Patch::TriangleFan,
        2 => Patch::OuterRing,
        3 => Patch::InnerRing,
        4 => Patch::FirstRing,
        5 => Patch::Ring,
        other => {
            return Err(Error::Malformed {
                what: "multipatch",
                offset,
                detail: format!("part type {other} is unknown"),
            });
        }
    })
}

fn vertices(bytes: &mut ByteReader, count: usize, has_z: bool, has_m: bool) -> Result<Vertices> {
    if count > onemap_bounded::limits::MAX_VERTICES {
        return Err(Error::Limit {
            what: "shape",
            limit: onemap_bounded::limits::MAX_VERTICES as u64,
            unit: "vertices",
        });
    }
    let (numbers, _) = bytes.take(count.saturating_mul(16))?.as_chunks::<8>();
    let (pairs, _) = numbers.as_chunks::<2>();
    let xy = pairs.iter().map(|[x, y]| [f64::from_le_bytes(*x), f64::from_le_bytes(*y)]).collect();
    // Heights and measures stand behind their range; writers leave measures out, some heights, too.
    let column = |bytes: &mut ByteReader| -> Result<Vec<f64>> {
        if bytes.left() < 16 + 8 * count {
            return Ok(Vec::new());
        }
        bytes.skip(16)?;
        let (numbers, _) = bytes.take(8 * count)?.as_chunks::<8>();
        Ok(numbers.iter().map(|n| f64::from_le_bytes(*n)).collect())
    };
    let z = if has_z { column(bytes)? } else { Vec::new() };
    let mut m = if has_m { column(bytes)? } else { Vec::new() };
    let measured = m.iter().any(|m| *m >= NO_MEASURE);
    if measured {
        for value in &mut m {
            if *value < NO_MEASURE {
                *value = f64::NAN;
            }
        }
    } else {
        m.clear();
    }
    Ok(Vertices { xy, z, m })
}

fn whole(geometry: Geometry) -> Shape {
    Shape { geometry: Some(geometry), repairs: Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(code: i32, parts: &[u32], kinds: &[u32], columns: &[&[f64]]) -> Vec<u8> {
        let vertices = columns.first().map_or(0, |xy| xy.len() / 2);
        let mut bytes = code.to_le_bytes().to_vec();
        bytes.extend([0; 32]);
        bytes.extend((parts.len() as u32).to_le_bytes());
        bytes.extend((vertices as u32).to_le_bytes());
        bytes.extend(parts.iter().chain(kinds).flat_map(|v| v.to_le_bytes()));
        for (i, column) in columns.iter().enumerate() {
            if i > 0 {
                bytes.extend([0; 16]);
            }
            bytes.extend(column.iter().flat_map(|v| v.to_le_bytes()));
        }
        bytes
    }

    #[test]
    fn measures_below_the_threshold_are_none() {
        let xy = [0.0, 0.0, 1.0, 1.0];
        let line = |m: &[f64]| {
            let shape = read(&content(13, &[0], &[], &[&xy, &[5.0, 6.0], m])).unwrap();
            shape.geometry.unwrap()
        };
        assert_eq!(line(&[-1e39, -1e39]).m, [] as [f64; 0]);
        assert_eq!(line(&[-1e39, 7.0]).m[1], 7.0);
        assert!(line(&[-1e39, 7.0]).m[0].is_nan());
        assert_eq!(line(&[1.0, 2.0]).z, [5.0, 6.0]);
    }

    #[test]
    fn a_multipatch_of_a_fan_and_a_ring_with_a_hole_becomes_polygons() {
        let xy = [
            0.0, 0.0, 1.0, 0.0, 1.0, 1.0, 0.0, 1.0, // fan
            0.0, 0.0, 9.0, 0.0, 9.0, 9.0, 0.0, 0.0, // outer
            2.0, 1.0, 3.0, 1.0, 3.0, 2.0, 2.0, 1.0, // inner
        ];
        let z: Vec<f64> = (0..12).map(f64::from).collect();
        let bytes = content(31, &[0, 4, 8], &[1, 2, 3], &[&xy, &z]);
        let shape = read(&bytes).unwrap();
        let geometry = shape.geometry.unwrap();
        assert!(geometry.is_well_formed());
        assert_eq!(geometry.kind, GeometryKind::MultiPolygon);
        assert_eq!(geometry.parts, [1, 2, 4]);
        assert_eq!(geometry.z.len(), geometry.xy.len());
        assert_eq!(shape.repairs, [MULTIPATCH]);
    }

    #[test]
    fn an_open_ring_is_closed_and_said_so() {
        let xy = [0.0, 0.0, 0.0, 1.0, 1.0, 1.0];
        let shape = read(&content(15, &[0], &[], &[&xy, &[1.0, 2.0, 3.0]])).unwrap();
        let geometry = shape.geometry.unwrap();
        assert!(geometry.is_well_formed());
        assert_eq!((geometry.xy.len(), geometry.z[3]), (4, 1.0));
        assert_eq!(shape.repairs, [CLOSED_RING]);
    }

    #[test]
    fn counts_that_do_not_fit_and_every_truncation_are_errors() {
        let xy = [0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 0.0, 0.0];
        let whole = content(5, &[0], &[], &[&xy]);
        assert!(read(&whole).is_ok());
        for end in 0..whole.len() {
            assert!(read(&whole[..end]).is_err(), "{end}");
        }
        for at in [36, 40, 44] {
            let mut lying = whole.clone();
            lying[at..at + 4].copy_from_slice(&u32::MAX.to_le_bytes());
            assert!(read(&lying).is_err(), "{at}");
        }
        assert!(read(&99i32.to_le_bytes()).is_err());
    }
}
