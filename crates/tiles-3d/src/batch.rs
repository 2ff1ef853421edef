//! Triangles of one material, ready to be written.

/// Feature of what stands for no single feature.
pub(crate) const NO_FEATURE: u16 = u16::MAX;
/// Most vertices of a primitive: indices of 16 bits, without the last one, which restarts.
pub(crate) const MOST_VERTICES: usize = 65_535;

/// Most kinds of vertices that are put together.
const MOST_KINDS: usize = 64;

/// A vertex in the tile's frame: metres east, north and up.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Vertex {
    pub(crate) position: [f64; 3],
    pub(crate) normal: [f32; 3],
    /// Light, not sRGB.
    pub(crate) color: [u8; 4],
    pub(crate) uv: [f32; 2],
    pub(crate) feature: u16,
}

/// Which way a vertex faces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Facing {
    Sideways,
    Up,
    Down,
}

impl Facing {
    fn of([_, _, up]: [f32; 3]) -> Self {
        match up {
            up if up > 0.5 => Self::Up,
            up if up < -0.5 => Self::Down,
            _ => Self::Sideways,
        }
    }
}

/// Triangles over vertices of their own.
#[derive(Debug, Clone, Default)]
pub(crate) struct Batch {
    pub(crate) vertices: Vec<Vertex>,
    pub(crate) triangles: Vec<[u32; 3]>,
}

impl Batch {
    /// Makes room for so many vertices.
    pub(crate) fn reserve(&mut self, vertices: usize) {
        self.vertices.reserve(vertices);
        self.triangles.reserve(vertices / 2);
    }

    /// Adds vertices, and triangles over them.
    pub(crate) fn add(
        &mut self,
        vertices: impl IntoIterator<Item = Vertex>,
        triangles: impl IntoIterator<Item = [u32; 3]>,
    ) {
        let base = self.vertices.len() as u32;
        self.vertices.extend(vertices);
        self.triangles.extend(triangles.into_iter().map(|triangle| triangle.map(|i| base + i)));
    }

    /// Puts vertices of one colour that face the same way (sideways, up or down) together, in the order in which they first
    /// come: what is the same of all walls, and of all roofs, is then packed to nearly nothing. Left as it is when there
    /// are many colours.
    pub(crate) fn by_kind(self) -> Self {
        let mut kinds: Vec<([u8; 4], Facing)> = Vec::new();
        let mut places: Vec<u8> = Vec::with_capacity(self.vertices.len());
        for vertex in &self.vertices {
            let kind = (vertex.color, Facing::of(vertex.normal));
            // Most are of the kind of the one before.
            let last = places.last().map(|&at| usize::from(at)).filter(|&at| kinds[at] == kind);
            let at = last
                .or_else(|| kinds.iter().position(|known| *known == kind))
                .unwrap_or(kinds.len());
            if at == kinds.len() {
                if at == MOST_KINDS {
                    return self;
                }
                kinds.push(kind);
            }
            places.push(at as u8);
        }
        if kinds.len() < 2 {
            return self;
        }
        let mut starts = [0_u32; MOST_KINDS + 1];
        for &at in &places {
            starts[usize::from(at) + 1] += 1;
        }
        for i in 0..MOST_KINDS {
            starts[i + 1] += starts[i];
        }
        let mut moved: Vec<u32> = Vec::with_capacity(places.len());
        for &at in &places {
            moved.push(starts[usize::from(at)]);
            starts[usize::from(at)] += 1;
        }
        let mut order = vec![0_u32; places.len()];
        for (from, &to) in moved.iter().enumerate() {
            order[to as usize] = from as u32;
        }
        let vertices = order.iter().map(|&from| self.vertices[from as usize]).collect();
        let mut triangles: Vec<[u32; 3]> = Vec::with_capacity(self.triangles.len());
        for kind in 0..kinds.len() {
            let of_kind =
                self.triangles.iter().filter(|t| usize::from(places[t[0] as usize]) == kind);
            triangles.extend(of_kind.map(|triangle| triangle.map(|i| moved[i as usize])));
        }
        Self { vertices, triangles }
    }

    /// Returns the colour of all vertices if they have one, and leaves them white.
    pub(crate) fn take_color(&mut self) -> Option<[u8; 4]> {
        let color = self.vertices.first()?.color;
        if self.vertices.iter().any(|vertex| vertex.color != color) {
            return None;
        }
        for vertex in &mut self.vertices {
            vertex.color = [255; 4];
        }
        Some(color)
    }

    /// Divides the triangles so that each part has few enough vertices for 16 bits; the order stays.
    pub(crate) fn parts(self) -> Vec<Self> {
        if self.vertices.len() <= MOST_VERTICES {
            return if self.triangles.is_empty() { vec![] } else { vec![self] };
        }
        let mut parts = Vec::new();
        let mut part = Self::default();
        let mut moved = vec![u32::MAX; self.vertices.len()];
        let mut used: Vec<u32> = Vec::new();
        for triangle in &self.triangles {
            if part.vertices.len() + 3 > MOST_VERTICES {
                parts.push(std::mem::take(&mut part));
                for i in used.drain(..) {
                    moved[i as usize] = u32::MAX;
                }
            }
            let triangle = triangle.map(|i| {
                let slot = &mut moved[i as usize];
                if *slot == u32::MAX {
                    *slot = part.vertices.len() as u32;
                    part.vertices.push(self.vertices[i as usize]);
                    used.push(i);
                }
                *slot
            });
            part.triangles.push(triangle);
        }
        parts.push(part);
        parts
    }
}

/// Returns the unit normal of a triangle; `None` when it has no area.
pub(crate) fn normal(a: [f64; 3], b: [f64; 3], c: [f64; 3]) -> Option<[f32; 3]> {
    let [u, v] = [b, c].map(|p| [p[0] - a[0], p[1] - a[1], p[2] - a[2]]);
    let n = [u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0]];
    let length = (n[0] * n[0] + n[1] * n[1] + n[2] * n[2]).sqrt();
    (length > 1e-12).then(|| n.map(|x| (x / length) as f32))
}
