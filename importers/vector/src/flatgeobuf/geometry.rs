//! Copies the geometry of a feature.

use flatgeobuf::{self as fgb, GeometryType};
use onemap_model::{Geometry, GeometryKind};

use crate::wkb_sink;

/// Said of a geometry of a kind that the model has not.
const SURFACE: &str = "surface made into polygons";

/// A geometry, and what had to be changed.
#[derive(Debug, Default)]
pub(super) struct Read {
    pub(super) geometry: Option<Geometry>,
    pub(super) repairs: Vec<&'static str>,
}

/// Copies a geometry of a layer of the given kind, which is `Unknown` where kinds are mixed.
pub(super) fn read(geometry: &fgb::Geometry, layer: GeometryType) -> Result<Read, String> {
    let kind = if layer == GeometryType::Unknown { geometry.type_() } else { layer };
    let mut repairs = Vec::new();
    let geometry = match kind {
        GeometryType::PolyhedralSurface | GeometryType::TIN | GeometryType::Triangle => {
            repairs.push(SURFACE);
            simple(geometry, kind, &mut repairs)?
        }
        GeometryType::Point
        | GeometryType::LineString
        | GeometryType::Polygon
        | GeometryType::MultiPoint
        | GeometryType::MultiLineString
        | GeometryType::MultiPolygon => simple(geometry, kind, &mut repairs)?,
        GeometryType::GeometryCollection => {
            let mut members = Vec::new();
            for part in geometry.parts().into_iter().flatten() {
                let member = read(&part, GeometryType::Unknown)?;
                repairs.extend(member.repairs);
                members.extend(member.geometry);
            }
            Geometry::collection(members)
        }
        GeometryType::Unknown => return Err("the kind of geometry is not stated".into()),
        _ => return curve(geometry, kind),
    };
    repairs.sort_unstable();
    repairs.dedup();
    let empty = geometry.is_empty() && kind != GeometryType::GeometryCollection;
    Ok(Read { geometry: (!empty).then_some(geometry), repairs })
}

fn simple(
    source: &fgb::Geometry,
    kind: GeometryType,
    repairs: &mut Vec<&'static str>,
) -> Result<Geometry, String> {
    let mut geometry = Geometry::empty(match kind {
        GeometryType::Point => GeometryKind::Point,
        GeometryType::LineString => GeometryKind::LineString,
        GeometryType::MultiPoint => GeometryKind::MultiPoint,
        GeometryType::MultiLineString => GeometryKind::MultiLineString,
        GeometryType::Polygon | GeometryType::Triangle => GeometryKind::Polygon,
        _ => GeometryKind::MultiPolygon,
    });
    match kind {
        GeometryType::Point | GeometryType::MultiPoint => {
            append(&mut geometry, source)?;
            if kind == GeometryType::Point && geometry.xy.len() > 1 {
                return Err(format!("a point of {} coordinates", geometry.xy.len()));
            }
            if geometry.xy.first().is_some_and(|at| at[0].is_nan() && at[1].is_nan()) {
                geometry.clear(geometry.kind);
            }
        }
        GeometryType::LineString | GeometryType::MultiLineString => {
            let ends = append(&mut geometry, source)?;
            if kind == GeometryType::LineString && ends.len() > 1 {
                return Err(format!("a line of {} parts", ends.len()));
            }
            geometry.ends = ends;
        }
        GeometryType::Polygon | GeometryType::Triangle => {
            polygon(&mut geometry, source, repairs)?;
        }
        // A TIN may hold its triangles as parts or as ends.
        GeometryType::TIN if source.parts().is_none_or(|parts| parts.is_empty()) => {
            let rings = append(&mut geometry, source)?;
            geometry.parts = (1..=rings.len() as u32).collect();
            geometry.ends = rings;
        }
        _ => {
            for part in source.parts().into_iter().flatten() {
                polygon(&mut geometry, &part, repairs)?;
            }
        }
    }
    if !geometry.is_well_formed() {
        return Err("heights or measures are not as many as coordinates".into());
    }
    Ok(geometry)
}

/// Appends a polygon with its rings, closed.
fn polygon(
    to: &mut Geometry,
    source: &fgb::Geometry,
    repairs: &mut Vec<&'static str>,
) -> Result<(), String> {
    let mut whole = Geometry::empty(GeometryKind::Polygon);
    let rings = append(&mut whole, source)?;
    let mut start = 0usize;
    for end in rings {
        let end = end as usize;
        let ring = whole.xy.get(start..end).unwrap_or_default();
        let value = |values: &[f64], i: usize| values.get(i).copied();
        let before = to.xy.len();
        to.xy.extend_from_slice(ring);
        to.z.extend_from_slice(whole.z.get(start..end).unwrap_or_default());
        to.m.extend_from_slice(whole.m.get(start..end).unwrap_or_default());
        if ring.first() != ring.last() {
            to.xy.extend(to.xy.get(before).copied());
            to.z.extend(value(&whole.z, start));
            to.m.extend(value(&whole.m, start));
            if !repairs.contains(&wkb_sink::CLOSED_RING) {
                repairs.push(wkb_sink::CLOSED_RING);
            }
        }
        to.end_line();
        start = end;
    }
    if start > 0 {
        to.end_polygon();
    }
    Ok(())
}

/// Appends the coordinates and returns the ends of lines or rings, which are checked; a single one may be
/// left out by the writer.
fn append(to: &mut Geometry, source: &fgb::Geometry) -> Result<Vec<u32>, String> {
    let Some(xy) = source.xy() else {
        return Ok(Vec::new());
    };
    let (numbers, _) = xy.bytes().as_chunks::<8>();
    let (pairs, rest) = numbers.as_chunks::<2>();
    if !rest.is_empty() {
        return Err("an odd number of coordinates".into());
    }
    to.xy.extend(pairs.iter().map(|[x, y]| [f64::from_le_bytes(*x), f64::from_le_bytes(*y)]));
    let column = |values: Option<&[u8]>| -> Result<Vec<f64>, String> {
        let (numbers, _) = values.unwrap_or_default().as_chunks::<8>();
        if numbers.is_empty() || numbers.len() == pairs.len() {
            return Ok(numbers.iter().map(|n| f64::from_le_bytes(*n)).collect());
        }
        Err(format!("{} heights or measures for {} coordinates", numbers.len(), pairs.len()))
    };
    to.z.extend(column(source.z().map(|z| z.bytes()))?);
    to.m.extend(column(source.m().map(|m| m.bytes()))?);
    let mut ends: Vec<u32> = source.ends().map(|ends| ends.iter().collect()).unwrap_or_default();
    if ends.is_empty() && !pairs.is_empty() {
        ends.push(pairs.len() as u32);
    }
    let covers = ends.last().map_or(0, |end| *end as usize) == pairs.len();
    if !ends.is_sorted() || !covers {
        return Err("lines or rings end outside of the coordinates".into());
    }
    ends.dedup();
    ends.retain(|end| *end > 0);
    Ok(ends)
}

/// Reads a geometry with arcs by way of WKB, whose reader makes them straight.
fn curve(geometry: &fgb::Geometry, kind: GeometryType) -> Result<Read, String> {
    let mut wkb = Vec::new();
    write_wkb(geometry, kind, &mut wkb)?;
    let read = wkb_sink::from_wkb(&wkb).map_err(|error| error.to_string())?;
    Ok(Read { geometry: Some(read.geometry).filter(|g| !g.is_empty()), repairs: read.repairs })
}

fn write_wkb(geometry: &fgb::Geometry, kind: GeometryType, to: &mut Vec<u8>) -> Result<(), String> {
    let mut flat = Geometry::empty(GeometryKind::LineString);
    let ends = append(&mut flat, geometry)?;
    let code = u32::from(kind.0)
        + if flat.z.is_empty() { 0 } else { 1000 }
        + if flat.m.is_empty() { 0 } else { 2000 };
    let parts: Vec<fgb::Geometry> = geometry.parts().into_iter().flatten().collect();
    // The dimensions of a geometry of parts are those of its parts.
    let code = match parts.first() {
        Some(part) => u32::from(kind.0) + dimensions(part),
        None => code,
    };
    to.push(1);
    to.extend(code.to_le_bytes());
    let coords = |to: &mut Vec<u8>, range: std::ops::Range<usize>| {
        to.extend((range.len() as u32).to_le_bytes());
        for i in range {
            let [x, y] = flat.xy.get(i).copied().unwrap_or_default();
            to.extend(x.to_le_bytes());
            to.extend(y.to_le_bytes());
            for value in [flat.z.get(i), flat.m.get(i)].into_iter().flatten() {
                to.extend(value.to_le_bytes());
            }
        }
    };
    match kind {
        GeometryType::LineString | GeometryType::CircularString => coords(to, 0..flat.xy.len()),
        GeometryType::Polygon if parts.is_empty() => {
            to.extend((ends.len() as u32).to_le_bytes());
            let mut start = 0;
            for end in ends {
                coords(to, start..end as usize);
                start = end as usize;
            }
        }
        GeometryType::CompoundCurve
        | GeometryType::CurvePolygon
        | GeometryType::MultiCurve
        | GeometryType::MultiSurface => {
            to.extend((parts.len() as u32).to_le_bytes());
            for part in &parts {
                write_wkb(part, part.type_(), to)?;
            }
        }
        other => return Err(format!("geometry of the kind {} is not read", other.0)),
    }
    Ok(())
}

/// Returns what WKB adds to a type for heights and measures.
fn dimensions(geometry: &fgb::Geometry) -> u32 {
    if let Some(part) = geometry.parts().and_then(|parts| parts.iter().next()) {
        return dimensions(&part);
    }
    let has = |values: Option<usize>| values.is_some_and(|n| n > 0);
    let z = has(geometry.z().map(|z| z.len()));
    let m = has(geometry.m().map(|m| m.len()));
    1000 * u32::from(z) + 2000 * u32::from(m)
}
