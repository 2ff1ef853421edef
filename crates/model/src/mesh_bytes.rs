//! Models as bytes: what a field of type [`FieldType::Model`](crate::FieldType::Model) holds.
//!
//! Little-endian; `n` is a LEB128 count, `s` a zigzag LEB128 number.
//!
//! ```text
//! version u8 = 1 | anchor f64 × 3 | box f32 × 6: least, then greatest east, north, up
//! n positions and n triangles of the finest level
//! n materials: color u8 × 4 | flags u8 (1 double-sided, 2 textured) | textured: wrap u8, n length, hash u8 × 32
//! n levels:    n name, UTF-8 | flags u8 (1 normals, 2 uvs)
//!              n positions: s × 3, tenths of a millimetre, each less the one before
//!              normals i8 × 3, 127ths | uvs f32 × 2
//!              n triangles: s × 3, each less the index before
//!              n patches: n triangles | surface u8 | n material + 1
//! ```

use crate::{AnchoredModel, BlobRef, Lod, Material, Mesh, Model, Patch, Surface, Texture, Wrap};

/// Positions are kept in so many units per metre.
const UNITS: f64 = 10_000.0;
/// Farthest that a position may be from its anchor, metres.
pub const MAX_MODEL_REACH: f64 = 100_000.0;
const VERSION: u8 = 1;

/// What is wrong with the bytes of a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the bytes of a model are damaged: {0}")]
pub struct ModelBytesError(&'static str);

type Checked<T> = Result<T, ModelBytesError>;

const CUT: ModelBytesError = ModelBytesError("they end too early");

impl AnchoredModel {
    /// Writes the model. Positions are rounded to a tenth of a millimetre, and taken as [`MAX_MODEL_REACH`] where they
    /// are farther.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Writer(vec![VERSION]);
        for number in self.anchor {
            out.0.extend(number.to_le_bytes());
        }
        for number in self.extent() {
            out.0.extend(number.to_le_bytes());
        }
        let finest = self.model.finest().map(|lod| &lod.mesh);
        out.count(finest.map_or(0, |mesh| mesh.positions.len()));
        out.count(finest.map_or(0, |mesh| mesh.triangles.len()));
        out.count(self.model.materials.len());
        for material in &self.model.materials {
            out.material(material);
        }
        out.count(self.model.lods.len());
        for lod in &self.model.lods {
            out.count(lod.level.len());
            out.0.extend(lod.level.as_bytes());
            out.mesh(&lod.mesh);
        }
        out.0
    }

    /// Returns the least, then the greatest east, north and up of all levels.
    fn extent(&self) -> [f32; 6] {
        let mut extent = [f32::MAX, f32::MAX, f32::MAX, f32::MIN, f32::MIN, f32::MIN];
        for position in self.model.lods.iter().flat_map(|lod| &lod.mesh.positions) {
            for (i, &x) in position.iter().enumerate() {
                extent[i] = extent[i].min((x as f32).next_down());
                extent[3 + i] = extent[3 + i].max((x as f32).next_up());
            }
        }
        if extent[0] > extent[3] { [0.0; 6] } else { extent }
    }

    /// Reads a model; checks that everything in it fits together.
    pub fn from_bytes(bytes: &[u8]) -> Checked<Self> {
        let mut rest = Reader(bytes);
        if rest.u8()? != VERSION {
            return Err(ModelBytesError("they are of another version"));
        }
        let anchor = [rest.f64()?, rest.f64()?, rest.f64()?];
        rest.take(24)?;
        rest.unsigned()?;
        rest.unsigned()?;
        let materials = (0..rest.count(5)?).map(|_| rest.material()).collect::<Checked<_>>()?;
        let lods = (0..rest.count(5)?).map(|_| rest.lod()).collect::<Checked<_>>()?;
        if !rest.0.is_empty() {
            return Err(ModelBytesError("more follows"));
        }
        let model = Model { materials, lods };
        if anchor.iter().all(|x| x.is_finite()) && model.is_well_formed() {
            return Ok(Self { anchor, model });
        }
        Err(ModelBytesError("their parts do not fit together"))
    }
}

/// What the first bytes of a model say of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ModelSummary {
    /// Longitude and latitude in degrees, ellipsoidal height in metres.
    pub anchor: [f64; 3],
    /// Least east, north and up of all levels, metres from the anchor.
    pub low: [f32; 3],
    /// Greatest east, north and up.
    pub high: [f32; 3],
    /// Positions of the finest level.
    pub positions: u64,
    /// Triangles of the finest level.
    pub triangles: u64,
}

impl ModelSummary {
    /// Reads the summary from a model's bytes.
    pub fn read(bytes: &[u8]) -> Checked<Self> {
        let mut rest = Reader(bytes);
        if rest.u8()? != VERSION {
            return Err(ModelBytesError("they are of another version"));
        }
        let anchor = [rest.f64()?, rest.f64()?, rest.f64()?];
        let low = [rest.f32()?, rest.f32()?, rest.f32()?];
        let high = [rest.f32()?, rest.f32()?, rest.f32()?];
        let (positions, triangles) = (rest.unsigned()?, rest.unsigned()?);
        let finite = anchor.iter().all(|x| x.is_finite());
        if !finite || !low.iter().chain(&high).all(|x| x.is_finite()) {
            return Err(ModelBytesError("a number is not finite"));
        }
        Ok(Self { anchor, low, high, positions, triangles })
    }
}

struct Writer(Vec<u8>);

impl Writer {
    fn count(&mut self, n: usize) {
        self.unsigned(n as u64);
    }

    fn unsigned(&mut self, mut n: u64) {
        while n >= 0x80 {
            self.0.push(n as u8 | 0x80);
            n >>= 7;
        }
        self.0.push(n as u8);
    }

    fn signed(&mut self, n: i64) {
        self.unsigned(((n << 1) ^ (n >> 63)) as u64);
    }

    fn material(&mut self, material: &Material) {
        self.0.extend(material.color);
        let textured = material.texture.is_some();
        self.0.push(u8::from(material.double_sided) | u8::from(textured) << 1);
        if let Some(texture) = &material.texture {
            self.0.push(texture.wrap as u8);
            self.unsigned(texture.image.bytes);
            let digits = texture.image.hash.as_bytes();
            self.0.extend((0..32).map(|i| hex_byte(digits.get(2 * i..2 * i + 2)).unwrap_or(0)));
        }
    }

    fn mesh(&mut self, mesh: &Mesh) {
        let (normals, uvs) = (!mesh.normals.is_empty(), !mesh.uvs.is_empty());
        self.0.push(u8::from(normals) | u8::from(uvs) << 1);
        self.count(mesh.positions.len());
        let mut before = [0; 3];
        for position in &mesh.positions {
            let limited = position.map(|x| x.clamp(-MAX_MODEL_REACH, MAX_MODEL_REACH));
            let now = limited.map(|x| (x * UNITS).round() as i64);
            for (now, before) in now.iter().zip(before) {
                self.signed(now - before);
            }
            before = now;
        }
        for normal in mesh.normals.iter().flatten() {
            self.0.push((normal.clamp(-1.0, 1.0) * 127.0).round() as i8 as u8);
        }
        for uv in mesh.uvs.iter().flatten() {
            self.0.extend(uv.to_le_bytes());
        }
        self.count(mesh.triangles.len());
        let mut before = 0;
        for &index in mesh.triangles.iter().flatten() {
            self.signed(i64::from(index) - before);
            before = i64::from(index);
        }
        self.count(mesh.patches.len());
        let mut begin = 0;
        for patch in &mesh.patches {
            self.unsigned(u64::from(patch.end - begin));
            begin = patch.end;
            self.0.push(patch.surface as u8);
            self.unsigned(patch.material.map_or(0, |material| u64::from(material) + 1));
        }
    }
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, n: usize) -> Checked<&'a [u8]> {
        let (now, rest) = self.0.split_at_checked(n).ok_or(CUT)?;
        self.0 = rest;
        Ok(now)
    }

    fn u8(&mut self) -> Checked<u8> {
        let (&first, rest) = self.0.split_first().ok_or(CUT)?;
        self.0 = rest;
        Ok(first)
    }

    fn f64(&mut self) -> Checked<f64> {
        self.take(8)?.try_into().map(f64::from_le_bytes).map_err(|_| CUT)
    }

    fn f32(&mut self) -> Checked<f32> {
        self.take(4)?.try_into().map(f32::from_le_bytes).map_err(|_| CUT)
    }

    fn unsigned(&mut self) -> Checked<u64> {
        let mut n = 0;
        for shift in (0..63).step_by(7) {
            let byte = self.u8()?;
            n |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(n);
            }
        }
        Err(ModelBytesError("a number is too long"))
    }

    fn signed(&mut self) -> Checked<i64> {
        let n = self.unsigned()?;
        Ok((n >> 1) as i64 ^ -((n & 1) as i64))
    }

    /// Reads a count of things that take at least so many bytes each.
    fn count(&mut self, least: usize) -> Checked<usize> {
        let n = usize::try_from(self.unsigned()?).map_err(|_| CUT)?;
        if n > self.0.len() / least { Err(CUT) } else { Ok(n) }
    }

    fn material(&mut self) -> Checked<Material> {
        let color = self.take(4)?.try_into().map_err(|_| CUT)?;
        let flags = self.u8()?;
        let mut texture = None;
        if flags & 2 != 0 {
            let wrap = match self.u8()? {
                0 => Wrap::Repeat,
                1 => Wrap::Mirror,
                2 => Wrap::Clamp,
                _ => return Err(ModelBytesError("a texture's wrapping is unknown")),
            };
            let bytes = self.unsigned()?;
            let digit = |n: u8| char::from_digit(u32::from(n), 16).unwrap_or('0');
            let bytes_of_hash = self.take(32)?.iter();
            let hash = bytes_of_hash.flat_map(|&b| [digit(b >> 4), digit(b & 15)]).collect();
            texture = Some(Texture { image: BlobRef { hash, bytes }, wrap });
        }
        Ok(Material { color, texture, double_sided: flags & 1 != 0 })
    }

    fn lod(&mut self) -> Checked<Lod> {
        let name = self.count(1)?;
        let level = std::str::from_utf8(self.take(name)?)
            .map_err(|_| ModelBytesError("a level's name is not UTF-8"))?
            .to_owned();
        Ok(Lod { level, mesh: self.mesh()? })
    }

    fn mesh(&mut self) -> Checked<Mesh> {
        let flags = self.u8()?;
        let count = self.count(3)?;
        let mut mesh = Mesh { positions: Vec::with_capacity(count), ..Mesh::default() };
        let mut at = [0_i64; 3];
        for _ in 0..count {
            for axis in &mut at {
                *axis = axis.checked_add(self.signed()?).ok_or(CUT)?;
            }
            mesh.positions.push(at.map(|x| x as f64 / UNITS));
        }
        if flags & 1 != 0 {
            let numbers = self.take(count.checked_mul(3).ok_or(CUT)?)?.as_chunks::<3>().0;
            mesh.normals.extend(numbers.iter().map(|n| n.map(|x| f32::from(x as i8) / 127.0)));
        }
        if flags & 2 != 0 {
            mesh.uvs.reserve(count.min(self.0.len() / 8));
            for _ in 0..count {
                mesh.uvs.push([self.f32()?, self.f32()?]);
            }
        }
        let triangles = self.count(3)?;
        mesh.triangles.reserve(triangles);
        let mut before = 0_i64;
        for _ in 0..triangles {
            let mut triangle = [0; 3];
            for corner in &mut triangle {
                before = before.checked_add(self.signed()?).ok_or(CUT)?;
                *corner = u32::try_from(before)
                    .map_err(|_| ModelBytesError("a triangle's corner is out of range"))?;
            }
            mesh.triangles.push(triangle);
        }
        let patches = self.count(3)?;
        let mut end = 0_u64;
        for _ in 0..patches {
            end = end.saturating_add(self.unsigned()?);
            let surface = Surface::from_number(self.u8()?)
                .ok_or(ModelBytesError("a surface is of an unknown kind"))?;
            let material = self.unsigned()?.checked_sub(1).map(u32::try_from).transpose();
            let (end, material) =
                (u32::try_from(end).map_err(|_| CUT)?, material.map_err(|_| CUT)?);
            mesh.patches.push(Patch { end, surface, material });
        }
        Ok(mesh)
    }
}

fn hex_byte(digits: Option<&[u8]>) -> Option<u8> {
    let digits = std::str::from_utf8(digits?).ok()?;
    u8::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model() -> AnchoredModel {
        let mut mesh = Mesh::default();
        let corners = [[0.0, 0.0, 0.0], [10.5, -3.25, 0.0], [10.5, 7.0001, 12.3456]];
        mesh.push(Surface::Roof, Some(1), &corners, &[[0, 1, 2]]);
        mesh.push(Surface::Wall, None, &corners, &[[2, 1, 0], [0, 2, 1]]);
        mesh.normals = vec![[0.0, 0.0, 1.0]; 6];
        mesh.uvs = vec![[0.25, -1.5]; 6];
        let image = BlobRef { hash: "0f".repeat(32), bytes: 1234 };
        let brick = Texture { image, wrap: Wrap::Mirror };
        let materials = vec![
            Material { color: [1, 2, 3, 4], double_sided: true, texture: None },
            Material { texture: Some(brick), ..Material::default() },
        ];
        let lods = vec![
            Lod {
                level: "1".to_owned(),
                mesh: Mesh { normals: vec![], uvs: vec![], ..mesh.clone() },
            },
            Lod { level: "2.2".to_owned(), mesh },
        ];
        AnchoredModel { anchor: [118.3, 33.96, 12.5], model: Model { materials, lods } }
    }

    #[test]
    fn a_model_comes_back_as_it_was() {
        let model = model();
        let bytes = model.to_bytes();
        let summary = ModelSummary::read(&bytes).unwrap();
        assert_eq!((summary.anchor, summary.positions, summary.triangles), (model.anchor, 6, 3));
        assert!(summary.low[1] <= -3.25 && summary.low[1] > -3.26 && summary.high[2] >= 12.3456);
        assert_eq!(AnchoredModel::from_bytes(&bytes), Ok(model));
    }

    #[test]
    fn damaged_bytes_give_an_error_and_never_a_panic() {
        let bytes = model().to_bytes();
        for end in 0..bytes.len() {
            assert!(AnchoredModel::from_bytes(&bytes[..end]).is_err(), "cut at {end}");
        }
        for at in 0..bytes.len() {
            for flip in [0x01, 0x80, 0xff] {
                let mut damaged = bytes.clone();
                damaged[at] ^= flip;
                if let Ok(read) = AnchoredModel::from_bytes(&damaged) {
                    assert!(read.model.is_well_formed());
                }
            }
        }
    }
}
