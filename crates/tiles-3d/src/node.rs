//! From the nodes of a tile tree to their contents.

use onemap_crs::{LocalFrame, from_geocentric};
use onemap_model::{
    AnchoredModel, Bounds, Feature, FeatureRef, GeoCell, Geometry, GeometryClass, ModelSummary,
    Value, ValueRef,
};
use onemap_tile_tree::{Cut, Far, Item, Node, geometric_error};

use crate::content::{Detail, Prism, TileContent};
use crate::device;
use crate::estimate::{device_bytes, model_bytes, pipe_bytes, solid_bytes, symbol_bytes};
use crate::pipe::{DeviceParams, PipeParams};
use crate::rule::{Ellipsoid, SolidParams, SolidRule, Symbol};

/// Metres to a degree of latitude, on a sphere of the ellipsoid's mean radius.
const METRES_PER_DEGREE: f64 = 111_194.93;

/// A pipe is seen in tiles whose error is up to so many times its diameter: at 16 pixels to an error, a pixel is then
/// wider than it 20 times.
const SEEN_DIAMETERS: f64 = 300.0;

/// Bytes of a tile's estimate to one of its vertices, at least.
const BYTES_PER_VERTEX: usize = 6;

/// Most triangles of a model's own block that is shown from afar.
const MOST_COARSE_TRIANGLES: usize = 128;

/// What a feature is in 3D.
enum Thing<'f> {
    /// A shape of its own.
    Model(&'f [u8], ModelSummary),
    /// A footprint that is raised.
    Solid(&'f Geometry, SolidParams),
    /// Something that stands at each of its points.
    Symbols(&'f Geometry, Symbol, SolidParams),
    /// A link of a network.
    Pipe(PipeParams),
    /// A node of a network.
    Devices(Vec<DeviceParams>),
}

fn thing<'f>(rule: &SolidRule, feature: &FeatureRef<'f>) -> Option<Thing<'f>> {
    let model = rule.model_field().and_then(|at| feature.values.get(at));
    if let Some(ValueRef::Bytes(bytes)) = model
        && let Ok(summary) = ModelSummary::read(bytes)
    {
        return Some(Thing::Model(bytes, summary));
    }
    let geometry = feature.geometry?;
    if let Some(pipes) = rule.pipes() {
        return match geometry.class() {
            GeometryClass::Line => pipes.link(feature, &Ellipsoid).map(Thing::Pipe),
            GeometryClass::Point => Some(Thing::Devices(pipes.devices(feature, &Ellipsoid))),
            // What drains to a node is an area on the map, nothing solid.
            _ => None,
        };
    }
    match geometry.class() {
        GeometryClass::Polygon => Some(Thing::Solid(geometry, rule.params(feature))),
        GeometryClass::Point => {
            Some(Thing::Symbols(geometry, rule.symbol()?, rule.params(feature)))
        }
        _ => None,
    }
}

/// Returns what the tile tree has to know of a feature; `None` for one that is not shown in 3D.
pub fn item(rule: &SolidRule, feature: &FeatureRef<'_>) -> Option<Item> {
    let footprint = feature.geometry?.bounds()?;
    let mut size = None;
    let (bounds, heights, bytes, landmark) = match thing(rule, feature)? {
        Thing::Model(_, summary) => {
            let (bounds, heights) = extent(&summary);
            let bytes = model_bytes(summary.positions, summary.triangles);
            (bounds, heights, bytes, rule.params(feature).landmark)
        }
        Thing::Solid(geometry, params) => {
            let heights = [params.base + params.min_height, params.base + params.height];
            (footprint, heights, solid_bytes(geometry.vertex_count()), params.landmark)
        }
        Thing::Symbols(geometry, symbol, params) => {
            let reach = symbol.radius(params.height);
            let bounds = grown(footprint, reach);
            let [low, high] = geometry.height_range().map_or([params.base; 2], |(l, h)| [l, h]);
            let heights = [low, high + params.height];
            (bounds, heights, symbol_bytes(geometry.vertex_count()), params.landmark)
        }
        Thing::Pipe(params) => {
            let [width, height] = params.outer();
            let reach = libm::hypot(width, height) / 2.0;
            let corners = params.lines.iter().flatten();
            let z = corners.clone().map(|at| at[2]);
            let (low, high) =
                z.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), z| (l.min(z), h.max(z)));
            if low > high {
                return None;
            }
            size = Some(width.max(height) * SEEN_DIAMETERS);
            let bytes = pipe_bytes(corners.count(), params.casing().is_some());
            (grown(footprint, reach), [low - reach, high + reach], bytes, false)
        }
        Thing::Devices(devices) => {
            let mut heights = [f64::INFINITY, f64::NEG_INFINITY];
            let mut across: f64 = 0.0;
            for device in &devices {
                let [side, below, above] = device::reach(device.element);
                let [low, high] =
                    [device.bottom.min(device.at[2]), device.ground.max(device.at[2])];
                heights = [heights[0].min(low - below), heights[1].max(high + above)];
                across = across.max(side);
            }
            if devices.is_empty() {
                return None;
            }
            size = Some(across);
            (grown(footprint, across), heights, device_bytes(devices.len()), false)
        }
    };
    Some(Item {
        id: feature.id,
        valid: feature.valid,
        middle: footprint.center(),
        bounds,
        heights,
        area: feature.geometry.map_or(0.0, |geometry| area(geometry, &footprint)),
        bytes: u32::try_from(bytes).unwrap_or(u32::MAX),
        landmark,
        size,
    })
}

/// Draws the features of a leaf in full detail. Those whose middle is in another cell are left out; the order of the others
/// does not matter.
pub fn draw_leaf(
    content: &mut TileContent,
    rule: &SolidRule,
    node: &Node,
    features: &mut Vec<Feature>,
) {
    features.retain(|feature| with_ref(feature, |feature| owns(node.cell, feature)));
    content.expect(usize::try_from(node.bytes).unwrap_or(usize::MAX) / BYTES_PER_VERTEX);
    draw_whole(content, rule, features);
}

/// Draws a tile of an implicit tileset: the features that reach into its cell, and only what is inside.
pub fn draw_cut(
    content: &mut TileContent,
    rule: &SolidRule,
    cell: GeoCell,
    cut: &Cut,
    features: &mut Vec<Feature>,
) {
    if cut.is_leaf {
        draw_whole(content, rule, features);
    } else {
        draw_blocks(content, rule, cell, features, &cut.prisms);
    }
    content.clip(&cell.bounds());
    content.set_earth_centred();
}

fn draw_whole(content: &mut TileContent, rule: &SolidRule, features: &mut [Feature]) {
    features.sort_by_key(|feature| (feature.id, feature.valid.from));
    for feature in features.iter() {
        with_ref(feature, |feature| match thing(rule, feature) {
            Some(Thing::Model(bytes, _)) => {
                if let Ok(model) = AnchoredModel::from_bytes(bytes) {
                    let finest = model.model.lods.len().saturating_sub(1);
                    content.add_model(feature, &model, finest, &rule.params(feature));
                }
            }
            Some(Thing::Solid(_, params)) => content.add_solid(feature, &params, Detail::Full),
            Some(Thing::Symbols(geometry, symbol, params)) => {
                for (i, &[lon, lat]) in geometry.xy.iter().enumerate() {
                    let height = geometry.z.get(i).copied().unwrap_or(params.base);
                    content.add_symbol(feature, symbol, [lon, lat, height], params.height);
                }
            }
            Some(Thing::Pipe(params)) => content.add_pipe(feature, &params),
            Some(Thing::Devices(devices)) => {
                for params in &devices {
                    content.add_device(feature, params);
                }
            }
            None => {}
        });
    }
}

/// Draws what an interior node shows: some features as blocks, prisms for the others.
pub fn draw_far(
    content: &mut TileContent,
    rule: &SolidRule,
    node: &Node,
    far: &Far,
    features: &mut Vec<Feature>,
) {
    features.retain(|feature| with_ref(feature, |feature| owns(node.cell, feature)));
    content.set_tolerance(node.tolerance());
    draw_blocks(content, rule, node.cell, features, &far.prisms);
}

fn draw_blocks(
    content: &mut TileContent,
    rule: &SolidRule,
    cell: GeoCell,
    features: &mut Vec<Feature>,
    prisms: &[onemap_tile_tree::Prism],
) {
    let error = geometric_error(cell.z());
    features.sort_by_key(|feature| (feature.id, feature.valid.from));
    features.dedup_by_key(|feature| (feature.id, feature.valid.from));
    if rule.pipes().is_some() {
        // Small pipes are left out; nothing could stand for them.
        for feature in features.iter() {
            with_ref(feature, |feature| match thing(rule, feature) {
                Some(Thing::Pipe(params)) => content.add_pipe_line(feature, &params),
                Some(Thing::Devices(devices)) => {
                    for params in &devices {
                        content.add_device(feature, params);
                    }
                }
                _ => {}
            });
        }
        return;
    }
    for feature in features.iter() {
        with_ref(feature, |feature| {
            if let Some(Thing::Model(bytes, _)) = thing(rule, feature)
                && let Ok(model) = AnchoredModel::from_bytes(bytes)
                && let Some(level) = coarse(&model)
            {
                content.add_model(feature, &model, level, &rule.params(feature));
                return;
            }
            let mut params = rule.params(feature);
            if let Some(item) = item(rule, feature) {
                params.base = item.heights[0];
                params.min_height = 0.0;
                params.height = item.heights[1] - item.heights[0];
            }
            content.add_solid(feature, &params, Detail::Block { tolerance: error / 4.0 });
        });
    }
    for prism in prisms {
        let [lon, lat] = prism.middle;
        let [x, y] = [
            prism.half[0] / METRES_PER_DEGREE / libm::cos(lat.to_radians()),
            prism.half[1] / METRES_PER_DEGREE,
        ];
        content.add_prism(&Prism {
            ring: vec![
                [lon - x, lat - y],
                [lon + x, lat - y],
                [lon + x, lat + y],
                [lon - x, lat + y],
            ],
            base: prism.bottom,
            height: prism.top - prism.bottom,
            colors: [rule.wall_color(), rule.roof_color()],
            count: prism.count,
        });
    }
}

fn owns(cell: GeoCell, feature: &FeatureRef<'_>) -> bool {
    let bounds = feature.geometry.and_then(Geometry::bounds);
    bounds.is_some_and(|bounds| GeoCell::containing(bounds.center(), cell.z()) == cell)
}

/// Returns a box on the ground that holds a model, and its heights. Near its anchor the frame is taken for the map; what
/// that may be off by is added on all sides.
fn extent(summary: &ModelSummary) -> (Bounds, [f64; 2]) {
    /// Least radius of curvature of the ellipsoid, metres.
    const LEAST_RADIUS: f64 = 6_335_400.0;
    /// Farthest that a frame is taken for the map, metres; and the farthest north or south, degrees.
    const NEAR: f64 = 2_000.0;
    const FARTHEST_LAT: f64 = 80.0;
    let [lon, lat, base] = summary.anchor;
    let (low, high) = (summary.low.map(f64::from), summary.high.map(f64::from));
    let reach: [f64; 2] = std::array::from_fn(|i| low[i].abs().max(high[i].abs()));
    let squared = reach[0] * reach[0] + reach[1] * reach[1];
    // The ground is round: the ends of a plate lie higher than its middle.
    let round = squared / (2.0 * LEAST_RADIUS);
    if squared > NEAR * NEAR || lat.abs() > FARTHEST_LAT {
        return far_extent(summary, round);
    }
    let (sin, cos) = libm::sincos(lat.to_radians());
    // Of the meridian and across it (EPSG Guidance Note 7-2), one height up.
    const A: f64 = 6_378_137.0;
    const E2: f64 = 0.006_694_379_990_141_3;
    let w = libm::sqrt(1.0 - E2 * sin * sin);
    let (along, across) = (A * (1.0 - E2) / (w * w * w) + base, (A / w + base) * cos);
    let top = low[2].abs().max(high[2].abs());
    let off = (2.0 * round + top * libm::sqrt(squared) / LEAST_RADIUS) * (1.0 + sin.abs() / cos);
    let bounds = Bounds {
        west: lon + ((low[0] - off) / across).to_degrees(),
        south: lat + ((low[1] - off) / along).to_degrees(),
        east: lon + ((high[0] + off) / across).to_degrees(),
        north: lat + ((high[1] + off) / along).to_degrees(),
    };
    (bounds, [base + low[2], base + high[2] + round])
}

/// Returns the same of a model that is large, by the corners of its box.
fn far_extent(summary: &ModelSummary, round: f64) -> (Bounds, [f64; 2]) {
    let frame = LocalFrame::at(summary.anchor);
    let (low, high) = (summary.low.map(f64::from), summary.high.map(f64::from));
    let mut bounds = None;
    let mut heights = [f64::INFINITY, f64::NEG_INFINITY];
    for corner in 0..8 {
        let at = std::array::from_fn(|i| if corner >> i & 1 == 0 { low[i] } else { high[i] });
        let [lon, lat, height] = from_geocentric(frame.to_geocentric(at));
        heights = [heights[0].min(height), heights[1].max(height)];
        let point = Bounds { west: lon, south: lat, east: lon, north: lat };
        bounds = Some(bounds.map_or(point, |bounds: Bounds| bounds.union(point)));
    }
    heights[0] -= round;
    let [lon, lat, _] = summary.anchor;
    let anchor = Bounds { west: lon, south: lat, east: lon, north: lat };
    (bounds.unwrap_or(anchor), heights)
}

fn grown(bounds: Bounds, metres: f64) -> Bounds {
    // No degree is shorter on the ellipsoid.
    let up = metres / 110_500.0;
    let across = up / libm::cos(bounds.center()[1].to_radians()).max(1e-6);
    Bounds {
        west: bounds.west - across,
        south: bounds.south - up,
        east: bounds.east + across,
        north: bounds.north + up,
    }
}

/// Returns the area of polygons, square metres.
fn area(geometry: &Geometry, bounds: &Bounds) -> f64 {
    let [x, y] = bounds.center();
    let mut doubled = 0.0;
    geometry.for_each_simple(&mut |simple| {
        if simple.class() == GeometryClass::Polygon {
            for ring in simple.lines() {
                // Holes run the other way.
                for edge in ring.windows(2) {
                    let ([ax, ay], [bx, by]) = (edge[0], edge[1]);
                    doubled += (ax - x) * (by - y) - (bx - x) * (ay - y);
                }
            }
        }
    });
    doubled.abs() / 2.0 * METRES_PER_DEGREE * METRES_PER_DEGREE * libm::cos(y.to_radians())
}

/// Lends a feature as the store does.
pub fn with_ref<T>(feature: &Feature, run: impl FnOnce(&FeatureRef<'_>) -> T) -> T {
    let values: Vec<ValueRef<'_>> = feature.values.iter().map(Value::as_ref).collect();
    run(&FeatureRef {
        id: feature.id,
        geometry: feature.geometry.as_ref(),
        values: &values,
        valid: feature.valid,
        state: feature.state,
    })
}

/// Returns a model's own block (LoD1), where it has one beside finer levels and it is simple.
fn coarse(model: &AnchoredModel) -> Option<usize> {
    let levels = &model.model.lods;
    let at = levels.iter().position(|lod| lod.level.starts_with('1'))?;
    let is_simple = levels[at].mesh.triangles.len() <= MOST_COARSE_TRIANGLES;
    (at + 1 < levels.len() && is_simple).then_some(at)
}
