//! Reads well-known text, with `SRID=...;` before it (EWKT), Z, M, ZM, EMPTY, curves and surfaces.

use crate::arc::{self, Vertex};
use crate::wkb::deeper;
use crate::{Error, GeometryInfo, GeometrySink, Result, Shape, limits};

/// Reads one geometry from `text` into `sink`.
///
/// The third number of a coordinate is its height unless the geometry is tagged `M`. Hints are always 0.
///
/// # Errors
/// When the text is not WKT, nests deeper than [`limits::MAX_GEOMETRY_DEPTH`] or has more than
/// [`limits::MAX_VERTICES`] vertices.
pub fn read_wkt<S: GeometrySink>(text: &str, sink: &mut S) -> Result<GeometryInfo> {
    let mut wkt = Wkt { text, at: 0, sink, info: GeometryInfo::unread() };
    wkt.srid()?;
    let tag = wkt.tag()?;
    wkt.info.shape = tag.shape;
    wkt.geometry(tag, limits::MAX_GEOMETRY_DEPTH)?;
    wkt.spaces();
    wkt.skip(b';');
    wkt.spaces();
    if wkt.at < text.len() {
        return Err(wkt.wrong("text after the geometry"));
    }
    Ok(wkt.info)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Curve {
    Straight,
    Circular,
    Compound,
}

/// A geometry's name and what it means for the parser.
#[derive(Clone, Copy)]
struct Tag {
    shape: Shape,
    curve: Curve,
    /// Rings of a curve polygon may be named curves.
    curved_rings: bool,
    measured: bool,
}

struct Wkt<'a, 's, S> {
    text: &'a str,
    at: usize,
    sink: &'s mut S,
    info: GeometryInfo,
}

impl<'a, S: GeometrySink> Wkt<'a, '_, S> {
    fn srid(&mut self) -> Result<()> {
        self.spaces();
        let rest = self.rest();
        if !rest.get(..5).is_some_and(|start| start.eq_ignore_ascii_case("SRID=")) {
            return Ok(());
        }
        let number = rest.get(5..).and_then(|rest| rest.split_once(';'));
        let srid = number.and_then(|(number, _)| Some((number.len(), number.trim().parse().ok()?)));
        let Some((length, srid)) = srid else {
            return Err(self.wrong("SRID= without a number and a semicolon"));
        };
        self.info.srid = Some(srid);
        self.at += 5 + length + 1;
        Ok(())
    }

    fn tag(&mut self) -> Result<Tag> {
        let start = self.at;
        let Some(word) = self.word() else {
            return Err(self.wrong("expected the name of a geometry, such as POINT or POLYGON"));
        };
        let upper = word.to_ascii_uppercase();
        // "POINTZ" is written as well as "POINT Z".
        let glued =
            ["ZM", "Z", "M"].into_iter().find_map(|tag| Some((upper.strip_suffix(tag)?, tag)));
        let (tag, dimension) = match (named(&upper), glued) {
            (Some(tag), _) => (Some(tag), None),
            (None, Some((name, dimension))) => (named(name), Some(dimension)),
            (None, None) => (None, None),
        };
        let Some(mut tag) = tag else {
            self.at = start;
            return Err(self.wrong("unknown kind of geometry"));
        };
        let mut measured = dimension == Some("M");
        if dimension.is_none() {
            let before = self.at;
            match self.word() {
                Some(word) if word.eq_ignore_ascii_case("M") => measured = true,
                Some(word) if word.eq_ignore_ascii_case("Z") || word.eq_ignore_ascii_case("ZM") => {
                }
                _ => self.at = before,
            }
        }
        tag.measured = measured;
        Ok(tag)
    }

    fn geometry(&mut self, tag: Tag, depth: usize) -> Result<()> {
        if tag.shape == Shape::LineString && tag.curve != Curve::Straight {
            let mut points = Vec::new();
            self.curve(tag, depth, &mut points)?;
            self.sink.begin(tag.shape, points.len());
            self.emit(&points)?;
        } else {
            self.sink.begin(tag.shape, 0);
            if !self.empty() {
                self.open()?;
                self.body(tag, depth)?;
            }
        }
        self.sink.end(tag.shape);
        Ok(())
    }

    /// Reads what stands after the opening parenthesis, and the closing one.
    fn body(&mut self, tag: Tag, depth: usize) -> Result<()> {
        match tag.shape {
            Shape::Point => {
                self.coord(tag)?;
                self.close()
            }
            Shape::LineString => self.coords(tag),
            Shape::Polygon => self.rings(tag, depth),
            Shape::GeometryCollection => {
                let depth = deeper(depth)?;
                self.list(|wkt| {
                    let part = wkt.tag()?;
                    wkt.geometry(part, depth)
                })
            }
            Shape::MultiPoint => {
                let part = Tag { shape: Shape::Point, ..tag };
                self.list(|wkt| {
                    if wkt.peek() == Some(b'(') || wkt.at_word() {
                        return wkt.geometry(part, depth);
                    }
                    wkt.sink.begin(Shape::Point, 1);
                    wkt.coord(part)?;
                    wkt.sink.end(Shape::Point);
                    Ok(())
                })
            }
            Shape::MultiLineString => self.parts(Tag { shape: Shape::LineString, ..tag }, depth),
            Shape::MultiPolygon => self.parts(Tag { shape: Shape::Polygon, ..tag }, depth),
        }
    }

    /// Reads parts that may be named (`MULTICURVE((0 0,1 1),CIRCULARSTRING(...))`) or not.
    fn parts(&mut self, plain: Tag, depth: usize) -> Result<()> {
        let depth = deeper(depth)?;
        self.list(|wkt| {
            let named = wkt.at_word() && !wkt.at_empty();
            let part = if named { wkt.tag()? } else { plain };
            if part.shape != plain.shape {
                return Err(wkt.wrong("a part of another kind than its geometry allows"));
            }
            wkt.geometry(part, depth)
        })
    }

    fn rings(&mut self, tag: Tag, depth: usize) -> Result<()> {
        let depth = deeper(depth)?;
        self.list(|wkt| {
            if tag.curved_rings && wkt.at_word() && !wkt.at_empty() {
                let ring = wkt.tag()?;
                let mut points = Vec::new();
                wkt.curve(ring, depth, &mut points)?;
                wkt.sink.ring(points.len());
                return wkt.emit(&points);
            }
            wkt.sink.ring(0);
            if wkt.empty() {
                return Ok(());
            }
            wkt.open()?;
            wkt.coords(tag)
        })
    }

    /// Collects a curve, whose tag is read, made straight.
    fn curve(&mut self, tag: Tag, depth: usize, out: &mut Vec<Vertex>) -> Result<()> {
        if tag.shape != Shape::LineString {
            return Err(self.wrong("expected a curve"));
        }
        if self.empty() {
            return Ok(());
        }
        self.open()?;
        if tag.curve == Curve::Compound {
            let depth = deeper(depth)?;
            return self.list(|wkt| {
                let straight = Tag { curve: Curve::Straight, ..tag };
                let part = if wkt.at_word() && !wkt.at_empty() { wkt.tag()? } else { straight };
                wkt.curve(part, depth, out)
            });
        }
        let mut points = Vec::new();
        self.list(|wkt| {
            let (vertex, numbers) = wkt.numbers()?;
            wkt.info.count("WKT geometry", 1)?;
            wkt.note_dimension(tag, numbers);
            // Within a curve the third number stands in the place of z or m as its tag says.
            points.push(if tag.measured && numbers == 3 {
                [vertex[0], vertex[1], f64::NAN, vertex[2]]
            } else {
                [vertex[0], vertex[1], mark(vertex[2], numbers > 2), mark(vertex[3], numbers > 3)]
            });
            Ok(())
        })?;
        if tag.curve == Curve::Circular {
            self.info.linearised = true;
            arc::linearise(&points, out);
        } else {
            for vertex in points {
                arc::push_joined(out, vertex);
            }
        }
        Ok(())
    }

    /// Passes collected vertices on; NaN stands for an absent height or measure.
    fn emit(&mut self, points: &[Vertex]) -> Result<()> {
        self.info.count("WKT geometry", points.len())?;
        for [x, y, z, m] in points {
            let present = |v: f64| (!v.is_nan()).then_some(v);
            self.sink.coord(*x, *y, present(*z), present(*m));
        }
        Ok(())
    }

    fn coords(&mut self, tag: Tag) -> Result<()> {
        self.list(|wkt| wkt.coord(tag))
    }

    fn coord(&mut self, tag: Tag) -> Result<()> {
        let ([x, y, third, fourth], numbers) = self.numbers()?;
        self.info.count("WKT geometry", 1)?;
        self.note_dimension(tag, numbers);
        match (numbers, tag.measured) {
            (2, _) => self.sink.coord(x, y, None, None),
            (3, true) => self.sink.coord(x, y, None, Some(third)),
            (3, false) => self.sink.coord(x, y, Some(third), None),
            _ => self.sink.coord(x, y, Some(third), Some(fourth)),
        }
        Ok(())
    }

    fn note_dimension(&mut self, tag: Tag, numbers: usize) {
        self.info.has_z |= numbers == 4 || (numbers == 3 && !tag.measured);
        self.info.has_m |= numbers == 4 || (numbers == 3 && tag.measured);
    }

    /// Reads the 2 to 4 numbers of a coordinate.
    fn numbers(&mut self) -> Result<(Vertex, usize)> {
        let mut vertex = [0.0; 4];
        let mut count = 0;
        for slot in &mut vertex {
            self.spaces();
            let is_number = |c: &u8| c.is_ascii_alphanumeric() || matches!(c, b'+' | b'-' | b'.');
            let length = self.rest().bytes().take_while(|c| is_number(c)).count();
            if length == 0 {
                break;
            }
            let word = self.rest().get(..length).unwrap_or_default();
            match word.parse::<f64>() {
                Ok(number) if number.is_finite() => *slot = number,
                _ => return Err(self.wrong("expected a number")),
            }
            self.at += length;
            count += 1;
        }
        if count < 2 {
            return Err(self.wrong("a coordinate needs two to four numbers"));
        }
        Ok((vertex, count))
    }

    /// Reads items separated by commas up to the closing parenthesis.
    fn list(&mut self, mut item: impl FnMut(&mut Self) -> Result<()>) -> Result<()> {
        loop {
            self.spaces();
            item(self)?;
            self.spaces();
            if !self.skip(b',') {
                return self.close();
            }
        }
    }

    fn open(&mut self) -> Result<()> {
        self.spaces();
        if self.skip(b'(') { Ok(()) } else { Err(self.wrong("expected \"(\" or EMPTY")) }
    }

    fn close(&mut self) -> Result<()> {
        self.spaces();
        if self.skip(b')') { Ok(()) } else { Err(self.wrong("expected \",\" or \")\"")) }
    }

    fn empty(&mut self) -> bool {
        let is_empty = self.at_empty();
        if is_empty {
            self.word();
        }
        is_empty
    }

    fn at_empty(&mut self) -> bool {
        self.spaces();
        let rest = self.rest();
        rest.get(..5).is_some_and(|word| word.eq_ignore_ascii_case("EMPTY"))
            && !rest.as_bytes().get(5).is_some_and(u8::is_ascii_alphabetic)
    }

    fn at_word(&mut self) -> bool {
        self.peek().is_some_and(|c| c.is_ascii_alphabetic())
    }

    fn word(&mut self) -> Option<&'a str> {
        self.spaces();
        let length = self.rest().bytes().take_while(u8::is_ascii_alphabetic).count();
        let word = self.rest().get(..length).filter(|word| !word.is_empty())?;
        self.at += length;
        Some(word)
    }

    fn peek(&mut self) -> Option<u8> {
        self.spaces();
        self.rest().bytes().next()
    }

    fn skip(&mut self, byte: u8) -> bool {
        let found = self.rest().as_bytes().first() == Some(&byte);
        self.at += usize::from(found);
        found
    }

    fn spaces(&mut self) {
        self.at += self.rest().bytes().take_while(u8::is_ascii_whitespace).count();
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn wrong(&self, detail: &str) -> Error {
        let near: String = self.rest().chars().take(20).collect();
        let detail = if near.is_empty() {
            format!("{detail}, but the text ends")
        } else {
            format!("{detail}, near {near:?}")
        };
        Error::malformed("WKT", self.at as u64, detail)
    }
}

fn mark(value: f64, present: bool) -> f64 {
    if present { value } else { f64::NAN }
}

fn named(upper: &str) -> Option<Tag> {
    let (shape, curve, curved_rings) = match upper {
        "POINT" => (Shape::Point, Curve::Straight, false),
        "LINESTRING" | "LINEARRING" => (Shape::LineString, Curve::Straight, false),
        "CIRCULARSTRING" => (Shape::LineString, Curve::Circular, false),
        "COMPOUNDCURVE" => (Shape::LineString, Curve::Compound, false),
        "POLYGON" | "TRIANGLE" => (Shape::Polygon, Curve::Straight, false),
        "CURVEPOLYGON" => (Shape::Polygon, Curve::Straight, true),
        "MULTIPOINT" => (Shape::MultiPoint, Curve::Straight, false),
        "MULTILINESTRING" | "MULTICURVE" => (Shape::MultiLineString, Curve::Straight, false),
        "MULTIPOLYGON" | "MULTISURFACE" | "POLYHEDRALSURFACE" | "TIN" => {
            (Shape::MultiPolygon, Curve::Straight, false)
        }
        "GEOMETRYCOLLECTION" => (Shape::GeometryCollection, Curve::Straight, false),
        _ => return None,
    };
    Some(Tag { shape, curve, curved_rings, measured: false })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::geometry::tests::{Count, Notes};

    fn read(text: &str) -> Result<(String, GeometryInfo)> {
        let mut notes = Notes::default();
        let info = read_wkt(text, &mut notes)?;
        Ok((notes.0, info))
    }

    #[test]
    fn every_kind_of_geometry_is_read() {
        for (text, expected) in [
            ("POINT(1 2)", "Point{1 2}"),
            ("  point z ( 1e1 -2.5 +3 ) ", "Point{10 -2.5 z3}"),
            ("POINTM(1 2 3)", "Point{1 2 m3}"),
            ("POINT ZM (1 2 3 4)", "Point{1 2 z3 m4}"),
            ("POINT EMPTY", "Point{}"),
            ("LINESTRING(0 0, 1 1)", "LineString{0 0,1 1}"),
            (
                "POLYGON((0 0,1 0,1 1,0 0),(2 2,3 2,3 3,2 2))",
                "Polygon{[0 0,1 0,1 1,0 0][2 2,3 2,3 3,2 2]}",
            ),
            ("POLYGON EMPTY", "Polygon{}"),
            ("MULTIPOINT(1 2,3 4)", "MultiPoint{Point{1 2}Point{3 4}}"),
            ("MULTIPOINT((1 2),EMPTY,(3 4))", "MultiPoint{Point{1 2}Point{}Point{3 4}}"),
            (
                "MULTILINESTRING((0 0,1 1),EMPTY)",
                "MultiLineString{LineString{0 0,1 1}LineString{}}",
            ),
            ("MULTIPOLYGON(((0 0,1 0,1 1,0 0)))", "MultiPolygon{Polygon{[0 0,1 0,1 1,0 0]}}"),
            (
                "TIN Z(((0 0 1,1 0 1,1 1 1,0 0 1)))",
                "MultiPolygon{Polygon{[0 0 z1,1 0 z1,1 1 z1,0 0 z1]}}",
            ),
            (
                "GEOMETRYCOLLECTION(POINT(1 2),LINESTRING EMPTY)",
                "GeometryCollection{Point{1 2}LineString{}}",
            ),
            (
                "MULTICURVE((0 0,1 1),LINESTRING(2 2,3 3))",
                "MultiLineString{LineString{0 0,1 1}LineString{2 2,3 3}}",
            ),
            ("COMPOUNDCURVE((0 0,1 1),(1 1,2 5))", "LineString{0 0,1 1,2 5}"),
        ] {
            assert_eq!(read(text).unwrap().0, expected, "{text}");
        }
    }

    #[test]
    fn ewkt_carries_its_srid() {
        let (text, info) = read("SRID=4490;POINT(118 33)").unwrap();
        assert_eq!((text.as_str(), info.srid), ("Point{118 33}", Some(4490)));
    }

    #[test]
    fn arcs_are_made_straight() {
        let (text, info) =
            read("CURVEPOLYGON(COMPOUNDCURVE(CIRCULARSTRING(-1 0,0 1,1 0),(1 0,-1 0)))").unwrap();
        assert!(text.starts_with("Polygon{[-1 0,") && text.ends_with(",1 0,-1 0]}"), "{text}");
        assert!(info.linearised && !info.has_z && !info.has_m);
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        for (text, expected) in [
            (
                "",
                "WKT is malformed at byte 0: expected the name of a geometry, such as POINT or POLYGON, but the text ends",
            ),
            (
                "POINT(1)",
                "WKT is malformed at byte 7: a coordinate needs two to four numbers, near \")\"",
            ),
            ("POINT(1 nan)", "WKT is malformed at byte 8: expected a number, near \"nan)\""),
            ("POINT(1 2", "WKT is malformed at byte 9: expected \",\" or \")\", but the text ends"),
            ("POINT(1 2)x", "WKT is malformed at byte 10: text after the geometry, near \"x\""),
            (
                "CIRCLE(1 2)",
                "WKT is malformed at byte 0: unknown kind of geometry, near \"CIRCLE(1 2)\"",
            ),
            (
                "面((0 0))",
                "WKT is malformed at byte 0: expected the name of a geometry, such as POINT or POLYGON, near \"面((0 0))\"",
            ),
        ] {
            assert_eq!(read(text).unwrap_err().to_string(), expected);
        }
    }

    #[test]
    fn nesting_beyond_the_limit_is_refused_quickly() {
        let deep = "GEOMETRYCOLLECTION(".repeat(200_000);
        assert!(matches!(read(&deep), Err(Error::Limit { .. })));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]
        #[test]
        fn arbitrary_text_never_panics(
            text in r"(SRID=-?[0-9]{0,3};?)?([A-Za-z ]{0,3}(POINT|POLYGON|CIRCULARSTRING|COMPOUNDCURVE|MULTISURFACE|TIN|EMPTY|M|[(),;]|[-0-9.e ]{1,5}|\PC)){0,12}"
        ) {
            let mut count = Count::default();
            let _ = read_wkt(&text, &mut count);
            prop_assert!(count.0 <= text.len() * 90);
        }
    }
}
