//! The faces of a model, put into batches so that they take few bytes.

use onemap_model::Mesh;

use crate::batch::{Batch, Vertex, normal};

/// Normals of triangles of one plane differ by less, in any of their numbers.
const ONE_PLANE: f32 = 0.002;
/// Numbers of places that differ by less, metres, are written as the same or nearly so.
const NEARLY: f64 = 0.001;

/// A mesh in a tile's frame, and what that takes; kept for the next one.
#[derive(Default)]
pub(crate) struct Shaper {
    places: Vec<[f64; 3]>,
    /// For each place the face in which it was last used, and its vertex there.
    slots: Vec<(u32, u32)>,
    face: u32,
    triangles: Vec<[u32; 3]>,
}

/// What the vertices of a patch have in common.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Paint {
    /// Light, not sRGB.
    pub(crate) color: [u8; 4],
    pub(crate) feature: u16,
}

impl Shaper {
    /// Takes the positions of a mesh, brought to the tile's frame by a rotation and translation, column by column.
    pub(crate) fn place(&mut self, mesh: &Mesh, m: &[f64; 16]) {
        self.places.clear();
        self.places.extend(mesh.positions.iter().map(|&at| {
            let [x, y, z] = turned(m, at);
            [x + m[12], y + m[13], z + m[14]]
        }));
        self.slots.clear();
        self.slots.resize(self.places.len(), (0, 0));
        self.face = 0;
    }

    /// Adds triangles of the mesh that was placed. Those that follow each other in one plane are one face and share its corners;
    /// corners of an edge between faces are not shared, unless the mesh has normals of its own.
    pub(crate) fn add(
        &mut self,
        batch: &mut Batch,
        mesh: &Mesh,
        m: &[f64; 16],
        triangles: &[[u32; 3]],
        paint: Paint,
    ) {
        if !mesh.normals.is_empty() {
            let turn = |i: u32| {
                let own = mesh.normals.get(i as usize).copied().unwrap_or_default();
                turned(m, own.map(f64::from)).map(|x| x as f32)
            };
            let solid = |t: &&[u32; 3]| self.normal(**t).is_some();
            let triangles: Vec<[u32; 3]> = triangles.iter().filter(solid).copied().collect();
            self.face(batch, mesh, &triangles, &turn, paint);
            return;
        }
        let mut face = std::mem::take(&mut self.triangles);
        face.clear();
        let mut plane = [0.0_f32; 3];
        for &triangle in triangles {
            let Some(own) = self.normal(triangle) else { continue };
            let is_same = plane.iter().zip(own).all(|(a, b)| (a - b).abs() < ONE_PLANE);
            if !face.is_empty() && !is_same {
                self.flat(batch, mesh, (&face, &triangle), plane, paint);
                face.clear();
            }
            if face.is_empty() {
                plane = own;
            }
            face.push(triangle);
        }
        self.flat(batch, mesh, (&face, &[]), plane, paint);
        self.triangles = face;
    }

    fn normal(&self, triangle: [u32; 3]) -> Option<[f32; 3]> {
        let [a, b, c] = triangle.map(|i| self.at(i));
        normal(a, b, c)
    }

    fn at(&self, i: u32) -> [f64; 3] {
        self.places.get(i as usize).copied().unwrap_or_default()
    }

    /// Adds a face of one plane; `next` are corners of the one after it.
    fn flat(
        &mut self,
        batch: &mut Batch,
        mesh: &Mesh,
        (triangles, next): (&[[u32; 3]], &[u32]),
        plane: [f32; 3],
        paint: Paint,
    ) {
        let quad = match *triangles {
            [first, second] => quad(first, second),
            _ => None,
        };
        if let Some(ring) = quad.and_then(|ring| self.turned_to(batch, (ring, next), plane)) {
            let vertices = ring.map(|i| self.vertex(mesh, i, plane, paint));
            batch.add(vertices, [[0, 1, 2], [0, 2, 3]]);
        } else {
            self.face(batch, mesh, triangles, &|_| plane, paint);
        }
    }

    /// Adds triangles; corners at one place are one vertex.
    fn face(
        &mut self,
        batch: &mut Batch,
        mesh: &Mesh,
        triangles: &[[u32; 3]],
        normal: &impl Fn(u32) -> [f32; 3],
        paint: Paint,
    ) {
        self.face += 1;
        for &triangle in triangles {
            let corners = triangle.map(|i| {
                let next = batch.vertices.len() as u32;
                let vertex = self.vertex(mesh, i, normal(i), paint);
                match self.slots.get_mut(i as usize) {
                    Some((face, known)) if *face == self.face => return *known,
                    Some(slot) => *slot = (self.face, next),
                    None => {}
                }
                batch.vertices.push(vertex);
                next
            });
            batch.triangles.push(corners);
        }
    }

    fn vertex(&self, mesh: &Mesh, i: u32, normal: [f32; 3], paint: Paint) -> Vertex {
        Vertex {
            position: self.at(i),
            normal,
            color: paint.color,
            uv: mesh.uvs.get(i as usize).copied().unwrap_or_default(),
            feature: paint.feature,
        }
    }

    /// Turns a ring of four so that few numbers change from corner to corner, from the last vertex to its first one, and from
    /// its last one to the next face: vertices are packed as differences from the one before. `None` when the ring cannot
    /// be cut from its first corner.
    fn turned_to(
        &self,
        batch: &Batch,
        (ring, next): ([u32; 4], &[u32]),
        plane: [f32; 3],
    ) -> Option<[u32; 4]> {
        let turned = |by: usize| std::array::from_fn(|i| ring[(i + by) % 4]);
        let is_cut = |[a, b, c, d]: [u32; 4]| {
            let is_front = |triangle| {
                let own = self.normal(triangle);
                own.is_some_and(|own| own.iter().zip(plane).map(|(a, b)| a * b).sum::<f32>() > 0.5)
            };
            is_front([a, b, c]) && is_front([a, c, d])
        };
        let last = batch.vertices.last().map(|vertex| vertex.position);
        let apart = |a: [f64; 3], b: [f64; 3], of: usize| {
            (0..of).filter(|&k| (a[k] - b[k]).abs() > NEARLY).count()
        };
        let changes = |ring: &[u32; 4]| {
            let ring = ring.map(|i| self.at(i));
            let within: usize = ring.windows(2).map(|pair| apart(pair[0], pair[1], 3)).sum();
            let before = last.map_or(0, |last| apart(last, ring[0], 3));
            // Of the next face one triangle is known: above or below one of its corners is near enough.
            let after = next.iter().map(|&i| apart(ring[3], self.at(i), 2)).min().unwrap_or(0);
            before + within + after
        };
        let mut turns: [[u32; 4]; 4] = std::array::from_fn(turned);
        turns.sort_by_cached_key(changes);
        turns.into_iter().find(|&ring| is_cut(ring))
    }
}

/// Returns the ring of two triangles that share an edge.
fn quad(first: [u32; 3], second: [u32; 3]) -> Option<[u32; 4]> {
    let edge = |t: [u32; 3], i: usize| [t[i % 3], t[(i + 1) % 3], t[(i + 2) % 3]];
    for i in 0..3 {
        let [p, q, r] = edge(first, i);
        for k in 0..3 {
            let [a, b, s] = edge(second, k);
            if (a, b) == (q, p) && s != r {
                return Some([r, p, s, q]);
            }
        }
    }
    None
}

/// Turns a direction by a matrix.
fn turned(m: &[f64; 16], [x, y, z]: [f64; 3]) -> [f64; 3] {
    std::array::from_fn(|i| m[i] * x + m[4 + i] * y + m[8 + i] * z)
}

#[cfg(test)]
mod tests {
    use super::*;
    use onemap_model::Surface;

    const STAY: [f64; 16] =
        [1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0];
    const PAINT: Paint = Paint { color: [255; 4], feature: 3 };

    fn shaped(positions: &[[f64; 3]], triangles: &[[u32; 3]]) -> Batch {
        let mut mesh = Mesh::default();
        mesh.push(Surface::Wall, None, positions, triangles);
        let (mut shaper, mut batch) = (Shaper::default(), Batch::default());
        shaper.place(&mesh, &STAY);
        shaper.add(&mut batch, &mesh, &STAY, triangles, PAINT);
        batch
    }

    #[test]
    fn walls_follow_each_other_down_and_up() {
        // Two walls around a corner, each of two triangles cut either way.
        let positions = [
            [0.0, 0.0, 0.0],
            [5.0, 1.0, 0.0],
            [5.0, 1.0, 3.0],
            [0.0, 0.0, 3.0],
            [4.0, 6.0, 0.0],
            [4.0, 6.0, 3.0],
        ];
        let batch = shaped(&positions, &[[0, 1, 2], [0, 2, 3], [4, 5, 1], [1, 5, 2]]);
        let places: Vec<[f64; 3]> = batch.vertices.iter().map(|v| v.position).collect();
        let changes = places.windows(2).map(|p| (0..3).filter(|&k| p[0][k] != p[1][k]).count());
        // Up or down, along, up or down; and the second wall begins where the first one ends.
        assert_eq!(changes.collect::<Vec<_>>(), [1, 2, 1, 0, 1, 2, 1]);
        assert_eq!(batch.triangles, [[0, 1, 2], [0, 2, 3], [4, 5, 6], [4, 6, 7]]);
        for triangle in &batch.triangles {
            let [a, b, c] = triangle.map(|i| batch.vertices[i as usize]);
            assert_eq!(normal(a.position, b.position, c.position), Some(a.normal));
        }
    }

    #[test]
    fn a_dart_keeps_the_only_diagonal_it_has() {
        let positions = [[0.0, 0.0, 0.0], [4.0, 4.0, 0.0], [1.0, 1.0, 0.0], [4.0, -4.0, 0.0]];
        let dart = [[0.0, 0.0, 0.0], [9.0, -9.0, 0.0], [3.0, 0.0, 0.0], [9.0, 9.0, 0.0]];
        assert!(shaped(&positions[..3], &[[0, 1, 2]]).triangles.is_empty());
        let batch = shaped(&dart, &[[0, 1, 2], [0, 2, 3]]);
        let up = batch.triangles.iter().map(|t| {
            let [a, b, c] = t.map(|i| batch.vertices[i as usize].position);
            normal(a, b, c).map(|n| n[2])
        });
        assert!(up.eq([Some(1.0), Some(1.0)]), "{batch:?}");
    }

    #[test]
    fn corners_are_shared_within_a_face_only() {
        let roof = [
            [0.0, 0.0, 0.0],
            [8.0, 0.0, 0.0],
            [8.0, 5.0, 3.0],
            [4.0, 5.0, 3.0],
            [0.0, 5.0, 3.0],
            [4.0, 9.0, 0.0],
        ];
        let batch = shaped(&roof, &[[0, 1, 2], [0, 2, 3], [0, 3, 4], [4, 3, 5], [3, 2, 5]]);
        assert_eq!(batch.vertices.len(), 5 + 4);
        assert_eq!(batch.triangles.len(), 5);
    }
}
