//! How many bytes the features of a ranking put into each tile of a zoom.

use onemap_model::GeometryClass;
use rustc_hash::FxHashMap;

use crate::measure::BYTES_PER_VERTEX;
use crate::ranking::Ranked;
use crate::scale::{EXTENT, TOLERANCE_UNITS};

/// A feature as the budget sees it, in 24 bytes: millions of them are walked once a zoom.
pub(crate) struct Weight {
    /// Center in Web Mercator, scaled to 32 bits.
    pub at: [u32; 2],
    /// Bytes that do not shrink: attributes, id, message heads.
    pub fixed: u32,
    /// Vertices in full detail.
    pub vertices: u32,
    /// Width or length as a share of the world's width.
    pub share: f32,
    /// Whether it is a line, which passes through fewer tiles than an area of its extent.
    pub line: bool,
    /// The first zoom at which it may show.
    pub visible: u8,
    /// Whether it counts as mass where it does not show.
    pub area: bool,
    /// Whether it is a point.
    pub point: bool,
}

impl Weight {
    pub(crate) fn new(at: [u32; 2], class: GeometryClass, bytes: u32, vertices: u32) -> Self {
        Self {
            at,
            fixed: bytes.saturating_sub(vertices.saturating_mul(BYTES_PER_VERTEX)).max(12),
            vertices,
            share: 0.0,
            line: class == GeometryClass::Line,
            visible: 0,
            area: false,
            point: false,
        }
    }

    /// Returns the bytes of its vertices at a zoom, after simplification there: as many corners as its
    /// outline has pixels. (Coasts and roads keep about one vertex in 1.5 to 3 pixels.)
    pub(crate) fn vertex_bytes(&self, zoom: u8, full_zoom: u8) -> f32 {
        let all = self.vertices as f32;
        let kept = if zoom >= full_zoom {
            all
        } else {
            let steps = self.share * tiles_across(zoom) * (EXTENT / TOLERANCE_UNITS / 2.0) as f32;
            let outline = if self.line { steps } else { 4.0 * steps };
            all.min(5.0 + outline)
        };
        kept * BYTES_PER_VERTEX as f32
    }
}

/// Limits of one tile.
#[derive(Clone, Copy)]
pub(crate) struct Limits {
    pub bytes: u32,
    pub features: u32,
    pub full_zoom: u8,
}

/// The box around the centers of features.
#[derive(Clone, Copy)]
pub(crate) struct Extent {
    pub low: [u32; 2],
    pub high: [u32; 2],
}

impl Extent {
    pub(crate) fn grow(&mut self, at: [u32; 2]) {
        for (axis, place) in at.into_iter().enumerate() {
            self.low[axis] = self.low[axis].min(place);
            self.high[axis] = self.high[axis].max(place);
        }
    }
}

/// Walks a ranking at one zoom and returns how many of its features fit: the longest prefix whose
/// visible features exceed the limits in no tile. Features before `always` are counted even where
/// they are too small to see; what reaches beyond the tiles of `extent` is not.
pub(crate) fn fitting_prefix(
    ranked: &[Ranked],
    extent: Extent,
    zoom: u8,
    always: usize,
    limits: Limits,
) -> usize {
    let mut loads = Loads::new(extent, zoom);
    for (i, Ranked { weight, .. }) in ranked.iter().enumerate() {
        if (weight.visible <= zoom || i < always) && !loads.add(weight, zoom, limits) {
            return i;
        }
    }
    ranked.len()
}

/// Bytes and features of the tiles of a zoom.
enum Loads {
    /// A window of the grid, row by row: origin and width.
    Window { from: [u32; 2], width: u32, cells: Vec<[u32; 2]> },
    /// Only tiles with something in them.
    Sparse(FxHashMap<[u32; 2], [u32; 2]>),
}

/// A window of more tiles than this is kept sparse: 32 MB.
const MAX_WINDOW: u64 = 1 << 22;

/// A feature is spread over at most this many tiles each way.
const MAX_SPREAD: u32 = 8;

impl Loads {
    fn new(extent: Extent, zoom: u8) -> Self {
        let (low, high) = (tile_of(extent.low, zoom), tile_of(extent.high, zoom));
        let span = |axis: usize| u64::from(high[axis].saturating_sub(low[axis])) + 1;
        if span(0) * span(1) <= MAX_WINDOW {
            Self::Window {
                from: low,
                width: span(0) as u32,
                cells: vec![[0; 2]; (span(0) * span(1)) as usize],
            }
        } else {
            Self::Sparse(FxHashMap::default())
        }
    }

    /// Adds a feature to the tiles it covers; `false` as soon as one of them is over its limits.
    fn add(&mut self, weight: &Weight, zoom: u8, limits: Limits) -> bool {
        let across = weight.share * tiles_across(zoom);
        let [x, y] = tile_of(weight.at, zoom);
        let vertex_bytes = weight.vertex_bytes(zoom, limits.full_zoom);
        if across < 1.0 {
            let bytes = (vertex_bytes as u32).saturating_add(weight.fixed);
            return self.put([x, y], bytes, limits);
        }
        // The extent is taken as a square around the center; a line folds into half its length.
        let side = if weight.line { across / 2.0 } else { across };
        let n = (side as u32 + 1).min(MAX_SPREAD);
        let tiles = (n * n) as f32;
        let fixed = weight.fixed as f32;
        let heads = if weight.line { fixed * (2.0 / n as f32).min(1.0) } else { fixed };
        // A shape wider than the square has the rest of its outline elsewhere.
        let crossed =
            if weight.line { (across + 1.0).max(tiles) } else { (side + 1.0) * (side + 1.0) };
        let bytes = (vertex_bytes / crossed.max(tiles) + heads) as u32;
        let half = n / 2;
        let mut fits = true;
        for dy in 0..n {
            for dx in 0..n {
                let tile = [(x + dx).saturating_sub(half), (y + dy).saturating_sub(half)];
                fits &= self.put(tile, bytes, limits);
            }
        }
        fits
    }

    fn put(&mut self, tile: [u32; 2], bytes: u32, limits: Limits) -> bool {
        let load = match self {
            Self::Window { from, width, cells } => {
                let (Some(dx), Some(dy)) =
                    (tile[0].checked_sub(from[0]), tile[1].checked_sub(from[1]))
                else {
                    return true;
                };
                let at = dy as usize * *width as usize + dx as usize;
                match cells.get_mut(at) {
                    Some(load) if dx < *width => load,
                    _ => return true,
                }
            }
            Self::Sparse(map) => map.entry(tile).or_default(),
        };
        load[0] = load[0].saturating_add(bytes);
        load[1] += 1;
        load[0] <= limits.bytes && load[1] <= limits.features
    }
}

fn tiles_across(zoom: u8) -> f32 {
    (1_u32 << zoom.min(31)) as f32
}

fn tile_of([x, y]: [u32; 2], zoom: u8) -> [u32; 2] {
    let down = 32 - u32::from(zoom);
    [x.checked_shr(down).unwrap_or(0), y.checked_shr(down).unwrap_or(0)]
}
