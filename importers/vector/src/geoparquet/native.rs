//! Reads the native encodings of GeoParquet 1.1: coordinates as structs of numbers, nested in lists.

use std::ops::Range;

use arrow_array::cast::AsArray;
use arrow_array::types::Float64Type;
use arrow_array::{Array, Float64Array};
use arrow_schema::DataType;
use onemap_model::{Geometry, GeometryKind};

use super::geo::Native;
use crate::wkb_sink::{end_line, end_polygon, end_ring};

/// A column of geometry, its levels taken apart.
pub(super) struct Column<'a> {
    kind: Native,
    array: &'a dyn Array,
    /// Offsets of the lists, outermost first.
    levels: Vec<&'a [i32]>,
    x: &'a Float64Array,
    y: &'a Float64Array,
    z: Option<&'a Float64Array>,
    m: Option<&'a Float64Array>,
}

impl<'a> Column<'a> {
    /// Takes a column apart; an error in words when it is not what its encoding says.
    pub(super) fn new(kind: Native, array: &'a dyn Array) -> Result<Self, String> {
        let depth = match kind {
            Native::Point => 0,
            Native::LineString | Native::MultiPoint => 1,
            Native::Polygon | Native::MultiLineString => 2,
            Native::MultiPolygon => 3,
        };
        let mut levels = Vec::new();
        let mut inner = array;
        for _ in 0..depth {
            let list = inner
                .as_list_opt::<i32>()
                .ok_or_else(|| format!("a list is expected, not {}", inner.data_type()))?;
            levels.push(list.value_offsets());
            inner = list.values().as_ref();
        }
        let coords = inner
            .as_struct_opt()
            .ok_or_else(|| format!("coordinates are expected, not {}", inner.data_type()))?;
        let ordinate = |name: &str| -> Option<&'a Float64Array> {
            let column = coords.column_by_name(name)?;
            (*column.data_type() == DataType::Float64).then(|| column.as_primitive::<Float64Type>())
        };
        let (Some(x), Some(y)) = (ordinate("x"), ordinate("y")) else {
            return Err("the coordinates have no x and y".into());
        };
        Ok(Self { kind, array, levels, x, y, z: ordinate("z"), m: ordinate("m") })
    }

    /// Returns the geometry of a row, and whether an open ring was closed.
    pub(super) fn geometry(&self, row: usize) -> (Option<Geometry>, bool) {
        if row >= self.array.len() || self.array.is_null(row) {
            return (None, false);
        }
        let mut closed = false;
        let mut geometry = Geometry::empty(match self.kind {
            Native::Point => GeometryKind::Point,
            Native::LineString => GeometryKind::LineString,
            Native::Polygon => GeometryKind::Polygon,
            Native::MultiPoint => GeometryKind::MultiPoint,
            Native::MultiLineString => GeometryKind::MultiLineString,
            Native::MultiPolygon => GeometryKind::MultiPolygon,
        });
        match self.kind {
            Native::Point => self.coords(&mut geometry, row..row + 1),
            Native::MultiPoint => self.coords(&mut geometry, self.range(0, row)),
            Native::LineString => {
                self.coords(&mut geometry, self.range(0, row));
                end_line(&mut geometry);
            }
            Native::MultiLineString => {
                for line in self.range(0, row) {
                    self.coords(&mut geometry, self.range(1, line));
                    end_line(&mut geometry);
                }
            }
            Native::Polygon => closed |= self.polygon(&mut geometry, 0, row),
            Native::MultiPolygon => {
                for polygon in self.range(0, row) {
                    closed |= self.polygon(&mut geometry, 1, polygon);
                }
            }
        }
        ((!geometry.is_empty()).then_some(geometry), closed)
    }

    fn polygon(&self, geometry: &mut Geometry, level: usize, polygon: usize) -> bool {
        let mut closed = false;
        for ring in self.range(level, polygon) {
            self.coords(geometry, self.range(level + 1, ring));
            closed |= end_ring(geometry);
        }
        end_polygon(geometry);
        closed
    }

    /// Returns the items of a list.
    fn range(&self, level: usize, list: usize) -> Range<usize> {
        let offset = |i: usize| {
            let offsets = self.levels.get(level).copied().unwrap_or_default();
            offsets.get(i).map_or(0, |offset| usize::try_from(*offset).unwrap_or(0))
        };
        offset(list)..offset(list + 1)
    }

    fn coords(&self, geometry: &mut Geometry, range: Range<usize>) {
        let values = |array: &'a Float64Array| -> &'a [f64] {
            let values: &'a [f64] = array.values();
            values.get(range.clone()).unwrap_or_default()
        };
        let (x, y) = (values(self.x), values(self.y));
        if self.kind == Native::Point && x.iter().chain(y).all(|v| v.is_nan()) {
            return;
        }
        geometry.xy.extend(x.iter().zip(y).map(|(x, y)| [*x, *y]));
        geometry.z.extend(self.z.map(values).unwrap_or_default());
        geometry.m.extend(self.m.map(values).unwrap_or_default());
    }
}
