//! Shapes in 3D: meshes with materials, in several levels of detail.

use serde::{Deserialize, Serialize};

use crate::BlobRef;

/// A feature's shapes in 3D.
///
/// What the positions are measured in depends on where the model is: a reader emits them in the CRS of the source,
/// as `[x, y, z]` in the layer's axis order; in the store they are an [`AnchoredModel`]'s.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Model {
    /// What the patches of all levels are made of.
    pub materials: Vec<Material>,
    /// The levels of detail, coarsest first; none is empty.
    pub lods: Vec<Lod>,
}

/// One level of detail of a model.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Lod {
    /// The level as its source calls it: `1`, `2.2`, `3`.
    pub level: String,
    /// The shape.
    pub mesh: Mesh,
}

/// Triangles in patches.
///
/// Positions of one patch are its own (no two patches share an index), so that each has its own
/// normals and texture coordinates.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Mesh {
    /// Corners of triangles.
    pub positions: Vec<[f64; 3]>,
    /// Unit normals, in the axes of the positions: empty, or one for each position. Without them faces are flat.
    pub normals: Vec<[f32; 3]>,
    /// Texture coordinates, u to the right and v down from the upper left corner of the image (as in glTF): empty, or
    /// one for each position.
    pub uvs: Vec<[f32; 2]>,
    /// Triples of positions, counter-clockwise seen from outside.
    pub triangles: Vec<[u32; 3]>,
    /// What the triangles are part of, in their order; the last ends with the last triangle.
    pub patches: Vec<Patch>,
}

/// Consecutive triangles of one surface and material.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patch {
    /// Exclusive end of its triangles.
    pub end: u32,
    /// What part of the thing it is.
    pub surface: Surface,
    /// Position of its material in [`Model::materials`]; `None` for the layer's own colours.
    pub material: Option<u32>,
}

/// What part of a building or other thing a surface is: the thematic surfaces of CityGML 2.0 (OGC 12-019, clause 10.3.3)
/// and CityJSON 2.0 (clause 3.3), those of other modules as `Other`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Surface {
    /// Not said.
    #[default]
    Unknown = 0,
    /// Roof.
    Roof = 1,
    /// Outer wall.
    Wall = 2,
    /// Bottom, where the thing meets the ground.
    Ground = 3,
    /// Closes a volume where there is nothing in reality.
    Closure = 4,
    /// Ceiling seen from outside, such as under a balcony.
    OuterCeiling = 5,
    /// Floor seen from outside, such as a loggia's.
    OuterFloor = 6,
    /// Window.
    Window = 7,
    /// Door.
    Door = 8,
    /// Wall, floor or ceiling of a room.
    Interior = 9,
    /// Surface of water.
    Water = 10,
    /// Surface of a road, railway or square.
    Traffic = 11,
    /// Anything else.
    Other = 12,
}

impl Surface {
    /// All surfaces, by their number.
    pub const ALL: [Self; 13] = [
        Self::Unknown,
        Self::Roof,
        Self::Wall,
        Self::Ground,
        Self::Closure,
        Self::OuterCeiling,
        Self::OuterFloor,
        Self::Window,
        Self::Door,
        Self::Interior,
        Self::Water,
        Self::Traffic,
        Self::Other,
    ];

    /// Returns the surface of a number.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }
}

/// What a surface is made of.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Material {
    /// Red, green, blue, alpha: sRGB; multiplied with the texture where there is one.
    pub color: [u8; 4],
    /// Picture on it.
    pub texture: Option<Texture>,
    /// Whether it is seen from behind, too.
    pub double_sided: bool,
}

impl Default for Material {
    fn default() -> Self {
        Self { color: [255; 4], texture: None, double_sided: false }
    }
}

/// A picture on a surface.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Texture {
    /// The image file (PNG, JPEG or WebP), kept by the store.
    pub image: BlobRef,
    /// What is shown beyond its edges.
    pub wrap: Wrap,
}

/// What a texture shows where its coordinates leave the image.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Wrap {
    /// The image again.
    #[default]
    Repeat,
    /// The image mirrored, again and again.
    Mirror,
    /// The pixels of its edge.
    Clamp,
}

/// A model in the store.
///
/// Its positions are metres east, north and up of the anchor: a right-handed frame that touches the ellipsoid below the
/// anchor (ENU), in which an earth-centred place is a rotation and a translation away.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct AnchoredModel {
    /// Longitude and latitude in degrees, ellipsoidal height in metres.
    pub anchor: [f64; 3],
    /// The shapes.
    pub model: Model,
}

impl Mesh {
    /// Appends a patch with triangles over its own positions.
    pub fn push(
        &mut self,
        surface: Surface,
        material: Option<u32>,
        positions: &[[f64; 3]],
        triangles: &[[u32; 3]],
    ) {
        let base = self.positions.len() as u32;
        self.positions.extend_from_slice(positions);
        self.triangles.extend(triangles.iter().map(|t| t.map(|i| base + i)));
        self.patches.push(Patch { end: self.triangles.len() as u32, surface, material });
    }

    /// Returns the triangles of each patch.
    pub fn patches(&self) -> impl Iterator<Item = (Patch, &[[u32; 3]])> {
        let mut start = 0;
        self.patches.iter().map(move |&patch| {
            let triangles = self.triangles.get(start..patch.end as usize).unwrap_or(&[]);
            start = patch.end as usize;
            (patch, triangles)
        })
    }

    /// Tells whether indices, ends and lengths fit together and all numbers are finite.
    pub fn is_well_formed(&self) -> bool {
        let (positions, triangles) = (self.positions.len(), self.triangles.len());
        let each = |len: usize| len == 0 || len == positions;
        let mut last = 0;
        let ends_rise = self.patches.iter().all(|patch| {
            let rises = patch.end >= last;
            last = patch.end;
            rises
        });
        each(self.normals.len())
            && each(self.uvs.len())
            && ends_rise
            && last as usize == triangles
            && self.triangles.iter().flatten().all(|&i| (i as usize) < positions)
            && self.positions.iter().flatten().all(|x| x.is_finite())
            && self.normals.iter().flatten().all(|x| x.is_finite())
            && self.uvs.iter().flatten().all(|x| x.is_finite())
    }
}

impl Model {
    /// Tells whether every level has triangles that fit together, of materials that exist.
    pub fn is_well_formed(&self) -> bool {
        let known = |patch: &Patch| {
            patch.material.is_none_or(|material| (material as usize) < self.materials.len())
        };
        !self.lods.is_empty()
            && self.lods.iter().all(|lod| {
                let mesh = &lod.mesh;
                !mesh.triangles.is_empty()
                    && mesh.is_well_formed()
                    && mesh.patches.iter().all(known)
            })
    }

    /// Returns the finest level.
    pub fn finest(&self) -> Option<&Lod> {
        self.lods.last()
    }
}
