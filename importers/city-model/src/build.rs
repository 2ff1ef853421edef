//! Makes models of polygons in space and of triangles.

use std::hash::Hasher as _;

use earcut::Earcut;
use hashbrown::HashTable;
use onemap_model::{Lod, Material, Mesh, Model, Patch, Surface};
use rustc_hash::{FxHashMap, FxHasher};

use crate::limits;

/// Puts the surfaces of one object together, level by level.
///
/// Surfaces of one kind and material become one patch, whatever order they come in; corners at one place are kept once
/// in a patch. Positions are kept as they come, bit by bit.
#[derive(Default)]
pub(crate) struct ModelBuilder {
    materials: Vec<Material>,
    material_numbers: FxHashMap<Material, u32>,
    levels: Vec<Level>,
    dropped: usize,
    flattened: Flattened,
}

/// One level of detail.
struct Level {
    name: String,
    patches: Vec<PatchOf>,
    numbers: FxHashMap<(Surface, Option<u32>), usize>,
    corners: usize,
}

/// The triangles of one kind and material.
struct PatchOf {
    surface: Surface,
    material: Option<u32>,
    positions: Vec<[f64; 3]>,
    /// As many as positions.
    uvs: Vec<[f32; 2]>,
    normals: Vec<[f32; 3]>,
    has_uvs: bool,
    has_normals: bool,
    triangles: Vec<[u32; 3]>,
    /// Numbers of the corners, by what they are.
    known: HashTable<u32>,
}

/// A corner of a triangle.
#[derive(Debug, Clone, Copy)]
struct Corner {
    position: [f64; 3],
    uv: [f32; 2],
    normal: [f32; 3],
}

impl Corner {
    fn hash(&self) -> u64 {
        let mut hasher = FxHasher::default();
        for x in self.position {
            hasher.write_u64(x.to_bits());
        }
        for x in self.uv.iter().chain(&self.normal).filter(|x| **x != 0.0) {
            hasher.write_u32(x.to_bits());
        }
        hasher.finish()
    }

    /// Tells whether another corner is the same, bit by bit.
    fn is(&self, other: &Self) -> bool {
        self.position.map(f64::to_bits) == other.position.map(f64::to_bits)
            && self.uv.map(f32::to_bits) == other.uv.map(f32::to_bits)
            && self.normal.map(f32::to_bits) == other.normal.map(f32::to_bits)
    }
}

/// Triangles that a source has made itself.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Triangles<'a> {
    /// Corners.
    pub(crate) positions: &'a [[f64; 3]],
    /// Empty, or one for each position.
    pub(crate) normals: &'a [[f32; 3]],
    /// Empty, or one for each position; v down.
    pub(crate) uvs: &'a [[f32; 2]],
    /// Triples of positions, counter-clockwise seen from outside.
    pub(crate) indices: &'a [[u32; 3]],
}

impl ModelBuilder {
    /// Returns the number of a material of the model that is being built.
    pub(crate) fn material(&mut self, material: Material) -> u32 {
        if let Some(&number) = self.material_numbers.get(&material) {
            return number;
        }
        let number = self.materials.len() as u32;
        self.materials.push(material.clone());
        self.material_numbers.insert(material, number);
        number
    }

    /// Sets how many metres a unit of each axis is for the polygons that follow, `None` for the same everywhere. In
    /// degrees a roof would be taken for a wall, and what is not quite flat would be cut wrongly.
    pub(crate) fn measure_by(&mut self, metres_per_unit: Option<[f64; 3]>) {
        self.flattened.metres_per_unit = metres_per_unit;
    }

    /// Adds a flat polygon: the outer ring, counter-clockwise seen from outside, then its holes. Rings may be closed by
    /// their first corner again or not. `uvs` has as many rings and corners, v down as in [`Mesh::uvs`].
    ///
    /// Rings without an area (less than three places, or all on one line) are left out and counted.
    ///
    /// # Errors
    /// When a coordinate is no number, or the object has too many corners. Nothing is added then.
    pub(crate) fn polygon(
        &mut self,
        lod: &str,
        surface: Surface,
        material: Option<u32>,
        rings: &[Vec<[f64; 3]>],
        uvs: Option<&[Vec<[f32; 2]>]>,
    ) -> Result<(), &'static str> {
        self.shaded(lod, surface, material, rings, uvs, None)
    }

    /// Adds a polygon as [`ModelBuilder::polygon`] does, with normals for its corners.
    pub(crate) fn shaded(
        &mut self,
        lod: &str,
        surface: Surface,
        material: Option<u32>,
        rings: &[Vec<[f64; 3]>],
        uvs: Option<&[Vec<[f32; 2]>]>,
        normals: Option<&[Vec<[f32; 3]>]>,
    ) -> Result<(), &'static str> {
        check(rings.iter().flatten().flatten().copied())?;
        let uvs = uvs.filter(|uvs| fits(rings, uvs));
        let normals = normals.filter(|normals| fits(rings, normals));
        let mut flattened = std::mem::take(&mut self.flattened);
        self.dropped += flattened.polygon(rings, uvs, normals);
        let result = if flattened.triangles.is_empty() {
            Ok(())
        } else {
            let triangles = Triangles {
                positions: &flattened.positions,
                normals: &flattened.normals,
                uvs: &flattened.uvs,
                indices: flattened.triangles.as_chunks().0,
            };
            self.add(lod, surface, material, &triangles)
        };
        self.flattened = flattened;
        result
    }

    /// Adds triangles.
    ///
    /// # Errors
    /// As [`ModelBuilder::polygon`], and when an index is out of range. Nothing is added then.
    pub(crate) fn triangles(
        &mut self,
        lod: &str,
        surface: Surface,
        material: Option<u32>,
        triangles: &Triangles<'_>,
    ) -> Result<(), &'static str> {
        let count = triangles.positions.len();
        if !triangles.indices.iter().flatten().all(|&i| (i as usize) < count) {
            return Err("a triangle refers to a vertex that does not exist");
        }
        let used = || triangles.indices.iter().flatten().map(|&i| i as usize);
        check(used().flat_map(|i| triangles.positions[i]))?;
        let fits = |len: usize| len == count;
        let finite = |numbers: &[f32]| numbers.iter().all(|x| x.is_finite());
        let uvs = if fits(triangles.uvs.len()) && triangles.uvs.iter().all(|uv| finite(uv)) {
            triangles.uvs
        } else {
            &[]
        };
        let normals =
            if fits(triangles.normals.len()) && triangles.normals.iter().all(|n| finite(n)) {
                triangles.normals
            } else {
                &[]
            };
        self.add(lod, surface, material, &Triangles { normals, uvs, ..*triangles })
    }

    /// Adds triangles whose numbers are checked.
    fn add(
        &mut self,
        lod: &str,
        surface: Surface,
        material: Option<u32>,
        triangles: &Triangles<'_>,
    ) -> Result<(), &'static str> {
        let level = self.level(lod);
        if level.corners + triangles.indices.len() * 3 > limits::MAX_CORNERS {
            return Err("it has too many surfaces; divide it");
        }
        level.corners += triangles.indices.len() * 3;
        let patch = level.patch(surface, material);
        for triangle in triangles.indices {
            let corners = triangle.map(|i| patch.corner(triangles, i as usize));
            let [a, b, c] = corners;
            if a != b && b != c && c != a {
                patch.triangles.push(corners);
            }
        }
        Ok(())
    }

    fn level(&mut self, name: &str) -> &mut Level {
        let found = self.levels.iter().position(|level| level.name == name);
        let at = found.unwrap_or_else(|| {
            self.levels.push(Level {
                name: name.to_owned(),
                patches: Vec::new(),
                numbers: FxHashMap::default(),
                corners: 0,
            });
            self.levels.len() - 1
        });
        &mut self.levels[at]
    }

    /// Returns how many rings had no area since the last call.
    pub(crate) fn take_dropped(&mut self) -> usize {
        std::mem::take(&mut self.dropped)
    }

    /// Returns the model of what was added, its levels coarsest first, and begins anew. `None` where nothing has an
    /// area.
    pub(crate) fn finish(&mut self) -> Option<Model> {
        self.material_numbers.clear();
        let mut levels = std::mem::take(&mut self.levels);
        levels.sort_by(|a, b| {
            fineness(&a.name).total_cmp(&fineness(&b.name)).then_with(|| a.name.cmp(&b.name))
        });
        let mut model = Model { materials: std::mem::take(&mut self.materials), lods: Vec::new() };
        for level in levels {
            let mesh = level.mesh();
            if !mesh.triangles.is_empty() {
                model.lods.push(Lod { level: level.name, mesh });
            }
        }
        (!model.lods.is_empty()).then_some(model)
    }
}

/// Returns how fine a level is: its number, `-1` for a name that is none.
pub(crate) fn fineness(level: &str) -> f64 {
    level.parse().ok().filter(|x: &f64| x.is_finite()).unwrap_or(-1.0)
}

/// Returns the level of the city information model (CIM 1 to 7, as in China's technical guideline for CIM platforms) that
/// a level of detail of CityGML or CityJSON corresponds to.
pub(crate) fn cim_level(lod: &str) -> i64 {
    match fineness(lod) as i64 {
        ..=1 => 2,
        2 => 3,
        3 => 4,
        _ => 5,
    }
}

impl Level {
    fn patch(&mut self, surface: Surface, material: Option<u32>) -> &mut PatchOf {
        let next = self.patches.len();
        let at = *self.numbers.entry((surface, material)).or_insert(next);
        if at == next {
            self.patches.push(PatchOf {
                surface,
                material,
                positions: Vec::new(),
                uvs: Vec::new(),
                normals: Vec::new(),
                has_uvs: false,
                has_normals: true,
                triangles: Vec::new(),
                known: HashTable::new(),
            });
        }
        &mut self.patches[at]
    }

    fn mesh(&self) -> Mesh {
        let mut mesh = Mesh::default();
        let has_uvs = self.patches.iter().any(|patch| patch.has_uvs);
        // A face without normals among some with would have to make its own: all faces are flat then.
        let has_normals = self.patches.iter().all(|patch| patch.has_normals);
        for patch in self.patches.iter().filter(|patch| !patch.triangles.is_empty()) {
            let base = mesh.positions.len() as u32;
            mesh.positions.extend_from_slice(&patch.positions);
            if has_uvs {
                mesh.uvs.extend_from_slice(&patch.uvs);
            }
            if has_normals {
                mesh.normals.extend_from_slice(&patch.normals);
            }
            mesh.triangles.extend(patch.triangles.iter().map(|t| t.map(|i| base + i)));
            mesh.patches.push(Patch {
                end: mesh.triangles.len() as u32,
                surface: patch.surface,
                material: patch.material,
            });
        }
        mesh
    }
}

impl PatchOf {
    fn corner(&mut self, from: &Triangles<'_>, i: usize) -> u32 {
        let position = from.positions.get(i).copied().unwrap_or_default();
        let uv = from.uvs.get(i).copied().unwrap_or_default();
        let normal = from.normals.get(i).copied().unwrap_or_default();
        self.has_normals &= !from.normals.is_empty();
        self.has_uvs |= !from.uvs.is_empty();
        let corner = Corner { position, uv, normal };
        let Self { positions, uvs, normals, known, .. } = self;
        let at = |number: u32| {
            let i = number as usize;
            Corner { position: positions[i], uv: uvs[i], normal: normals[i] }
        };
        let hash = corner.hash();
        if let Some(&number) = known.find(hash, |&number| at(number).is(&corner)) {
            return number;
        }
        let number = positions.len() as u32;
        known.insert_unique(hash, number, |&number| at(number).hash());
        positions.push(position);
        uvs.push(uv);
        normals.push(normal);
        number
    }
}

/// Refuses coordinates that no map has: squares of them would be no numbers.
fn check(mut coordinates: impl Iterator<Item = f64> + Clone) -> Result<(), &'static str> {
    if !coordinates.clone().all(f64::is_finite) {
        return Err("a coordinate is not a number");
    }
    if !coordinates.all(|x| x.abs() <= limits::MAX_COORDINATE) {
        return Err("a coordinate lies beyond every map");
    }
    Ok(())
}

/// Tells whether there is something finite for every corner.
fn fits<const N: usize>(rings: &[Vec<[f64; 3]>], others: &[Vec<[f32; N]>]) -> bool {
    others.len() == rings.len()
        && others.iter().zip(rings).all(|(others, ring)| others.len() == ring.len())
        && others.iter().flatten().flatten().all(|x| x.is_finite())
}

/// A polygon cut into triangles, with what that takes; kept for the next one.
#[derive(Default)]
struct Flattened {
    metres_per_unit: Option<[f64; 3]>,
    positions: Vec<[f64; 3]>,
    /// The positions in units that are the same along all axes.
    measured: Vec<[f64; 3]>,
    /// Empty, or as many as positions.
    uvs: Vec<[f32; 2]>,
    /// Empty, or as many as positions.
    normals: Vec<[f32; 3]>,
    plane: Vec<[f64; 2]>,
    holes: Vec<u32>,
    triangles: Vec<u32>,
    earcut: Earcut<f64>,
}

impl Flattened {
    /// Cuts a polygon; returns the number of rings left out.
    fn polygon(
        &mut self,
        rings: &[Vec<[f64; 3]>],
        uvs: Option<&[Vec<[f32; 2]>]>,
        normals: Option<&[Vec<[f32; 3]>]>,
    ) -> usize {
        self.truncate(0);
        self.plane.clear();
        self.holes.clear();
        self.triangles.clear();
        let mut plane = None;
        let mut dropped = 0;
        for (i, ring) in rings.iter().enumerate() {
            let start = self.positions.len();
            self.ring(
                ring,
                uvs.and_then(|uvs| uvs.get(i)),
                normals.and_then(|normals| normals.get(i)),
            );
            let found = self.plane_from(start);
            match (found, plane) {
                (Some(found), None) if i == 0 => plane = Some(found),
                (Some(_), Some(_)) => self.holes.push(start as u32),
                _ if i == 0 => return rings.len(),
                _ => {
                    dropped += 1;
                    self.truncate(start);
                }
            }
        }
        let Some((u, v)) = plane else { return 1 };
        if self.positions.len() == 3 {
            self.triangles.extend([0, 1, 2]);
            return dropped;
        }
        self.measure(0);
        let origin = self.measured.first().copied().unwrap_or_default();
        self.plane.extend(self.measured.iter().map(|&at| {
            let at = minus(at, origin);
            [dot(at, u), dot(at, v)]
        }));
        self.earcut.earcut(self.plane.iter().copied(), &self.holes, &mut self.triangles);
        for triangle in self.triangles.chunks_exact_mut(3) {
            if let [a, b, c] = triangle {
                let at = |i: &u32| self.plane.get(*i as usize).copied().unwrap_or_default();
                let (p, q, r) = (at(a), at(b), at(c));
                let area = (q[0] - p[0]) * (r[1] - p[1]) - (r[0] - p[0]) * (q[1] - p[1]);
                if area < 0.0 {
                    std::mem::swap(b, c);
                }
            }
        }
        dropped + usize::from(self.triangles.is_empty())
    }

    fn truncate(&mut self, length: usize) {
        self.positions.truncate(length);
        self.uvs.truncate(length);
        self.normals.truncate(length);
    }

    /// Returns the plane of the positions from one on.
    fn plane_from(&mut self, start: usize) -> Option<([f64; 3], [f64; 3])> {
        self.measure(start);
        plane_of(&self.measured)
    }

    fn measure(&mut self, start: usize) {
        let [x, y, z] = self.metres_per_unit.unwrap_or([1.0; 3]);
        let positions = self.positions.get(start..).unwrap_or_default();
        self.measured.clear();
        self.measured.extend(positions.iter().map(|at| [at[0] * x, at[1] * y, at[2] * z]));
    }

    /// Takes a ring without what repeats.
    fn ring(
        &mut self,
        ring: &[[f64; 3]],
        uvs: Option<&Vec<[f32; 2]>>,
        normals: Option<&Vec<[f32; 3]>>,
    ) {
        let start = self.positions.len();
        for (i, &at) in ring.iter().enumerate() {
            if self.positions.len() > start && self.positions.last() == Some(&at) {
                continue;
            }
            self.positions.push(at);
            self.uvs.extend(uvs.map(|uvs| uvs.get(i).copied().unwrap_or_default()));
            self.normals.extend(normals.map(|all| all.get(i).copied().unwrap_or_default()));
        }
        if self.positions.len() > start + 1 && self.positions.last() == self.positions.get(start) {
            self.truncate(self.positions.len() - 1);
        }
    }
}

/// Returns two directions in the plane of a ring, at right angles, so that it is counter-clockwise in them; `None` for a
/// ring without area. The normal is Newell's (Graphics Gems III, V.5).
fn plane_of(ring: &[[f64; 3]]) -> Option<([f64; 3], [f64; 3])> {
    let origin = *ring.first()?;
    let mut normal = [0.0; 3];
    let mut longest = 0.0_f64;
    for (i, &at) in ring.iter().enumerate() {
        let (a, b) = (minus(at, origin), minus(ring[(i + 1) % ring.len()], origin));
        longest = longest.max(dot(a, a));
        let turn = cross(a, b);
        normal = [normal[0] + turn[0], normal[1] + turn[1], normal[2] + turn[2]];
    }
    let length = dot(normal, normal).sqrt();
    // Less than rounding makes of places on one line: coordinates of city models have 52 bits for some 10,000 km.
    let scale = origin.iter().fold(1.0_f64, |most, x| most.max(x.abs()));
    if ring.len() < 3 || length <= scale * f64::EPSILON * longest.sqrt() || length == 0.0 {
        return None;
    }
    let normal = normal.map(|x| x / length);
    let along = if normal[0].abs() < 0.6 { [1.0, 0.0, 0.0] } else { [0.0, 1.0, 0.0] };
    let u = cross(along, normal);
    let length = dot(u, u).sqrt();
    let u = u.map(|x| x / length);
    Some((u, cross(normal, u)))
}

fn minus(a: [f64; 3], b: [f64; 3]) -> [f64; 3] {
    [a[0] - b[0], a[1] - b[1], a[2] - b[2]]
}

fn dot(a: [f64; 3], b: [f64; 3]) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

fn cross(a: [f64; 3], b: [f64; 3]) -> [f64; 3] {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

#[cfg(test)]
mod tests;
