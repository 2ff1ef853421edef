//! What one tile shows, collected feature by feature.

use std::collections::BTreeMap;

use onemap_crs::LocalFrame;
use onemap_model::{
    AnchoredModel, BlobRef, Bounds, FeatureRef, Geometry, Schema, Surface as Part, Wrap,
};

use crate::atlas::Atlas;
use crate::batch::{Batch, NO_FEATURE};
use crate::clip;
use crate::color::linear;
use crate::device::{self, Form};
use crate::gltf::{self, Instances, Place, Scene, Surface};
use crate::images;
use crate::lines::Lines;
use crate::outline::Outline;
use crate::pipe::{DeviceParams, PipeParams, PipeShape};
use crate::raise::Raiser;
use crate::rule::{RoofShape, SolidParams, Symbol};
use crate::shape::{Paint, Shaper};
use crate::table::Table;
use crate::tree;
use crate::tube::{self, Skin};

/// How contents are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Encoding {
    /// With KHR_mesh_quantization, EXT_meshopt_compression and WebP.
    #[default]
    Compact,
    /// With nothing that a reader of core glTF does not know, but for the metadata and the places of instances
    /// (EXT_mesh_gpu_instancing).
    Plain,
}

/// How closely a footprint is followed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Detail {
    /// To the millimetre, with its roof.
    Full,
    /// As a block with a flat roof.
    Block {
        /// How far its outline may be off, metres.
        tolerance: f64,
    },
}

/// A block that stands for many features.
#[derive(Debug, Clone, PartialEq)]
pub struct Prism {
    /// Its outline, `[lon, lat]` degrees, counter-clockwise, not closed.
    pub ring: Vec<[f64; 2]>,
    /// Ellipsoidal height of its bottom, metres.
    pub base: f64,
    /// Height above it, metres.
    pub height: f64,
    /// Colour of its walls and of its roof, sRGB.
    pub colors: [[u8; 4]; 2],
    /// Number of features that it stands for.
    pub count: u32,
}

/// Most vertices that room is made for at once.
const MOST_EXPECTED: usize = 1 << 16;

/// Longest straight piece of a pipe, metres: over it, the ground bends by less than a millimetre.
const LONGEST_PIECE: f64 = 200.0;
/// Most pieces that one segment is divided into: 800 km.
const MOST_PIECES: f64 = 4_096.0;

/// Fewer devices of a form are no instances: what says that they are takes more bytes than they do.
const FEWEST_INSTANCES: usize = 6;

/// Opacity of a casing: the pipe is seen in it.
const CASING_OPACITY: u8 = 90;

/// Key of a textured batch, in the order of the file.
type Textured = (String, Wrap2, bool, bool);

/// A texture's wrapping, as glTF numbers it.
type Wrap2 = u32;

/// Wrapping of what ends at its edges.
const CLAMP: Wrap2 = 33_071;

/// Collects what a tile shows.
pub struct TileContent {
    frame: LocalFrame,
    table: Table,
    plain: BTreeMap<(bool, bool), Batch>,
    textured: BTreeMap<Textured, (BlobRef, Batch)>,
    instances: Vec<Instances>,
    /// By form and colour.
    devices: BTreeMap<(Form, [u8; 4]), Instances>,
    lines: Lines,
    raiser: Raiser,
    shaper: Shaper,
    is_earth_centred: bool,
    tolerance: f64,
}

impl TileContent {
    /// Begins a tile in a frame. Features have the properties whose fields are shown.
    pub fn new(frame: LocalFrame, schema: &Schema, shown: &[bool]) -> Self {
        Self {
            frame,
            table: Table::new(schema, shown),
            plain: BTreeMap::new(),
            textured: BTreeMap::new(),
            instances: Vec::new(),
            devices: BTreeMap::new(),
            lines: Lines::default(),
            raiser: Raiser::default(),
            shaper: Shaper::default(),
            is_earth_centred: false,
            tolerance: 0.0,
        }
    }

    /// Makes room for about so many vertices.
    pub fn expect(&mut self, vertices: usize) {
        self.plain.entry((false, false)).or_default().reserve(vertices.min(MOST_EXPECTED));
    }

    /// Adds a feature's footprint, raised.
    pub fn add_solid(&mut self, feature: &FeatureRef<'_>, params: &SolidParams, detail: Detail) {
        let Some(footprint) = feature.geometry else { return };
        let number = self.number(feature);
        let tolerance = match detail {
            Detail::Full => None,
            Detail::Block { tolerance } => Some(tolerance),
        };
        let translucent = params.wall[3] < 255 || params.roof_color[3] < 255;
        let batch = self.plain.entry((translucent, false)).or_default();
        self.raiser.raise(batch, &self.frame, footprint, params, tolerance, number);
    }

    /// Adds a level of a feature's own shapes. Surfaces without a material have the colours that `params` gives walls and
    /// roofs.
    pub fn add_model(
        &mut self,
        feature: &FeatureRef<'_>,
        anchored: &AnchoredModel,
        level: usize,
        params: &SolidParams,
    ) {
        let Some(lod) = anchored.model.lods.get(level) else { return };
        let number = self.number(feature);
        let own = LocalFrame::at(anchored.anchor);
        let m = self.frame.matrix_from(&own);
        let mesh = &lod.mesh;
        self.shaper.place(mesh, &m);
        for (patch, triangles) in mesh.patches() {
            let material = patch.material.and_then(|at| anchored.model.materials.get(at as usize));
            let (color, double_sided) = match material {
                Some(material) => (material.color, material.double_sided),
                None => (part_color(patch.surface, params), false),
            };
            let texture =
                material.and_then(|m| m.texture.as_ref()).filter(|_| !mesh.uvs.is_empty());
            let translucent = color[3] < 255;
            let batch = match texture {
                Some(texture) => {
                    let wrap = match texture.wrap {
                        Wrap::Repeat => 10_497,
                        Wrap::Mirror => 33_648,
                        Wrap::Clamp => CLAMP,
                    };
                    let key = (texture.image.hash.clone(), wrap, translucent, double_sided);
                    let entry = self.textured.entry(key);
                    &mut entry.or_insert_with(|| (texture.image.clone(), Batch::default())).1
                }
                None => self.plain.entry((translucent, double_sided)).or_default(),
            };
            let paint = Paint { color: linear(color), feature: number };
            self.shaper.add(batch, mesh, &m, triangles, paint);
        }
    }

    /// Adds a block that stands for many features.
    pub fn add_prism(&mut self, prism: &Prism) {
        let mut ring = prism.ring.clone();
        ring.extend(prism.ring.first());
        let params = SolidParams {
            base: prism.base,
            height: prism.height.max(0.5),
            min_height: 0.0,
            roof: RoofShape::Flat,
            roof_height: None,
            roof_direction: None,
            wall: prism.colors[0],
            roof_color: prism.colors[1],
            landmark: false,
        };
        let batch = self.plain.entry((false, false)).or_default();
        let footprint = Geometry::polygon(ring);
        self.raiser.raise(batch, &self.frame, &footprint, &params, None, NO_FEATURE);
    }

    /// Adds a link of a network: tubes of its section along its centre lines, in a translucent one where it has a casing.
    pub fn add_pipe(&mut self, feature: &FeatureRef<'_>, params: &PipeParams) {
        let skin = self.skin(feature, params.color, params.is_assumed);
        let outline = Outline::of(&params.section);
        let upright = params.section.shape != PipeShape::Round;
        let batch = self.plain.entry((params.color[3] < 255, false)).or_default();
        for line in &params.lines {
            tube::sweep(batch, &outline, &path(&self.frame, line), upright, skin);
        }
        let Some(casing) = params.casing() else { return };
        let ring = Outline::casing(casing / 2.0, params.section.across() / 2.0);
        let [r, g, b, _] = skin.color;
        let skin = Skin { color: [r, g, b, CASING_OPACITY], ..skin };
        let batch = self.plain.entry((true, false)).or_default();
        for line in &params.lines {
            tube::sweep(batch, &ring, &path(&self.frame, line), false, skin);
        }
    }

    /// Adds a link of a network as lines, to be seen from afar.
    pub fn add_pipe_line(&mut self, feature: &FeatureRef<'_>, params: &PipeParams) {
        let Skin { color, feature } = self.skin(feature, params.color, params.is_assumed);
        for line in &params.lines {
            self.lines.add(&path(&self.frame, line), color, feature);
        }
    }

    /// Adds what stands at a node of a network.
    pub fn add_device(&mut self, feature: &FeatureRef<'_>, params: &DeviceParams) {
        let skin = self.skin(feature, params.color, params.is_assumed);
        let [lon, lat, _] = params.at;
        let up = |height: f64| self.frame.from_lonlat([lon, lat, height])[2];
        let stand = device::Stand {
            at: self.frame.from_lonlat(params.at),
            ground: up(params.ground),
            bottom: up(params.bottom),
        };
        for piece in device::pieces(params.element, &stand, skin.color) {
            let device::Piece { form, color, at, scale } = piece;
            let instances = self.devices.entry((form, color)).or_insert_with(|| {
                let prototype = device::prototype(form, color);
                Instances { prototype, places: Vec::new() }
            });
            let scale = scale.map(|x| x as f32);
            instances.places.push(Place { at, turn: 0.0, scale, feature: skin.feature });
        }
    }

    fn skin(&mut self, feature: &FeatureRef<'_>, color: [u8; 4], is_assumed: bool) -> Skin {
        let number = self.number(feature);
        if is_assumed {
            self.table.assume_height(number);
        }
        Skin { color: linear(color), feature: number }
    }

    /// Adds a symbol at a place: longitude and latitude in degrees, ellipsoidal height of its foot in metres.
    pub fn add_symbol(
        &mut self,
        feature: &FeatureRef<'_>,
        symbol: Symbol,
        at: [f64; 3],
        height: f64,
    ) {
        let Symbol::Tree = symbol;
        let number = self.number(feature);
        if self.instances.is_empty() {
            self.instances = (0..tree::VARIETIES)
                .map(|variety| Instances { prototype: tree::prototype(variety), places: vec![] })
                .collect();
        }
        // Which one, and how it is turned, is the feature's for ever.
        let mixed = feature.id.get().wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20;
        let variety = mixed as usize % tree::VARIETIES;
        let turn = (mixed >> 8 & 0xff) as f64 / 256.0 * std::f64::consts::TAU;
        let width = height as f32 * (0.9 + (mixed >> 16 & 0xff) as f32 / 255.0 * 0.25);
        if let Some(instances) = self.instances.get_mut(variety) {
            instances.places.push(Place {
                at: self.frame.from_lonlat(at),
                turn,
                scale: [width, width, height as f32],
                feature: number,
            });
        }
    }

    /// Cuts away what is outside the bounds, degrees.
    pub fn clip(&mut self, bounds: &Bounds) {
        let own = self.plain.entry((false, false)).or_default();
        clip::clip_lines(&mut self.lines, &self.frame, bounds);
        for instances in self.instances.iter_mut().chain(self.devices.values_mut()) {
            clip::split(instances, &self.frame, bounds, own);
        }
        let textured = self.textured.values_mut().map(|(_, batch)| batch);
        for batch in self.plain.values_mut().chain(textured) {
            clip::clip(batch, &self.frame, bounds);
        }
    }

    /// Says how far positions may be off, metres: what is coarse anyway needs no fractions of millimetres.
    pub fn set_tolerance(&mut self, metres: f64) {
        self.tolerance = metres;
    }

    /// Makes the content say itself where on earth its frame is, for tiles that have no transform of their own.
    pub fn set_earth_centred(&mut self) {
        self.is_earth_centred = true;
    }

    /// Returns the number of features so far.
    pub fn features(&self) -> usize {
        self.table.len()
    }

    /// Returns the number of vertices so far, without those of symbols.
    pub fn vertices(&self) -> usize {
        let textured = self.textured.values().map(|(_, batch)| batch);
        self.plain.values().chain(textured).map(|batch| batch.vertices.len()).sum()
    }

    /// Writes the tile as binary glTF. `images` returns the files of textures; a surface whose picture is not there, or is
    /// none, keeps its colour.
    pub fn finish(
        mut self,
        images: &mut dyn FnMut(&BlobRef) -> Option<Vec<u8>>,
        encoding: Encoding,
    ) -> Vec<u8> {
        let own = self.plain.entry((false, false)).or_default();
        for (_, instances) in std::mem::take(&mut self.devices) {
            if instances.places.len() < FEWEST_INSTANCES {
                for place in &instances.places {
                    instances.draw(place, own);
                }
            } else {
                self.instances.push(instances);
            }
        }
        let mut batches: Vec<(Surface, Batch)> = Vec::new();
        for ((translucent, double_sided), batch) in self.plain {
            batches.push((Surface { texture: None, translucent, double_sided }, batch));
        }
        let mut pictures = Vec::new();
        let mut known: BTreeMap<String, Option<usize>> = BTreeMap::new();
        let (mut atlas, mut laid) = (Atlas::default(), Vec::new());
        let mut numbers: BTreeMap<String, Option<usize>> = BTreeMap::new();
        for ((hash, wrap, translucent, double_sided), (blob, batch)) in self.textured {
            if encoding == Encoding::Compact && is_within(&batch) {
                let number = *numbers.entry(hash).or_insert_with(|| {
                    Some(atlas.add(images(&blob).and_then(|file| images::decode(&file))?))
                });
                laid.push((number, wrap, translucent, double_sided, batch));
                continue;
            }
            let picture = *known.entry(hash).or_insert_with(|| {
                let picture = images(&blob).and_then(|file| images::prepare(&file, encoding))?;
                pictures.push(picture);
                Some(pictures.len() - 1)
            });
            let texture = picture.map(|picture| (picture, wrap));
            batches.push((Surface { texture, translucent, double_sided }, batch));
        }
        let (slots, sheets) = atlas.finish();
        let mut merged: BTreeMap<Surface, Batch> = BTreeMap::new();
        for (number, wrap, translucent, double_sided, mut batch) in laid {
            let slot = number.and_then(|number| slots.get(number));
            if let Some(slot) = slot {
                for vertex in &mut batch.vertices {
                    let uv = vertex.uv;
                    vertex.uv = std::array::from_fn(|k| uv[k] * slot.scale[k] + slot.offset[k]);
                }
            }
            let texture = slot.map(|slot| {
                (pictures.len() + slot.sheet, if slot.is_alone { wrap } else { CLAMP })
            });
            let surface = Surface { texture, translucent, double_sided };
            merged.entry(surface).or_default().add(batch.vertices, batch.triangles);
        }
        pictures.extend(sheets);
        batches.extend(merged);
        batches.retain(|(_, batch)| !batch.triangles.is_empty());
        let (instances, lines, table) = (self.instances, self.lines, &self.table);
        let placement = self.is_earth_centred.then_some(&self.frame);
        let tolerance = self.tolerance;
        let batches =
            batches.into_iter().map(|(surface, batch)| (surface, batch.by_kind())).collect();
        let scene =
            Scene { batches, lines, images: pictures, instances, table, placement, tolerance };
        gltf::write(scene, encoding)
    }

    fn number(&mut self, feature: &FeatureRef<'_>) -> u16 {
        self.table.row(feature)
    }
}

fn part_color(part: Part, params: &SolidParams) -> [u8; 4] {
    match part {
        Part::Roof => params.roof_color,
        Part::Ground | Part::OuterFloor | Part::Traffic => [168, 164, 158, 255],
        Part::Window => [132, 158, 178, 255],
        Part::Door => [120, 88, 62, 255],
        Part::Water => [122, 170, 205, 255],
        _ => params.wall,
    }
}

/// Returns a centre line in a frame, in pieces that are short enough to follow the ground.
fn path(frame: &LocalFrame, line: &[[f64; 3]]) -> Vec<[f64; 3]> {
    let mut path: Vec<[f64; 3]> = Vec::with_capacity(line.len());
    let mut before: Option<([f64; 3], [f64; 3])> = None;
    for &corner in line {
        let at = frame.from_lonlat(corner);
        if let Some((from, place)) = before {
            let step: [f64; 3] = std::array::from_fn(|i| at[i] - place[i]);
            let length = libm::sqrt(step.iter().map(|x| x * x).sum());
            let count = (length / LONGEST_PIECE).ceil().clamp(1.0, MOST_PIECES) as u32;
            path.extend((1..count).map(|i| {
                let t = f64::from(i) / f64::from(count);
                frame.from_lonlat(std::array::from_fn(|k| from[k] + (corner[k] - from[k]) * t))
            }));
        }
        path.push(at);
        before = Some((corner, at));
    }
    path
}

/// Tells whether no texture coordinate is beyond the picture.
fn is_within(batch: &Batch) -> bool {
    const NEARLY: f32 = 1e-4;
    let within = |x: &f32| (-NEARLY..=1.0 + NEARLY).contains(x);
    batch.vertices.iter().flat_map(|vertex| &vertex.uv).all(within)
}
