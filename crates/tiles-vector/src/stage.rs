//! Below a layer's last zoom all its shapes in the tile are collected before one is drawn.

use onemap_generalise::{EXTENT, TOLERANCE_UNITS};
use onemap_model::{FeatureRef, Geometry, Schema, TileCoord};
use rustc_hash::FxHashMap;

use crate::arena::{Arena, Role, Tag};
use crate::chain::chain_lines;
use crate::clip::ClipBox;
use crate::dissolve::dissolve_polygons;
use crate::draw::{Drawer, Settled};
use crate::junctions::join_junctions;
use crate::settle::{Grid, Settler, has_rings};
use crate::shape::GeomType;
use crate::sharing::Sharing;
use crate::snap::Cell;
use crate::tables::Tables;
use crate::take::Taker;

/// Collects the features of a layer, then simplifies them together.
#[derive(Debug)]
pub(crate) struct Stage {
    taker: Taker,
    grid: Grid,
    arena: Arena,
    spare: Arena,
    /// Rectangles, drawn as they are after everything else.
    masses: Arena,
    sharing: Sharing,
    settler: Settler,
    drawer: Drawer,
    /// Positions of the fields whose values decide what is joined.
    merge: Vec<usize>,
    groups: FxHashMap<Vec<Option<u32>>, u32>,
}

/// What a feature of the layer is written from.
pub(crate) struct Written<'a> {
    pub id: u64,
    pub kind: GeomType,
    pub tags: &'a [Tag],
    pub commands: &'a [u8],
}

impl Stage {
    pub(crate) fn new(tile: TileCoord, extent: u32, area: ClipBox) -> Self {
        Self {
            taker: Taker::new(tile, extent, area),
            grid: grid(extent, area),
            arena: Arena::default(),
            spare: Arena::default(),
            masses: Arena::default(),
            sharing: Sharing::default(),
            settler: Settler::default(),
            drawer: Drawer::default(),
            merge: Vec::new(),
            groups: FxHashMap::default(),
        }
    }

    /// Begins another tile.
    pub(crate) fn restart(&mut self, tile: TileCoord, extent: u32, area: ClipBox) {
        self.taker.restart(tile, extent, area);
        self.grid = grid(extent, area);
    }

    /// Begins another layer.
    pub(crate) fn clear(&mut self) {
        self.arena.clear();
        self.masses.clear();
        self.merge.clear();
        self.groups.clear();
    }

    pub(crate) fn merge_by(&mut self, fields: &[usize]) {
        self.merge.clear();
        self.merge.extend_from_slice(fields);
    }

    /// Returns how many features were taken.
    pub(crate) fn len(&self) -> usize {
        self.arena.features.len() + self.masses.features.len()
    }

    /// Returns roughly the bytes that the shapes will take.
    pub(crate) fn estimate(&self) -> usize {
        let tags = self.arena.tags.len() + self.masses.tags.len();
        self.arena.cells.len() * 2 + tags * 2 + self.len() * 12
    }

    /// Takes a shape that is no collection; `false` when nothing of it lies in the window.
    pub(crate) fn add(
        &mut self,
        feature: &FeatureRef<'_>,
        shape: &Geometry,
        schema: &Schema,
        tables: &mut Tables,
    ) -> bool {
        let Some(kind) = self.taker.take(shape, &mut self.arena) else {
            return false;
        };
        tables.stage(schema, feature, 1, &mut self.arena.tags);
        let group = self.group_of(feature, tables).filter(|_| kind != GeomType::Point);
        self.arena.end_feature(feature.id.get(), kind, group);
        true
    }

    /// Takes a rectangle.
    pub(crate) fn add_rectangle(
        &mut self,
        feature: &FeatureRef<'_>,
        (ring, count): ([Cell; 4], u32),
        schema: &Schema,
        tables: &mut Tables,
    ) {
        self.masses.cells.extend(ring);
        self.masses.end_path(Role::Outer, 0.0);
        tables.stage(schema, feature, count, &mut self.masses.tags);
        self.masses.end_feature(feature.id.get(), GeomType::Polygon, None);
    }

    /// Numbers the values of the fields that are merged by; `None` when all are null.
    fn group_of(&mut self, feature: &FeatureRef<'_>, tables: &mut Tables) -> Option<u32> {
        if self.merge.is_empty() {
            return None;
        }
        let value = |&field: &usize| feature.values.get(field).copied();
        let key: Vec<Option<u32>> = self
            .merge
            .iter()
            .map(|field| value(field).and_then(|v| tables.staged_number(v)))
            .collect();
        key.iter().any(Option::is_some).then(|| {
            let next = self.groups.len() as u32;
            *self.groups.entry(key).or_insert(next)
        })
    }

    /// Simplifies what was taken and hands out what is to be written.
    pub(crate) fn finish(&mut self, mut write: impl FnMut(Written<'_>)) {
        let Self { grid, arena, spare, sharing, .. } = self;
        let merges = !self.groups.is_empty();
        if merges {
            chain_lines(arena, spare);
        }
        sharing.find(arena);
        if sharing.any() && has_rings(arena) {
            if join_junctions(arena, sharing, grid.area) {
                sharing.find(arena);
            }
            if merges && dissolve_polygons(arena, spare) {
                sharing.find(arena);
            }
        }
        let decided = self.settler.settle(arena, sharing, grid);
        let settled = Settled { arena, sharing, decided, grid };
        for (feature, staged) in arena.features.iter().enumerate() {
            let commands = self.drawer.draw(settled, feature);
            if !commands.is_empty() {
                let tags = arena.tags_of(feature);
                write(Written { id: staged.id, kind: staged.kind, tags, commands });
            }
        }
        for (feature, staged) in self.masses.features.iter().enumerate() {
            let ring = &self.masses.cells[self.masses.cells_of(feature)];
            let commands = self.drawer.draw_ring(ring);
            let tags = self.masses.tags_of(feature);
            write(Written { id: staged.id, kind: staged.kind, tags, commands });
        }
    }
}

fn grid(extent: u32, area: ClipBox) -> Grid {
    let tolerance = TOLERANCE_UNITS * f64::from(extent) / EXTENT;
    Grid { area, extent: extent as i32, tolerance }
}
