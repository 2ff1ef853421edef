//! Reads coordinates straight into flat arrays.

use std::io::Read;

use onemap_bounded::limits as guards;
use onemap_model::{Geometry, GeometryKind};

use crate::json::{Lexer, Result};
use crate::wkb_sink;

/// A geometry object, or why it is none. What is wrong with one geometry does not end the file.
pub(crate) type Shape = std::result::Result<Geometry, String>;

/// The members of a geometry object met so far; they come in any order.
#[derive(Debug, Default)]
pub(crate) struct GeometryMembers {
    coordinates: Option<Coordinates>,
    geometries: Option<std::result::Result<Vec<Geometry>, String>>,
    /// Open rings were closed.
    pub(crate) closed_ring: bool,
}

impl GeometryMembers {
    /// Tells whether anything of a geometry was met.
    pub(crate) fn any(&self) -> bool {
        self.coordinates.is_some() || self.geometries.is_some()
    }

    /// Takes the value of the member `key` if it belongs to a geometry; false when it does not, and
    /// nothing was taken.
    pub(crate) fn member<R: Read>(
        &mut self,
        lexer: &mut Lexer<R>,
        key: &str,
        depth: usize,
    ) -> Result<bool> {
        match key {
            "coordinates" => self.coordinates = Some(Coordinates::read(lexer)?),
            "geometries" => self.geometries = Some(self.list(lexer, depth)?),
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn list<R: Read>(
        &mut self,
        lexer: &mut Lexer<R>,
        depth: usize,
    ) -> Result<std::result::Result<Vec<Geometry>, String>> {
        if depth >= guards::MAX_GEOMETRY_DEPTH {
            return Err(lexer.fault(format!(
                "collections are nested deeper than {}",
                guards::MAX_GEOMETRY_DEPTH
            )));
        }
        if lexer.peek()? != Some(b'[') {
            lexer.skip_value()?;
            return Ok(Err("\"geometries\" is no list".into()));
        }
        let mut members = Ok(Vec::new());
        let mut more = lexer.begin(b'[', b']')?;
        while more {
            let read = read_nested(lexer, depth + 1)?;
            match (read, &mut members) {
                (Some((Ok(geometry), closed)), Ok(list)) => {
                    self.closed_ring |= closed;
                    list.push(geometry);
                }
                (Some((Err(reason), _)), Ok(_)) => members = Err(reason),
                _ => {}
            }
            more = lexer.another(b']')?;
        }
        Ok(members)
    }

    /// Makes the geometry of the kind that the object's `type` says.
    pub(crate) fn finish(&mut self, kind: Option<&str>) -> Shape {
        let Some(kind) = kind else {
            return Err("its geometry has no type".into());
        };
        let Some(kind) = kind_of(kind) else {
            return Err(format!(
                "'{}' is no type of geometry",
                kind.chars().take(40).collect::<String>()
            ));
        };
        if kind == GeometryKind::Collection {
            return match self.geometries.take() {
                Some(members) => members.map(Geometry::collection),
                None => Err("its collection has no geometries".into()),
            };
        }
        let Some(coordinates) = self.coordinates.take() else {
            return Err("its geometry has no coordinates".into());
        };
        let (geometry, closed) = coordinates.finish(kind)?;
        self.closed_ring |= closed;
        Ok(geometry)
    }
}

/// Reads a geometry or null. Tells also whether open rings were closed.
pub(crate) fn read<R: Read>(lexer: &mut Lexer<R>) -> Result<Option<(Shape, bool)>> {
    read_nested(lexer, 0)
}

fn read_nested<R: Read>(lexer: &mut Lexer<R>, depth: usize) -> Result<Option<(Shape, bool)>> {
    match lexer.peek()? {
        Some(b'{') => {}
        Some(b'n' | b'N') => {
            lexer.skip_value()?;
            return Ok(None);
        }
        _ => {
            lexer.skip_value()?;
            return Ok(Some((Err("its geometry is no object".into()), false)));
        }
    }
    let mut members = GeometryMembers::default();
    let mut kind = None;
    let mut more = lexer.begin(b'{', b'}')?;
    while more {
        let key = lexer.key()?;
        if key == "type" && lexer.peek()? == Some(b'"') {
            let text = lexer.string()?;
            kind = Some(lexer.text(&text).into_owned());
        } else if !members.member(lexer, &key, depth)? {
            lexer.skip_value()?;
        }
        more = lexer.another(b'}')?;
    }
    if kind.is_none() && !members.any() {
        // `{}` stands for no geometry in the output of some servers.
        return Ok(None);
    }
    let shape = members.finish(kind.as_deref());
    Ok(Some((shape, members.closed_ring)))
}

/// Returns the kind that GeoJSON's name means; lower case is forgiven.
pub(crate) fn kind_of(name: &str) -> Option<GeometryKind> {
    const KINDS: [(&str, GeometryKind); 7] = [
        ("Point", GeometryKind::Point),
        ("MultiPoint", GeometryKind::MultiPoint),
        ("LineString", GeometryKind::LineString),
        ("MultiLineString", GeometryKind::MultiLineString),
        ("Polygon", GeometryKind::Polygon),
        ("MultiPolygon", GeometryKind::MultiPolygon),
        ("GeometryCollection", GeometryKind::Collection),
    ];
    KINDS.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, kind)| *kind)
}

/// A `coordinates` member whose `type` may not be known yet: flat arrays, and how deep positions lay.
#[derive(Debug, Default)]
struct Coordinates {
    flat: Geometry,
    /// Brackets around a number: 1 for a point, 4 for a multipolygon; 0 when there is none.
    depth: usize,
    problem: Option<String>,
}

impl Coordinates {
    fn read<R: Read>(lexer: &mut Lexer<R>) -> Result<Self> {
        let mut own = Self::default();
        if lexer.peek()? == Some(b'[') {
            own.list(lexer, 1)?;
        } else {
            lexer.skip_value()?;
            own.problem = Some("its coordinates are no list".into());
        }
        Ok(own)
    }

    /// Reads a list that is the `level`th bracket.
    fn list<R: Read>(&mut self, lexer: &mut Lexer<R>, level: usize) -> Result<()> {
        if !lexer.begin(b'[', b']')? {
            return Ok(());
        }
        match lexer.peek()? {
            Some(b'[') => {}
            _ => return self.position(lexer, level),
        }
        if self.depth == level + 1 || (self.depth == 0 && level == 3) {
            self.positions(lexer, level + 1)?;
        } else {
            loop {
                if lexer.peek()? == Some(b'[') {
                    self.list(lexer, level + 1)?;
                } else {
                    lexer.skip_value()?;
                    self.note("its coordinates mix numbers and lists");
                }
                if !lexer.another(b']')? {
                    break;
                }
            }
        }
        if self.depth == level + 1 {
            wkb_sink::end_line(&mut self.flat);
        } else if self.depth == level + 2 {
            wkb_sink::end_polygon(&mut self.flat);
        }
        if self.flat.xy.len() > guards::MAX_VERTICES {
            return Err(lexer.fault(format!(
                "a feature has more than {} vertices; split it",
                guards::MAX_VERTICES
            )));
        }
        Ok(())
    }

    /// Reads the positions of a line or ring: the inner loop of most files.
    fn positions<R: Read>(&mut self, lexer: &mut Lexer<R>, level: usize) -> Result<()> {
        loop {
            if !lexer.accept(b'[')? {
                lexer.skip_value()?;
                self.note("its coordinates mix numbers and lists");
            } else if !lexer.accept(b']')? {
                self.position(lexer, level)?;
            }
            if !lexer.another(b']')? {
                return Ok(());
            }
            if self.flat.xy.len() > guards::MAX_VERTICES {
                return Err(lexer.fault(format!(
                    "a feature has more than {} vertices; split it",
                    guards::MAX_VERTICES
                )));
            }
        }
    }

    /// Reads a position after its bracket, and its closing bracket.
    #[inline]
    fn position<R: Read>(&mut self, lexer: &mut Lexer<R>, level: usize) -> Result<()> {
        if lexer.peek()? == Some(b'[') {
            self.note(if level == 4 {
                "its coordinates are nested deeper than those of a multipolygon"
            } else {
                "its coordinates are nested unevenly"
            });
            return Self::rest(lexer);
        }
        if self.depth == 0 {
            self.depth = level;
        } else if self.depth != level {
            self.note("its coordinates are nested unevenly");
        }
        let x = lexer.coordinate()?;
        if !lexer.another(b']')? {
            self.note("a position has one number only");
            return Ok(());
        }
        let y = lexer.coordinate()?;
        let mut z = None;
        if lexer.another(b']')? {
            // A height of null is no height.
            z = lexer.coordinate()?;
            while lexer.another(b']')? {
                lexer.skip_value()?;
            }
        }
        match (x, y) {
            (Some(x), Some(y)) if z.is_none() && self.flat.z.is_empty() => {
                self.flat.xy.push([x, y]);
            }
            (Some(x), Some(y)) => wkb_sink::push(&mut self.flat, x, y, z, None),
            _ => self.note("a position holds something that is no number"),
        }
        Ok(())
    }

    /// Passes over the values up to the end of a list.
    #[cold]
    fn rest<R: Read>(lexer: &mut Lexer<R>) -> Result<()> {
        loop {
            lexer.skip_value()?;
            if !lexer.another(b']')? {
                return Ok(());
            }
        }
    }

    #[cold]
    fn note(&mut self, problem: &str) {
        self.problem.get_or_insert_with(|| problem.to_owned());
    }

    /// Gives the flat arrays the layout of the kind.
    fn finish(self, kind: GeometryKind) -> std::result::Result<(Geometry, bool), String> {
        if let Some(problem) = self.problem {
            return Err(problem);
        }
        let expected = match kind {
            GeometryKind::Point => 1,
            GeometryKind::MultiPoint | GeometryKind::LineString => 2,
            GeometryKind::MultiLineString | GeometryKind::Polygon => 3,
            GeometryKind::MultiPolygon | GeometryKind::Collection => 4,
        };
        if self.depth != 0 && self.depth != expected {
            return Err(format!(
                "its coordinates lie in {} brackets, a {kind:?} needs {expected}",
                self.depth
            ));
        }
        let mut geometry = self.flat;
        geometry.kind = kind;
        match kind {
            GeometryKind::Point | GeometryKind::MultiPoint => {
                geometry.ends.clear();
                geometry.parts.clear();
            }
            GeometryKind::LineString | GeometryKind::MultiLineString => geometry.parts.clear(),
            _ => return Ok(close_rings(geometry)),
        }
        Ok((geometry, false))
    }
}

/// Closes the rings that are open; tells whether there were any.
pub(crate) fn close_rings(geometry: Geometry) -> (Geometry, bool) {
    if geometry.lines().all(|ring| ring.first() == ring.last()) {
        return (geometry, false);
    }
    let mut closed = Geometry::empty(geometry.kind);
    let mut start = 0;
    for &end in &geometry.ends {
        for i in start..end as usize {
            let Some(&[x, y]) = geometry.xy.get(i) else { break };
            let z = geometry.z.get(i).copied();
            let m = geometry.m.get(i).copied();
            wkb_sink::push(&mut closed, x, y, z, m);
        }
        start = end as usize;
        wkb_sink::end_ring(&mut closed);
    }
    closed.parts = geometry.parts;
    (closed, true)
}
