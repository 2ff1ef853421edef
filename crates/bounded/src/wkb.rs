//! Reads well-known binary: OGC, ISO (Z, M, ZM) and PostGIS's EWKB, curves and surfaces included.

use crate::arc::{self, Vertex};
use crate::{ByteReader, Error, GeometryInfo, GeometrySink, Result, Shape, limits};

/// Reads one geometry from `bytes` into `sink`.
///
/// Bytes after the geometry are ignored, as GDAL and PostGIS do. Arcs are made straight in segments of at
/// most 4 degrees.
///
/// # Errors
/// When the data is cut off, announces more than it holds, nests deeper than
/// [`limits::MAX_GEOMETRY_DEPTH`] or has more than [`limits::MAX_VERTICES`] vertices.
pub fn read_wkb<S: GeometrySink>(bytes: &[u8], sink: &mut S) -> Result<GeometryInfo> {
    let mut wkb = Wkb { bytes: ByteReader::new("WKB", bytes), sink, info: GeometryInfo::unread() };
    let header = wkb.header()?;
    wkb.info.srid = header.srid;
    wkb.info.shape = header.kind.shape();
    wkb.body(header, limits::MAX_GEOMETRY_DEPTH)?;
    Ok(wkb.info)
}

/// The smallest geometry: byte order, type, count.
const MIN_GEOMETRY: usize = 9;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Point,
    LineString,
    Polygon,
    MultiPoint,
    MultiLineString,
    MultiPolygon,
    Collection,
    CircularString,
    CompoundCurve,
    CurvePolygon,
    MultiCurve,
    MultiSurface,
    PolyhedralSurface,
    Tin,
    Triangle,
}

impl Kind {
    fn from_code(code: u32) -> Option<Self> {
        Some(match code {
            1 => Self::Point,
            2 => Self::LineString,
            3 => Self::Polygon,
            4 => Self::MultiPoint,
            5 => Self::MultiLineString,
            6 => Self::MultiPolygon,
            7 => Self::Collection,
            8 => Self::CircularString,
            9 => Self::CompoundCurve,
            10 => Self::CurvePolygon,
            11 => Self::MultiCurve,
            12 => Self::MultiSurface,
            15 => Self::PolyhedralSurface,
            16 => Self::Tin,
            17 => Self::Triangle,
            _ => return None,
        })
    }

    fn shape(self) -> Shape {
        match self {
            Self::Point => Shape::Point,
            Self::LineString | Self::CircularString | Self::CompoundCurve => Shape::LineString,
            Self::Polygon | Self::CurvePolygon | Self::Triangle => Shape::Polygon,
            Self::MultiPoint => Shape::MultiPoint,
            Self::MultiLineString | Self::MultiCurve => Shape::MultiLineString,
            Self::MultiPolygon | Self::MultiSurface | Self::PolyhedralSurface | Self::Tin => {
                Shape::MultiPolygon
            }
            Self::Collection => Shape::GeometryCollection,
        }
    }

    fn may_hold(self, part: Self) -> bool {
        match self.shape() {
            Shape::MultiPoint => part.shape() == Shape::Point,
            Shape::MultiLineString => part.shape() == Shape::LineString,
            Shape::MultiPolygon => part.shape() == Shape::Polygon,
            _ => true,
        }
    }
}

#[derive(Clone, Copy)]
struct Header {
    kind: Kind,
    little_endian: bool,
    z: bool,
    m: bool,
    srid: Option<i32>,
}

impl Header {
    fn stride(self) -> usize {
        16 + 8 * usize::from(self.z) + 8 * usize::from(self.m)
    }
}

struct Wkb<'a, 's, S> {
    bytes: ByteReader<'a>,
    sink: &'s mut S,
    info: GeometryInfo,
}

impl<S: GeometrySink> Wkb<'_, '_, S> {
    fn header(&mut self) -> Result<Header> {
        let offset = self.bytes.position() as u64;
        let little_endian = match self.bytes.u8()? {
            0 => false,
            1 => true,
            other => {
                let detail = format!("byte order {other}, expected 0 or 1");
                return Err(Error::malformed("WKB", offset, detail));
            }
        };
        let code = self.u32(little_endian)?;
        let plain = code & 0x0fff_ffff;
        let dimension = plain / 1000;
        let kind = Kind::from_code(plain % 1000).filter(|_| dimension <= 3);
        let Some(kind) = kind else {
            return Err(Error::malformed(
                "WKB",
                offset,
                format!("geometry type {code} is unknown"),
            ));
        };
        let z = code & 0x8000_0000 != 0 || dimension == 1 || dimension == 3;
        let m = code & 0x4000_0000 != 0 || dimension == 2 || dimension == 3;
        let srid =
            if code & 0x2000_0000 != 0 { Some(self.u32(little_endian)? as i32) } else { None };
        self.info.has_z |= z;
        self.info.has_m |= m;
        Ok(Header { kind, little_endian, z, m, srid })
    }

    fn body(&mut self, header: Header, depth: usize) -> Result<()> {
        let shape = header.kind.shape();
        match header.kind {
            Kind::Point => self.point(header)?,
            Kind::LineString => {
                let n = self.count(header, header.stride())?;
                self.sink.begin(shape, n);
                self.coords(header, n)?;
            }
            Kind::Polygon | Kind::Triangle => {
                let rings = self.count(header, 4)?;
                self.sink.begin(shape, rings);
                for _ in 0..rings {
                    let n = self.count(header, header.stride())?;
                    self.sink.ring(n);
                    self.coords(header, n)?;
                }
            }
            Kind::CircularString | Kind::CompoundCurve => {
                let mut points = Vec::new();
                self.curve(header, depth, &mut points)?;
                self.sink.begin(shape, points.len());
                self.emit(header, &points)?;
            }
            Kind::CurvePolygon => {
                let rings = self.count(header, MIN_GEOMETRY)?;
                self.sink.begin(shape, rings);
                for _ in 0..rings {
                    let ring = self.header()?;
                    let mut points = Vec::new();
                    self.curve(ring, deeper(depth)?, &mut points)?;
                    self.sink.ring(points.len());
                    self.emit(ring, &points)?;
                }
            }
            _ => {
                let parts = self.count(header, MIN_GEOMETRY)?;
                let depth = deeper(depth)?;
                self.sink.begin(shape, parts);
                for _ in 0..parts {
                    let offset = self.bytes.position() as u64;
                    let part = self.header()?;
                    if !header.kind.may_hold(part.kind) {
                        let detail = format!("a {:?} inside a {:?}", part.kind, header.kind);
                        return Err(Error::malformed("WKB", offset, detail));
                    }
                    self.body(part, depth)?;
                }
            }
        }
        self.sink.end(shape);
        Ok(())
    }

    fn point(&mut self, header: Header) -> Result<()> {
        let [x, y, z, m] = self.vertex(header)?;
        // An empty point is written as NaN NaN.
        let empty = x.is_nan() && y.is_nan();
        self.sink.begin(Shape::Point, usize::from(!empty));
        if !empty {
            self.info.count("WKB geometry", 1)?;
            self.sink.coord(x, y, header.z.then_some(z), header.m.then_some(m));
        }
        Ok(())
    }

    /// Passes `n` coordinates on; `n` is already checked against the bytes left.
    fn coords(&mut self, header: Header, n: usize) -> Result<()> {
        const BLOCK: usize = 128;
        self.info.count("WKB geometry", n)?;
        match (header.little_endian, header.z, header.m) {
            (true, false, false) => {
                let raw = self.bytes.take(n * 16)?;
                let mut block = [[0.0; 2]; BLOCK];
                for bytes in raw.chunks(16 * BLOCK) {
                    let filled = fill(&mut block, bytes);
                    self.sink.coords_xy(filled);
                }
            }
            (true, true, false) => {
                let raw = self.bytes.take(n * 24)?;
                let mut block = [[0.0; 3]; BLOCK];
                for bytes in raw.chunks(24 * BLOCK) {
                    let filled = fill(&mut block, bytes);
                    self.sink.coords_xyz(filled);
                }
            }
            _ => {
                for _ in 0..n {
                    let [x, y, z, m] = self.vertex(header)?;
                    self.sink.coord(x, y, header.z.then_some(z), header.m.then_some(m));
                }
            }
        }
        Ok(())
    }

    /// Collects a curve made straight.
    fn curve(&mut self, header: Header, depth: usize, out: &mut Vec<Vertex>) -> Result<()> {
        match header.kind {
            Kind::LineString => {
                let n = self.count(header, header.stride())?;
                out.reserve(n);
                for i in 0..n {
                    let vertex = self.vertex(header)?;
                    if i == 0 { arc::push_joined(out, vertex) } else { out.push(vertex) }
                }
            }
            Kind::CircularString => {
                let n = self.count(header, header.stride())?;
                let points = (0..n).map(|_| self.vertex(header)).collect::<Result<Vec<_>>>()?;
                arc::linearise(&points, out);
                self.info.linearised = true;
            }
            Kind::CompoundCurve => {
                let parts = self.count(header, MIN_GEOMETRY)?;
                let depth = deeper(depth)?;
                for _ in 0..parts {
                    let part = self.header()?;
                    self.curve(part, depth, out)?;
                }
            }
            other => {
                let offset = self.bytes.position() as u64;
                return Err(Error::malformed(
                    "WKB",
                    offset,
                    format!("a {other:?} where a curve is expected"),
                ));
            }
        }
        if out.len() > limits::MAX_VERTICES {
            let limit = limits::MAX_VERTICES as u64;
            return Err(Error::Limit { what: "WKB geometry", limit, unit: "vertices" });
        }
        Ok(())
    }

    fn emit(&mut self, header: Header, points: &[Vertex]) -> Result<()> {
        self.info.count("WKB geometry", points.len())?;
        for [x, y, z, m] in points {
            self.sink.coord(*x, *y, header.z.then_some(*z), header.m.then_some(*m));
        }
        Ok(())
    }

    fn vertex(&mut self, header: Header) -> Result<Vertex> {
        let x = self.f64(header.little_endian)?;
        let y = self.f64(header.little_endian)?;
        let z = if header.z { self.f64(header.little_endian)? } else { 0.0 };
        let m = if header.m { self.f64(header.little_endian)? } else { 0.0 };
        Ok([x, y, z, m])
    }

    fn count(&mut self, header: Header, min_item_size: usize) -> Result<usize> {
        let announced = self.u32(header.little_endian)?;
        self.bytes.counted(announced.into(), min_item_size)
    }

    fn u32(&mut self, little_endian: bool) -> Result<u32> {
        if little_endian { self.bytes.u32_le() } else { self.bytes.u32_be() }
    }

    fn f64(&mut self, little_endian: bool) -> Result<f64> {
        if little_endian { self.bytes.f64_le() } else { self.bytes.f64_be() }
    }
}

/// Decodes whole little-endian coordinates into `block` and returns the part that was filled.
#[inline]
fn fill<'b, const N: usize>(block: &'b mut [[f64; N]], bytes: &[u8]) -> &'b [[f64; N]] {
    let (numbers, _) = bytes.as_chunks::<8>();
    let coords = numbers.chunks_exact(N);
    let filled = coords.len().min(block.len());
    for (slot, coord) in block.iter_mut().zip(coords) {
        for (number, bytes) in slot.iter_mut().zip(coord) {
            *number = f64::from_le_bytes(*bytes);
        }
    }
    block.get(..filled).unwrap_or_default()
}

pub(crate) fn deeper(depth: usize) -> Result<usize> {
    depth.checked_sub(1).ok_or(Error::Limit {
        what: "nesting of geometries",
        limit: limits::MAX_GEOMETRY_DEPTH as u64,
        unit: "levels",
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::geometry::tests::{Count, Notes};

    fn le(kind: u32, body: &[&[u8]]) -> Vec<u8> {
        [&[1][..], &kind.to_le_bytes(), &body.concat()].concat()
    }

    fn n(count: u32) -> Vec<u8> {
        count.to_le_bytes().to_vec()
    }

    fn f(numbers: &[f64]) -> Vec<u8> {
        numbers.iter().flat_map(|v| v.to_le_bytes()).collect()
    }

    fn read(bytes: &[u8]) -> Result<(String, GeometryInfo)> {
        let mut notes = Notes::default();
        let info = read_wkb(bytes, &mut notes)?;
        Ok((notes.0, info))
    }

    #[test]
    fn the_38_bytes_that_abort_geozero_are_an_error_here() {
        // A polygon whose ring count fits and whose ring announces 2^32-1 points.
        let mut bytes = le(3, &[&n(1), &n(u32::MAX)]);
        bytes.resize(38, 0);
        let error = read(&bytes).unwrap_err();
        assert!(matches!(error, Error::Count { count: 4_294_967_295, .. }), "{error}");
        // And every other place where a count stands.
        for kind in [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 15, 16, 17] {
            let mut bytes = le(kind, &[&n(u32::MAX)]);
            bytes.resize(38, 0);
            assert!(read(&bytes).is_err(), "{kind}");
        }
    }

    #[test]
    fn polygons_with_holes_are_read_in_both_byte_orders() {
        let ring = f(&[0.0, 0.0, 4.0, 0.0, 4.0, 4.0, 0.0, 0.0]);
        let hole = f(&[1.0, 1.0, 2.0, 1.0, 2.0, 2.0, 1.0, 1.0]);
        let (text, info) = read(&le(3, &[&n(2), &n(4), &ring, &n(4), &hole])).unwrap();
        assert_eq!(text, "Polygon{[0 0,4 0,4 4,0 0][1 1,2 1,2 2,1 1]}");
        assert_eq!((info.shape, info.vertices, info.srid), (Shape::Polygon, 8, None));
        let big = [&[0, 0, 0, 0, 1][..], &1.5f64.to_be_bytes(), &2.5f64.to_be_bytes()].concat();
        assert_eq!(read(&big).unwrap().0, "Point{1.5 2.5}");
    }

    #[test]
    fn heights_and_measures_are_read_in_the_iso_and_the_postgis_form() {
        let line = f(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]);
        assert_eq!(read(&le(3002, &[&n(2), &line])).unwrap().0, "LineString{1 2 z3 m4,5 6 z7 m8}");
        assert_eq!(
            read(&le(0xC000_0002, &[&n(2), &line])).unwrap().0,
            "LineString{1 2 z3 m4,5 6 z7 m8}"
        );
        assert_eq!(read(&le(2001, &[&f(&[1.0, 2.0, 3.0])])).unwrap().0, "Point{1 2 m3}");
        let (text, info) = read(&le(0xA000_0001, &[&n(4490), &f(&[1.0, 2.0, 3.0])])).unwrap();
        assert_eq!(text, "Point{1 2 z3}");
        assert_eq!(info.srid, Some(4490));
        assert!(info.has_z && !info.has_m);
        let long = f(&(0..900).map(f64::from).collect::<Vec<_>>());
        assert_eq!(read(&le(1002, &[&n(300), &long])).unwrap().0.matches(',').count(), 299);
    }

    #[test]
    fn collections_nest_and_empty_geometries_stay_empty() {
        let point = le(1, &[&f(&[1.0, 2.0])]);
        let empty_point = le(1, &[&f(&[f64::NAN, f64::NAN])]);
        let line = le(2, &[&n(0)]);
        let inner = le(7, &[&n(2), &point, &line]);
        let (text, _) = read(&le(7, &[&n(2), &inner, &empty_point])).unwrap();
        assert_eq!(text, "GeometryCollection{GeometryCollection{Point{1 2}LineString{}}Point{}}");
        assert_eq!(read(&le(4, &[&n(1), &point])).unwrap().0, "MultiPoint{Point{1 2}}");
        assert!(read(&le(6, &[&n(1), &point])).is_err());
    }

    #[test]
    fn nesting_beyond_the_limit_is_refused() {
        let nest = |levels| {
            let mut bytes = le(1, &[&f(&[1.0, 2.0])]);
            for _ in 0..levels {
                bytes = le(7, &[&n(1), &bytes]);
            }
            bytes
        };
        assert!(read(&nest(limits::MAX_GEOMETRY_DEPTH)).is_ok());
        let error = read(&nest(limits::MAX_GEOMETRY_DEPTH + 1)).unwrap_err();
        assert!(matches!(error, Error::Limit { .. }), "{error}");
        // 100,000 levels end early instead of using up the stack.
        let mut deep = Vec::new();
        for _ in 0..100_000 {
            deep.extend(le(7, &[&n(1)]));
        }
        assert!(read(&deep).is_err());
    }

    #[test]
    fn curves_become_straight_and_surfaces_become_polygons() {
        let arc = le(8, &[&n(3), &f(&[-1.0, 0.0, 0.0, 1.0, 1.0, 0.0])]);
        let back = le(2, &[&n(2), &f(&[1.0, 0.0, -1.0, 0.0])]);
        let compound = le(9, &[&n(2), &arc, &back]);
        let (text, info) = read(&compound).unwrap();
        assert!(text.starts_with("LineString{-1 0,") && text.ends_with(",1 0,-1 0}"), "{text}");
        assert!(info.linearised);
        assert_eq!(info.vertices, 48);
        let (text, info) = read(&le(10, &[&n(1), &compound])).unwrap();
        assert!(text.starts_with("Polygon{[-1 0,"), "{text}");
        assert_eq!(info.shape, Shape::Polygon);
        assert!(
            read(&le(11, &[&n(2), &arc, &back]))
                .unwrap()
                .0
                .starts_with("MultiLineString{LineString{")
        );
        let triangle = le(17, &[&n(1), &n(4), &f(&[0.0, 0.0, 1.0, 0.0, 1.0, 1.0, 0.0, 0.0])]);
        let (text, _) = read(&le(16, &[&n(1), &triangle])).unwrap();
        assert_eq!(text, "MultiPolygon{Polygon{[0 0,1 0,1 1,0 0]}}");
    }

    #[test]
    fn every_truncation_is_an_error() {
        let ring = f(&[0.0, 0.0, 4.0, 0.0, 4.0, 4.0, 0.0, 0.0]);
        let whole = le(6, &[&n(1), &le(3, &[&n(1), &n(4), &ring])]);
        assert!(read(&whole).is_ok());
        for end in 0..whole.len() {
            assert!(read(&whole[..end]).is_err(), "{end}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]
        #[test]
        fn arbitrary_bytes_never_panic_nor_make_more_than_they_can_hold(
            order in 0u8..2, kind in 0u32..18, flags in 0u32..8, rest: Vec<u8>,
        ) {
            let code = kind | flags << 29;
            let code = if order == 1 { code.to_le_bytes() } else { code.to_be_bytes() };
            let bytes = [&[order][..], &code, &rest].concat();
            let mut count = Count::default();
            let _ = read_wkb(&bytes, &mut count);
            // An arc makes at most 90 vertices from one coordinate.
            prop_assert!(count.0 <= bytes.len() * 90 / 16 + 1);
        }
    }
}
