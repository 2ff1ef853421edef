//! Buffers of glTF: in the file, beside it, or in its text; packed by meshopt or not.

use std::borrow::Cow;

use serde_json::Value as Json;

use super::{index, list};
use crate::limits;
use crate::texture::{Textures, percent_decoded, read_file};

/// All buffers of a file.
pub(super) struct Buffers<'a> {
    views: &'a [Json],
    /// `None` for those that only stand in for packed ones.
    buffers: Vec<Option<Vec<u8>>>,
}

/// The bytes of a view, and how many apart its elements are, if told.
pub(super) struct View<'a> {
    pub(super) bytes: Cow<'a, [u8]>,
    pub(super) stride: Option<usize>,
}

impl<'a> Buffers<'a> {
    /// Reads all buffers.
    pub(super) fn load(
        json: &'a Json,
        mut bin: Option<Vec<u8>>,
        files: &Textures,
    ) -> Result<Self, String> {
        let mut total = 0;
        let mut buffers = Vec::new();
        for (i, buffer) in list(json, "buffers").iter().enumerate() {
            let length = index(buffer, "byteLength").unwrap_or(0);
            let bytes = match buffer.get("uri").and_then(Json::as_str) {
                Some(uri) => Some(load(uri, files, limits::MAX_MESH_BYTES).map_err(|reason| {
                    if uri.starts_with("data:") {
                        format!("buffer {i} {reason}")
                    } else {
                        format!("buffer {i}, '{uri}', {reason}")
                    }
                })?),
                None if i == 0 => bin.take(),
                None => None,
            };
            if let Some(bytes) = &bytes {
                total += bytes.len() as u64;
                if bytes.len() < length {
                    return Err(format!("buffer {i} has {} of {length} bytes", bytes.len()));
                }
                if total > limits::MAX_MESH_BYTES {
                    return Err(format!(
                        "its buffers are larger than {} MiB",
                        limits::MAX_MESH_BYTES >> 20
                    ));
                }
            }
            buffers.push(bytes);
        }
        Ok(Self { views: list(json, "bufferViews"), buffers })
    }

    /// Returns the bytes of a view, unpacked.
    pub(super) fn view(&self, number: usize) -> Result<View<'_>, String> {
        let view =
            self.views.get(number).ok_or_else(|| format!("buffer view {number} is not there"))?;
        let packed = view.get("extensions").and_then(|all| all.get("EXT_meshopt_compression"));
        if let Some(packed) = packed {
            let bytes = unpack(self.slice(packed, number)?, packed)
                .map_err(|reason| format!("buffer view {number} {reason}"))?;
            return Ok(View { bytes: Cow::Owned(bytes), stride: index(packed, "byteStride") });
        }
        Ok(View {
            bytes: Cow::Borrowed(self.slice(view, number)?),
            stride: index(view, "byteStride"),
        })
    }

    fn slice(&self, view: &Json, number: usize) -> Result<&[u8], String> {
        let buffer = index(view, "buffer").and_then(|i| self.buffers.get(i)?.as_deref());
        let buffer = buffer.ok_or_else(|| format!("the buffer of view {number} is not there"))?;
        let start = index(view, "byteOffset").unwrap_or(0);
        let length = index(view, "byteLength").unwrap_or(0);
        start
            .checked_add(length)
            .and_then(|end| buffer.get(start..end))
            .ok_or_else(|| format!("buffer view {number} reaches beyond its buffer"))
    }
}

/// Loads what a URI names: data in it, or a file.
pub(super) fn load(uri: &str, files: &Textures, limit: u64) -> Result<Vec<u8>, String> {
    if let Some(data) = uri.strip_prefix("data:") {
        let (head, text) = data.split_once(',').ok_or("is a data URI without data")?;
        if head.ends_with(";base64") {
            return base64(text).ok_or_else(|| "is no base64".to_owned());
        }
        return Ok(percent_decoded(text).unwrap_or_else(|| text.to_owned()).into_bytes());
    }
    read_file(&files.find(uri)?, limit)
}

/// Reads base64 (RFC 4648, both alphabets).
fn base64(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut count) = (0_u32, 0);
    for byte in text.bytes() {
        let six = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            b'=' => break,
            b' ' | b'\n' | b'\r' | b'\t' => continue,
            _ => return None,
        };
        bits = bits << 6 | u32::from(six);
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push((bits >> count) as u8);
            bits &= (1 << count) - 1;
        }
    }
    Some(out)
}

/// Unpacks a view that meshopt packed (EXT_meshopt_compression).
fn unpack(packed: &[u8], told: &Json) -> Result<Vec<u8>, String> {
    let count = index(told, "count").unwrap_or(0);
    let stride = index(told, "byteStride").unwrap_or(0);
    let size = count.checked_mul(stride).ok_or("is too large")?;
    // What packs best of all is 16 equal elements, in a quarter of a byte for each of their bytes.
    let most = (packed.len() as u64).saturating_mul(256) + 4096;
    if size as u64 > most.min(limits::MAX_MESH_BYTES) {
        return Err(format!(
            "states {size} bytes, more than {} packed bytes can hold",
            packed.len()
        ));
    }
    let text = |key: &str| told.get(key).and_then(Json::as_str).unwrap_or_default();
    let damaged = |_| "is damaged: meshopt can not unpack it".to_owned();
    match (text("mode"), stride) {
        ("ATTRIBUTES", 4..=256) if stride.is_multiple_of(4) => {
            let bytes =
                vertices(packed, count, stride).ok_or("is damaged: meshopt can not unpack it")?;
            filtered(bytes, stride, text("filter"))
        }
        ("TRIANGLES", 2 | 4) if !count.is_multiple_of(3) => {
            Err("has no whole triangles".to_owned())
        }
        ("TRIANGLES", 2) => {
            Ok(bytes_of(&meshopt::decode_index_buffer::<u16>(packed, count).map_err(damaged)?))
        }
        ("TRIANGLES", 4) => {
            Ok(bytes_of(&meshopt::decode_index_buffer::<u32>(packed, count).map_err(damaged)?))
        }
        ("INDICES", 2) => {
            Ok(bytes_of(&meshopt::decode_index_sequence::<u16>(packed, count).map_err(damaged)?))
        }
        ("INDICES", 4) => {
            Ok(bytes_of(&meshopt::decode_index_sequence::<u32>(packed, count).map_err(damaged)?))
        }
        (mode, stride) => Err(format!("is packed in an unknown way ({mode:?}, {stride} bytes)")),
    }
}

trait Bytes: Copy {
    fn write(self, out: &mut Vec<u8>);
}

impl Bytes for u16 {
    fn write(self, out: &mut Vec<u8>) {
        out.extend(self.to_le_bytes());
    }
}

impl Bytes for u32 {
    fn write(self, out: &mut Vec<u8>) {
        out.extend(self.to_le_bytes());
    }
}

fn bytes_of<T: Bytes>(numbers: &[T]) -> Vec<u8> {
    let mut out = Vec::with_capacity(size_of_val(numbers));
    for number in numbers {
        number.write(&mut out);
    }
    out
}

/// Unpacks elements of a stride in bytes. The decoder writes bytes into words, so that their order is kept by native
/// order.
fn vertices(packed: &[u8], count: usize, stride: usize) -> Option<Vec<u8>> {
    fn of<const WORDS: usize>(packed: &[u8], count: usize) -> Option<Vec<u8>>
    where
        [u32; WORDS]: Default,
    {
        let words = meshopt::decode_vertex_buffer::<[u32; WORDS]>(packed, count).ok()?;
        Some(words.iter().flatten().flat_map(|word| word.to_ne_bytes()).collect())
    }
    match stride / 4 {
        1 => of::<1>(packed, count),
        2 => of::<2>(packed, count),
        3 => of::<3>(packed, count),
        4 => of::<4>(packed, count),
        5 => of::<5>(packed, count),
        6 => of::<6>(packed, count),
        7 => of::<7>(packed, count),
        8 => of::<8>(packed, count),
        9 => of::<9>(packed, count),
        10 => of::<10>(packed, count),
        11 => of::<11>(packed, count),
        12 => of::<12>(packed, count),
        14 => of::<14>(packed, count),
        16 => of::<16>(packed, count),
        _ => None,
    }
}

/// Undoes a filter (EXT_meshopt_compression, "Filters").
fn filtered(mut bytes: Vec<u8>, stride: usize, filter: &str) -> Result<Vec<u8>, String> {
    let short = |b: &[u8]| i16::from_le_bytes([b[0], b[1]]);
    match (filter, stride) {
        ("" | "NONE", _) => Ok(bytes),
        ("OCTAHEDRAL", 4) => {
            let mut data: Vec<[i8; 4]> =
                bytes.as_chunks().0.iter().map(|b: &[u8; 4]| b.map(|b| b as i8)).collect();
            meshopt::decode_filter_oct(&mut data);
            Ok(data.into_iter().flatten().map(|b| b as u8).collect())
        }
        ("OCTAHEDRAL" | "QUATERNION", 8) => {
            let parts = bytes.as_chunks::<8>().0.iter();
            let mut data: Vec<[i16; 4]> = parts
                .map(|b| [short(&b[0..2]), short(&b[2..4]), short(&b[4..6]), short(&b[6..8])])
                .collect();
            if filter == "OCTAHEDRAL" {
                meshopt::decode_filter_oct(&mut data);
            } else {
                meshopt::decode_filter_quat(&mut data);
            }
            Ok(data.into_iter().flatten().flat_map(i16::to_le_bytes).collect())
        }
        ("EXPONENTIAL", _) => {
            // A number is its mantissa, 24 bits, times two to the power of its exponent, 8 bits.
            for word in bytes.as_chunks_mut::<4>().0 {
                let packed = i32::from_le_bytes(*word);
                let mantissa = f64::from(packed << 8 >> 8);
                *word = ((mantissa * f64::from(packed >> 24).exp2()) as f32).to_le_bytes();
            }
            Ok(bytes)
        }
        (filter, stride) => Err(format!("has the unknown filter {filter:?} of {stride} bytes")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_read() {
        assert_eq!(base64("SGVsbG8gd29ybGQ=").unwrap(), b"Hello world");
        assert_eq!(base64("-_8=").unwrap(), [0xfb, 0xff]);
        assert!(base64("a!").is_none());
    }

    #[test]
    fn packed_views_are_unpacked_and_damaged_ones_refused() {
        let vertices: Vec<[u32; 3]> = (0..100).map(|i| [i, 7 * i, 1_000_000 - i]).collect();
        let packed = meshopt::encode_vertex_buffer(&vertices).unwrap();
        let told = serde_json::json!({"count": 100, "byteStride": 12, "mode": "ATTRIBUTES"});
        let unpacked = unpack(&packed, &told).unwrap();
        assert_eq!(unpacked[..12], bytes_of(&vertices[0])[..]);
        assert_eq!(unpacked[1188..], bytes_of(&vertices[99])[..]);
        assert!(unpack(&packed[..packed.len() / 2], &told).unwrap_err().contains("damaged"));
        let bomb = serde_json::json!({"count": 80_000_000, "byteStride": 12, "mode": "ATTRIBUTES"});
        assert!(unpack(&packed, &bomb).unwrap_err().contains("more than"));
        let odd = serde_json::json!({"count": 100, "byteStride": 13, "mode": "ATTRIBUTES"});
        assert!(unpack(&packed, &odd).unwrap_err().contains("unknown way"));
        let indices = [0_u32, 1, 2, 2, 1, 3];
        let packed = meshopt::encode_index_buffer(&indices, 4).unwrap();
        let told = serde_json::json!({"count": 6, "byteStride": 2, "mode": "TRIANGLES"});
        assert_eq!(unpack(&packed, &told).unwrap().len(), 12);
    }

    #[test]
    fn an_exponential_filter_gives_the_numbers_back() {
        let packed = (-3_i32 << 24 | 0x14).to_le_bytes().to_vec();
        let bytes = filtered(packed, 4, "EXPONENTIAL").unwrap();
        assert_eq!(f32::from_le_bytes(bytes.try_into().unwrap()), 2.5);
    }
}
