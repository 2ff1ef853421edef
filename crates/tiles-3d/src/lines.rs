//! Lines of one material, ready to be written.

use crate::batch::{MOST_VERTICES, Vertex};

/// Lines over vertices of their own.
#[derive(Debug, Clone, Default)]
pub(crate) struct Lines {
    pub(crate) vertices: Vec<Vertex>,
    pub(crate) segments: Vec<[u32; 2]>,
}

impl Lines {
    /// Adds a line in the tile's frame; nothing when it has no length.
    pub(crate) fn add(&mut self, path: &[[f64; 3]], color: [u8; 4], feature: u16) {
        let vertex = |position| Vertex { position, normal: [0.0; 3], color, uv: [0.0; 2], feature };
        let mut last: Option<[f64; 3]> = None;
        for &at in path.iter().filter(|at| at.iter().all(|x| x.is_finite())) {
            if last == Some(at) {
                continue;
            }
            self.vertices.push(vertex(at));
            if last.is_some() {
                let end = self.vertices.len() as u32 - 1;
                self.segments.push([end - 1, end]);
            }
            last = Some(at);
        }
    }

    /// Adds one segment.
    pub(crate) fn push(&mut self, a: Vertex, b: Vertex) {
        let at = self.vertices.len() as u32;
        self.vertices.extend([a, b]);
        self.segments.push([at, at + 1]);
    }

    /// Divides the lines so that each part has few enough vertices for 16 bits.
    pub(crate) fn parts(self) -> Vec<Self> {
        if self.segments.is_empty() {
            return Vec::new();
        }
        if self.vertices.len() <= MOST_VERTICES {
            return vec![self];
        }
        let chunks = self.segments.chunks(MOST_VERTICES / 2);
        let part = |segments: &[[u32; 2]]| {
            let mut part = Self::default();
            for [a, b] in segments {
                part.push(self.vertices[*a as usize], self.vertices[*b as usize]);
            }
            part
        };
        chunks.map(part).collect()
    }
}
