//! Nodes of glTF, down to their triangles.

use onemap_model::{Sink, Surface};
use serde_json::Value as Json;

use super::accessor::vectors;
use super::buffers::Buffers;
use super::material::Materials;
use super::{index, indices, list, numbers};
use crate::build::{ModelBuilder, Triangles};
use crate::fault::Fault;
use crate::limits;
use crate::texture::Textures;

/// What brings places of a node to those of the scene: a matrix, column by column.
#[derive(Debug, Clone, Copy)]
pub(super) struct Matrix([f64; 16]);

impl Matrix {
    /// Changes nothing.
    pub(super) const ONE: Self =
        Self([1., 0., 0., 0., 0., 1., 0., 0., 0., 0., 1., 0., 0., 0., 0., 1.]);

    /// Returns the matrix of a node: as it stands, or made of its parts.
    pub(super) fn of_node(node: &Json) -> Result<Self, String> {
        let matrix = match node.get("matrix") {
            Some(_) => Self(numbers(node, "matrix").ok_or("a node's matrix has not 16 numbers")?),
            None => Self::of_parts(
                numbers(node, "translation").unwrap_or([0.0; 3]),
                numbers(node, "rotation").unwrap_or([0.0, 0.0, 0.0, 1.0]),
                numbers(node, "scale").unwrap_or([1.0; 3]),
            ),
        };
        if !matrix.0.iter().all(|x| x.is_finite()) {
            return Err("a node's matrix is not of numbers".to_owned());
        }
        Ok(matrix)
    }

    /// Makes the matrix that scales, turns by a quaternion, and moves.
    pub(super) fn of_parts(t: [f64; 3], [x, y, z, w]: [f64; 4], s: [f64; 3]) -> Self {
        let length = (x * x + y * y + z * z + w * w).sqrt();
        let [x, y, z, w] =
            if length > 0.0 { [x, y, z, w].map(|q| q / length) } else { [0., 0., 0., 1.] };
        let columns = [
            [1.0 - 2.0 * (y * y + z * z), 2.0 * (x * y + z * w), 2.0 * (x * z - y * w)],
            [2.0 * (x * y - z * w), 1.0 - 2.0 * (x * x + z * z), 2.0 * (y * z + x * w)],
            [2.0 * (x * z + y * w), 2.0 * (y * z - x * w), 1.0 - 2.0 * (x * x + y * y)],
        ];
        let [a, b, c] = columns;
        Self([
            a[0] * s[0],
            a[1] * s[0],
            a[2] * s[0],
            0.0, //
            b[0] * s[1],
            b[1] * s[1],
            b[2] * s[1],
            0.0, //
            c[0] * s[2],
            c[1] * s[2],
            c[2] * s[2],
            0.0, //
            t[0],
            t[1],
            t[2],
            1.0,
        ])
    }

    /// Returns the matrix that applies the other first, then this one.
    pub(super) fn times(&self, other: &Self) -> Self {
        Self(std::array::from_fn(|i| {
            let (column, row) = (i / 4, i % 4);
            (0..4).map(|k| self.0[4 * k + row] * other.0[4 * column + k]).sum()
        }))
    }

    fn place(&self, [x, y, z]: [f64; 3]) -> [f64; 3] {
        let m = &self.0;
        std::array::from_fn(|i| m[i] * x + m[4 + i] * y + m[8 + i] * z + m[12 + i])
    }

    /// Returns the columns of the matrix that turns normals: at right angles to surfaces again, whatever scales.
    fn cofactors(&self) -> [[f64; 3]; 3] {
        let column = |i: usize| [self.0[4 * i], self.0[4 * i + 1], self.0[4 * i + 2]];
        let cross = |a: [f64; 3], b: [f64; 3]| {
            [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
        };
        let (a, b, c) = (column(0), column(1), column(2));
        [cross(b, c), cross(c, a), cross(a, b)]
    }

    fn determinant(&self) -> f64 {
        let [c, ..] = self.cofactors();
        self.0[0] * c[0] + self.0[1] * c[1] + self.0[2] * c[2]
    }
}

/// Brings a place or direction with y up to east, north and up.
fn upright([x, y, z]: [f64; 3]) -> [f64; 3] {
    [x, -z, y]
}

/// Goes through nodes and collects their triangles, in metres east, north and up.
pub(super) struct Walker<'a> {
    pub(super) json: &'a Json,
    pub(super) buffers: Buffers<'a>,
    pub(super) materials: Materials,
    pub(super) images: &'a mut Textures,
    pub(super) build: ModelBuilder,
    pub(super) sink: &'a mut dyn Sink,
    /// Nodes met: each has one place in the tree.
    pub(super) visited: Vec<bool>,
    pub(super) corners: usize,
    /// Points and lines.
    pub(super) ignored: usize,
}

impl Walker<'_> {
    /// Adds a node and what is below it.
    pub(super) fn node(&mut self, number: usize, above: Matrix, depth: usize) -> Result<(), Fault> {
        let json = self.json;
        let Some(node) = list(json, "nodes").get(number) else {
            return Err(format!("node {number} is not there").into());
        };
        match self.visited.get_mut(number) {
            Some(visited) if !*visited => *visited = true,
            _ => return Err(format!("node {number} has two places in the tree").into()),
        }
        if depth > limits::MAX_NODE_DEPTH {
            return Err("its nodes are nested too deep".into());
        }
        let matrix = above.times(&Matrix::of_node(node)?);
        if let Some(mesh) = index(node, "mesh") {
            let Some(mesh) = list(json, "meshes").get(mesh) else {
                return Err(
                    format!("node {number} refers to mesh {mesh}, which is not there").into()
                );
            };
            let instances = self.instances(node)?;
            for primitive in list(mesh, "primitives") {
                for instance in &instances {
                    self.primitive(primitive, &matrix.times(instance))?;
                }
            }
        }
        indices(node, "children").try_for_each(|child| self.node(child, matrix, depth + 1))
    }

    /// Returns where a node's mesh is drawn: once, or as EXT_mesh_gpu_instancing says.
    fn instances(&self, node: &Json) -> Result<Vec<Matrix>, String> {
        let attributes = node
            .get("extensions")
            .and_then(|all| all.get("EXT_mesh_gpu_instancing"))
            .and_then(|told| told.get("attributes"));
        let Some(attributes) = attributes else { return Ok(vec![Matrix::ONE]) };
        let moved = self.optional::<3>(attributes, "TRANSLATION")?;
        let turned = self.optional::<4>(attributes, "ROTATION")?;
        let scaled = self.optional::<3>(attributes, "SCALE")?;
        let count = moved.len().max(turned.len()).max(scaled.len());
        let instance = |i: usize| {
            Matrix::of_parts(
                moved.get(i).copied().unwrap_or([0.0; 3]),
                turned.get(i).copied().unwrap_or([0.0, 0.0, 0.0, 1.0]),
                scaled.get(i).copied().unwrap_or([1.0; 3]),
            )
        };
        Ok((0..count).map(instance).collect())
    }

    fn optional<const N: usize>(
        &self,
        attributes: &Json,
        name: &str,
    ) -> Result<Vec<[f64; N]>, String> {
        match index(attributes, name) {
            Some(accessor) => vectors(self.json, &self.buffers, accessor),
            None => Ok(Vec::new()),
        }
    }

    fn primitive(&mut self, primitive: &Json, matrix: &Matrix) -> Result<(), Fault> {
        let mode = index(primitive, "mode").unwrap_or(4);
        if !(4..=6).contains(&mode) {
            self.ignored += 1;
            return Ok(());
        }
        let attributes = primitive.get("attributes").unwrap_or(&Json::Null);
        let Some(position) = index(attributes, "POSITION") else { return Ok(()) };
        let written = vectors::<3>(self.json, &self.buffers, position)?;
        let order: Vec<u32> = match index(primitive, "indices") {
            Some(accessor) => {
                let numbers = vectors::<1>(self.json, &self.buffers, accessor)?;
                numbers.into_iter().map(|[number]| number as u32).collect()
            }
            None => (0..written.len() as u32).collect(),
        };
        self.corners += order.len();
        if self.corners > limits::MAX_DRAWN_CORNERS {
            return Err("it draws too many triangles; divide it".into());
        }
        let mut triangles = triangles(&order, mode);
        if matrix.determinant() < 0.0 {
            for [_, b, c] in &mut triangles {
                std::mem::swap(b, c);
            }
        }
        let paint = match index(primitive, "material") {
            Some(number) => {
                let (json, buffers) = (self.json, &self.buffers);
                self.materials.get(number, json, buffers, self.images, self.sink)?
            }
            None => None,
        };
        let textured = paint.as_ref().filter(|paint| paint.material.texture.is_some());
        let uvs: Vec<[f32; 2]> = match textured {
            Some(paint) => {
                let set = format!("TEXCOORD_{}", paint.set);
                let move_it = |[u, v]: [f64; 2]| match paint.transform {
                    Some([a, b]) => {
                        [a[0] * u + a[1] * v + a[2], b[0] * u + b[1] * v + b[2]].map(|x| x as f32)
                    }
                    None => [u as f32, v as f32],
                };
                self.optional::<2>(attributes, &set)?.into_iter().map(move_it).collect()
            }
            None => Vec::new(),
        };
        let cofactors = matrix.cofactors();
        let sign = matrix.determinant().signum();
        let normals: Vec<[f32; 3]> = self
            .optional::<3>(attributes, "NORMAL")?
            .into_iter()
            .map(|[x, y, z]| {
                let [a, b, c] = cofactors;
                let turned = std::array::from_fn(|i| (a[i] * x + b[i] * y + c[i] * z) * sign);
                unit(upright(turned))
            })
            .collect();
        let positions: Vec<[f64; 3]> =
            written.into_iter().map(|at| upright(matrix.place(at))).collect();
        let material = match paint {
            None => None,
            // Without a place in the image nothing of it can be shown.
            Some(mut paint) => {
                if uvs.len() != positions.len() {
                    paint.material.texture = None;
                }
                Some(self.build.material(paint.material))
            }
        };
        let triangles =
            Triangles { positions: &positions, normals: &normals, uvs: &uvs, indices: &triangles };
        Ok(self.build.triangles("", Surface::Unknown, material, &triangles)?)
    }
}

/// Returns the triangles of a list, strip or fan (glTF 2.0, clause 3.7.2.1).
fn triangles(order: &[u32], mode: usize) -> Vec<[u32; 3]> {
    match mode {
        4 => order.as_chunks().0.to_vec(),
        5 => order
            .windows(3)
            .enumerate()
            .filter_map(|(i, window)| match *window {
                [a, b, c] if i.is_multiple_of(2) => Some([a, b, c]),
                [a, b, c] => Some([b, a, c]),
                _ => None,
            })
            .collect(),
        _ => {
            let Some((&first, rest)) = order.split_first() else { return Vec::new() };
            let next = |pair: &[u32]| match *pair {
                [a, b] => Some([first, a, b]),
                _ => None,
            };
            rest.windows(2).filter_map(next).collect()
        }
    }
}

fn unit([x, y, z]: [f64; 3]) -> [f32; 3] {
    let length = (x * x + y * y + z * z).sqrt();
    if length > 0.0 { [x, y, z].map(|n| (n / length) as f32) } else { [0.0, 0.0, 1.0] }
}
