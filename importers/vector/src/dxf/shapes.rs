//! The shapes of single entities (DXF Reference, "ENTITIES Section").

use onemap_model::{Geometry, GeometryKind};

use super::affine::{Affine, Point};
use super::curves::{Spline, arc, bulge, ellipse, minor_axis};
use super::hatch;
use super::raw::Raw;
use super::text::{Decoder, plain, plain_mtext};
use crate::limits::MAX_DXF_VERTICES;

/// What an entity looks like, in the coordinates of its drawing or block.
#[derive(Debug, Default)]
pub(super) struct Shape {
    /// Heights are always there.
    pub(super) geometry: Geometry,
    pub(super) text: Option<Text>,
    /// A line that ends where it begins.
    pub(super) is_closed: bool,
    pub(super) repairs: Vec<&'static str>,
}

/// A text, at its point.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Text {
    pub(super) content: String,
    /// Height of the letters, drawing units.
    pub(super) height: f64,
    /// Degrees, counter-clockwise from east.
    pub(super) rotation: f64,
}

/// What can be made of an entity.
#[derive(Debug)]
pub(super) enum Made {
    Shape(Shape),
    /// Nothing, and why.
    Wrong(String),
    /// It is of a kind that is not read.
    Unknown,
}

/// Makes the shape of a simple entity.
pub(super) fn make(raw: &Raw, decoder: &Decoder) -> Made {
    if let Some(wrong) = &raw.wrong {
        return Made::Wrong(wrong.clone());
    }
    let ocs = Affine::extrusion(raw.normal());
    let made = match raw.kind.as_str() {
        "LINE" => both(raw.point(10), raw.point(11)).map(|(a, b)| line(vec![a, b])),
        "POINT" => raw.point(10).map(point),
        "LWPOLYLINE" => lightweight_polyline(raw).map(|shape| moved(shape, &ocs)),
        "POLYLINE" => return polyline(raw, &ocs),
        "CIRCLE" => {
            radius(raw).map(|(centre, radius)| moved(line(arc(centre, radius, 0.0, 360.0)), &ocs))
        }
        "ARC" => radius(raw).map(|(centre, radius)| {
            let (begin, end) = (raw.real(50).unwrap_or(0.0), raw.real(51).unwrap_or(360.0));
            moved(line(arc(centre, radius, begin, end)), &ocs)
        }),
        "ELLIPSE" => both(raw.point(10), raw.point(11)).map(|(centre, major)| {
            let minor = minor_axis(major, raw.real(40).unwrap_or(1.0), raw.normal());
            let (begin, end) =
                (raw.real(41).unwrap_or(0.0), raw.real(42).unwrap_or(std::f64::consts::TAU));
            line(ellipse(centre, major, minor, begin, end))
        }),
        "SPLINE" => spline(raw),
        "LEADER" => some_line(raw.points(10)),
        "MLINE" => some_line(raw.points(11)).map(|mut shape| {
            shape.repairs.push("a multi-line became its middle line");
            shape
        }),
        "TEXT" | "ATTDEF" | "ATTRIB" => text(raw, decoder).map(|shape| moved(shape, &ocs)),
        "MTEXT" => mtext(raw, decoder),
        "SOLID" | "TRACE" => corners(raw, [10, 11, 13, 12]).map(|shape| moved(shape, &ocs)),
        "3DFACE" => corners(raw, [10, 11, 12, 13]),
        "HATCH" | "MPOLYGON" => {
            return match hatch::polygons(raw) {
                Ok((geometry, repairs)) => {
                    let shape = Shape { geometry, repairs, ..Shape::default() };
                    Made::Shape(moved(shape, &ocs))
                }
                Err(reason) => Made::Wrong(reason),
            };
        }
        "IMAGE" => image(raw),
        _ => return Made::Unknown,
    };
    match made {
        Some(shape) if shape.geometry.xy.len() > MAX_DXF_VERTICES => {
            Made::Wrong(format!("it has more than {MAX_DXF_VERTICES} vertices; split it"))
        }
        Some(shape) if shape.geometry.is_empty() => Made::Wrong("it has no vertices".to_owned()),
        Some(shape) => Made::Shape(shape),
        None => Made::Wrong("its coordinates are missing or do not fit together".to_owned()),
    }
}

/// Moves a shape.
pub(super) fn moved(mut shape: Shape, map: &Affine) -> Shape {
    if *map == Affine::IDENTITY {
        return shape;
    }
    move_geometry(&mut shape.geometry, map);
    if let Some(text) = &mut shape.text {
        let (turn, scale) = map.turn_and_scale();
        text.rotation += turn;
        text.height *= scale;
    }
    shape
}

fn move_geometry(geometry: &mut Geometry, map: &Affine) {
    for (xy, z) in geometry.xy.iter_mut().zip(&mut geometry.z) {
        let [x, y, height] = map.apply([xy[0], xy[1], *z]);
        *xy = [x, y];
        *z = height;
    }
}

fn both(a: Option<Point>, b: Option<Point>) -> Option<(Point, Point)> {
    a.zip(b)
}

fn radius(raw: &Raw) -> Option<(Point, f64)> {
    raw.point(10).zip(raw.real(40)).filter(|(_, radius)| *radius > 0.0)
}

fn point(at: Point) -> Shape {
    let mut geometry = Geometry::empty(GeometryKind::Point);
    geometry.push_z(at);
    Shape { geometry, ..Shape::default() }
}

fn line(points: Vec<Point>) -> Shape {
    let is_closed = points.len() > 3 && points.first() == points.last();
    let mut geometry = Geometry::empty(GeometryKind::LineString);
    for point in points {
        geometry.push_z(point);
    }
    geometry.end_line();
    Shape { geometry, is_closed, ..Shape::default() }
}

fn some_line(points: Vec<Point>) -> Option<Shape> {
    (points.len() >= 2).then(|| line(points))
}

/// Makes a polygon of corners; two equal ones are one.
fn polygon(mut corners: Vec<Point>) -> Option<Shape> {
    corners.dedup();
    if corners.len() > 1 && corners.first() == corners.last() {
        corners.pop();
    }
    if corners.len() < 3 {
        return None;
    }
    corners.push(*corners.first()?);
    let mut geometry = Geometry::empty(GeometryKind::Polygon);
    for corner in corners {
        geometry.push_z(corner);
    }
    geometry.end_line();
    geometry.end_polygon();
    Some(Shape { geometry, ..Shape::default() })
}

fn corners(raw: &Raw, codes: [i16; 4]) -> Option<Shape> {
    let corners: Vec<Point> = codes.iter().filter_map(|code| raw.point(*code)).collect();
    polygon(corners.clone()).or_else(|| {
        // Flat to a line or a point.
        let mut ends = corners;
        ends.dedup();
        if ends.len() >= 2 { Some(line(ends)) } else { ends.first().copied().map(point) }
    })
}

/// Joins vertices with their bulges.
fn bulged(vertices: &[(Point, f64)], is_closed: bool) -> Shape {
    let mut points = Vec::with_capacity(vertices.len() + 1);
    let Some((first, _)) = vertices.first() else { return Shape::default() };
    points.push(*first);
    for (from, to) in vertices.iter().zip(vertices.iter().skip(1)) {
        bulge(from.0, to.0, from.1, &mut points);
    }
    if is_closed
        && let Some((last, last_bulge)) = vertices.last()
        && (last != first || *last_bulge != 0.0)
    {
        bulge(*last, *first, *last_bulge, &mut points);
    }
    if points.len() == 1 { point(*first) } else { line(points) }
}

fn lightweight_polyline(raw: &Raw) -> Option<Shape> {
    let elevation = raw.real(38).unwrap_or_default();
    let mut vertices: Vec<(Point, f64)> = Vec::new();
    for pair in &raw.pairs {
        let Some(value) = pair.value.real() else { continue };
        match (pair.code, vertices.last_mut()) {
            (10, _) => vertices.push(([value, 0.0, elevation], 0.0)),
            (20, Some(([_, y, _], _))) => *y = value,
            (42, Some((_, bulge))) => *bulge = value,
            _ => {}
        }
    }
    (!vertices.is_empty()).then(|| bulged(&vertices, raw.flags(70) & 1 != 0))
}

/// Makes a two- or three-dimensional polyline, a mesh or a polyface mesh.
fn polyline(raw: &Raw, ocs: &Affine) -> Made {
    let flags = raw.flags(70);
    let missing = || Made::Wrong("its vertices are missing or do not fit together".to_owned());
    if flags & 64 != 0 {
        return polyface(raw).map_or_else(missing, Made::Shape);
    }
    let is_flat = flags & (8 | 16) == 0;
    let elevation = raw.real(30).unwrap_or_default();
    let mut vertices = Vec::with_capacity(raw.children.len());
    for vertex in &raw.children {
        // The frame of a spline fit is not drawn.
        if vertex.flags(70) & 16 != 0 {
            continue;
        }
        let Some(mut at) = vertex.point(10) else { return missing() };
        if is_flat {
            at[2] = elevation;
        }
        vertices.push((at, if is_flat { vertex.real(42).unwrap_or_default() } else { 0.0 }));
    }
    let shape = if flags & 16 != 0 {
        mesh(raw, &vertices)
    } else {
        (!vertices.is_empty()).then(|| bulged(&vertices, flags & 1 != 0))
    };
    match shape {
        Some(shape) if shape.geometry.xy.len() > MAX_DXF_VERTICES => {
            Made::Wrong(format!("it has more than {MAX_DXF_VERTICES} vertices; split it"))
        }
        Some(shape) if is_flat => Made::Shape(moved(shape, ocs)),
        Some(shape) => Made::Shape(shape),
        None => missing(),
    }
}

/// Makes the faces of a mesh of `m` by `n` vertices.
fn mesh(raw: &Raw, vertices: &[(Point, f64)]) -> Option<Shape> {
    // A smoothed mesh has its own density.
    let count = |plain, smooth| {
        raw.int(smooth).filter(|n| *n > 0 && raw.int(75).unwrap_or(0) != 0).or(raw.int(plain))
    };
    let (m, n) = (usize::try_from(count(71, 73)?).ok()?, usize::try_from(count(72, 74)?).ok()?);
    if m < 2 || n < 2 || m.checked_mul(n)? > vertices.len() {
        return None;
    }
    let flags = raw.flags(70);
    let (rows, columns) = (m - usize::from(flags & 1 == 0), n - usize::from(flags & 32 == 0));
    let at = |i: usize, j: usize| vertices.get((i % m) * n + j % n).map(|(at, _)| *at);
    let mut faces = Vec::new();
    for i in 0..rows {
        for j in 0..columns {
            let corners = vec![at(i, j)?, at(i + 1, j)?, at(i + 1, j + 1)?, at(i, j + 1)?];
            faces.extend(polygon(corners));
        }
    }
    joined(faces)
}

fn polyface(raw: &Raw) -> Option<Shape> {
    let is_face = |vertex: &&Raw| vertex.flags(70) & (64 | 128) == 128;
    let corners: Vec<Point> =
        raw.children.iter().filter(|v| !is_face(v)).map(|v| v.point(10)).collect::<Option<_>>()?;
    let mut faces = Vec::new();
    for face in raw.children.iter().filter(is_face) {
        let ring: Vec<Point> = (71..=74)
            .filter_map(|code| face.int(code).filter(|index| *index != 0))
            // Negative: the edge that begins there is not drawn.
            .map(|index| {
                corners.get(usize::try_from(index.unsigned_abs()).ok()?.checked_sub(1)?).copied()
            })
            .collect::<Option<_>>()?;
        faces.extend(polygon(ring));
    }
    joined(faces)
}

fn joined(faces: Vec<Shape>) -> Option<Shape> {
    let mut geometry =
        crate::gather::gather(faces.into_iter().map(|face| face.geometry).collect())?;
    if geometry.kind == GeometryKind::Polygon {
        geometry.kind = GeometryKind::MultiPolygon;
    }
    Some(Shape { geometry, ..Shape::default() })
}

fn spline(raw: &Raw) -> Option<Shape> {
    let spline = Spline {
        degree: usize::try_from(raw.int(71)?).ok()?,
        knots: raw.reals(40),
        controls: raw.points(10),
        weights: raw.reals(41),
    };
    if let Some(points) = spline.points() {
        return Some(line(points));
    }
    let fit = raw.points(11);
    let through = if fit.len() >= 2 { fit } else { spline.controls };
    some_line(through).map(|mut shape| {
        shape.repairs.push("a spline without usable knots became straight lines");
        shape
    })
}

fn text(raw: &Raw, decoder: &Decoder) -> Option<Shape> {
    let is_aligned = raw.flags(72) != 0 || raw.flags(73) != 0;
    let at = raw.point(11).filter(|_| is_aligned).or_else(|| raw.point(10))?;
    // The text of a definition is its name.
    let code = if raw.kind == "ATTDEF" { 2 } else { 1 };
    let text = Text {
        content: plain(&decoder.text(raw.text(code))),
        height: raw.real(40).unwrap_or_default(),
        rotation: raw.real(50).unwrap_or_default(),
    };
    Some(Shape { text: Some(text), ..point(at) })
}

fn mtext(raw: &Raw, decoder: &Decoder) -> Option<Shape> {
    let at = raw.point(10)?;
    let mut bytes = Vec::new();
    for pair in raw.pairs.iter().filter(|pair| matches!(pair.code, 1 | 3)) {
        bytes.extend_from_slice(pair.value.text());
    }
    let rotation = match raw.point(11) {
        Some([x, y, _]) if x != 0.0 || y != 0.0 => libm::atan2(y, x).to_degrees(),
        _ => raw.real(50).unwrap_or_default(),
    };
    let text = Text {
        content: plain_mtext(&decoder.text(&bytes)),
        height: raw.real(40).unwrap_or_default(),
        rotation,
    };
    Some(Shape { text: Some(text), ..point(at) })
}

/// Makes the frame of a picture.
fn image(raw: &Raw) -> Option<Shape> {
    let (origin, u, v, size) = (raw.point(10)?, raw.point(11)?, raw.point(12)?, raw.point(13)?);
    let corner = |a: f64, b: f64| {
        std::array::from_fn(|i| {
            let axis = |p: Point| p.get(i).copied().unwrap_or_default();
            axis(origin) + axis(u) * a + axis(v) * b
        })
    };
    polygon(vec![
        corner(0.0, 0.0),
        corner(size[0], 0.0),
        corner(size[0], size[1]),
        corner(0.0, size[1]),
    ])
    .map(|mut shape| {
        shape.repairs.push("a picture became its frame");
        shape
    })
}
