//! The two chunks of a GLB, and the buffer views between them (glTF 2.0, clause 4.4 and 3.6).

use serde_json::{Value, json};

/// How vertices are packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Packing {
    /// As they are.
    Plain,
    /// EXT_meshopt_compression, attributes.
    Attributes,
    /// EXT_meshopt_compression, attributes in whose numbers mantissa and exponent are apart.
    Exponential,
}

/// `bufferView.target` of attributes and of indices.
const ARRAY_BUFFER: u32 = 34_962;
const ELEMENT_ARRAY_BUFFER: u32 = 34_963;

/// The binary chunk while it is written, and what the JSON chunk says of it.
#[derive(Debug, Default)]
pub(crate) struct Binary {
    bytes: Vec<u8>,
    views: Vec<Value>,
    accessors: Vec<Value>,
    /// Bytes of the packed views once they are unpacked: they lie in a buffer that is nowhere.
    unpacked: usize,
}

impl Binary {
    fn align(&mut self) {
        self.bytes.resize(self.bytes.len().next_multiple_of(8), 0);
    }

    fn put(&mut self, bytes: &[u8]) -> (usize, usize) {
        self.align();
        let at = self.bytes.len();
        self.bytes.extend_from_slice(bytes);
        (at, bytes.len())
    }

    /// Adds bytes that are no attribute; returns the view's number.
    pub(crate) fn view(&mut self, bytes: &[u8]) -> usize {
        let (at, length) = self.put(bytes);
        self.views.push(json!({ "buffer": 0, "byteOffset": at, "byteLength": length }));
        self.views.len() - 1
    }

    /// Adds an attribute of vertices or instances: elements of `N` bytes, a multiple of 4. `accessor` says what they are,
    /// without view and count. Returns the accessor's number.
    pub(crate) fn attribute<const N: usize>(
        &mut self,
        elements: &[[u8; N]],
        mut accessor: Value,
        packing: Packing,
        is_vertex: bool,
    ) -> usize {
        let length = elements.len() * N;
        let packed = match packing {
            Packing::Plain => None,
            // Version 0 is what EXT_meshopt_compression has.
            _ => meshopt::encode_vertex_buffer_level(elements, 2, Some(0)).ok(),
        };
        let mut view = if let Some(packed) = packed {
            let (at, packed_length) = self.put(&packed);
            let filter = if packing == Packing::Exponential { "EXPONENTIAL" } else { "NONE" };
            self.packed_view(
                length,
                N,
                &json!({
                    "buffer": 0, "byteOffset": at, "byteLength": packed_length, "byteStride": N,
                    "count": elements.len(), "mode": "ATTRIBUTES", "filter": filter,
                }),
            )
        } else {
            let (at, length) = self.put(elements.as_flattened());
            json!({ "buffer": 0, "byteOffset": at, "byteLength": length, "byteStride": N })
        };
        if is_vertex {
            view["target"] = ARRAY_BUFFER.into();
        } else if let Some(view) = view.as_object_mut() {
            view.remove("byteStride");
        }
        self.views.push(view);
        accessor["bufferView"] = (self.views.len() - 1).into();
        accessor["count"] = elements.len().into();
        self.accessors.push(accessor);
        self.accessors.len() - 1
    }

    /// Adds the corners of triangles, which are below 65,535.
    pub(crate) fn indices(&mut self, triangles: &[[u32; 3]], vertices: usize, pack: bool) -> usize {
        let corners = triangles.as_flattened();
        let packed = pack.then(|| meshopt::encode_index_buffer(corners, vertices).ok()).flatten();
        let mut view = if let Some(packed) = packed {
            let (at, length) = self.put(&packed);
            let mut view = self.packed_view(
                corners.len() * 2,
                2,
                &json!({
                    "buffer": 0, "byteOffset": at, "byteLength": length, "byteStride": 2,
                    "count": corners.len(), "mode": "TRIANGLES",
                }),
            );
            if let Some(view) = view.as_object_mut() {
                view.remove("byteStride");
            }
            view
        } else {
            let bytes: Vec<u8> = corners.iter().flat_map(|&i| (i as u16).to_le_bytes()).collect();
            let (at, length) = self.put(&bytes);
            json!({ "buffer": 0, "byteOffset": at, "byteLength": length })
        };
        view["target"] = ELEMENT_ARRAY_BUFFER.into();
        self.views.push(view);
        self.accessors.push(json!({
            "bufferView": self.views.len() - 1, "componentType": 5123, "count": corners.len(),
            "type": "SCALAR",
        }));
        self.accessors.len() - 1
    }

    /// Adds the ends of lines, which are below 65,535.
    pub(crate) fn line_indices(&mut self, segments: &[[u32; 2]]) -> usize {
        let ends = segments.as_flattened();
        let bytes: Vec<u8> = ends.iter().flat_map(|&i| (i as u16).to_le_bytes()).collect();
        let (at, length) = self.put(&bytes);
        self.views.push(json!({
            "buffer": 0, "byteOffset": at, "byteLength": length, "target": ELEMENT_ARRAY_BUFFER,
        }));
        self.accessors.push(json!({
            "bufferView": self.views.len() - 1, "componentType": 5123, "count": ends.len(),
            "type": "SCALAR",
        }));
        self.accessors.len() - 1
    }

    fn packed_view(&mut self, length: usize, stride: usize, packed: &Value) -> Value {
        let at = self.unpacked;
        self.unpacked = (at + length).next_multiple_of(4);
        json!({
            "buffer": 1, "byteOffset": at, "byteLength": length, "byteStride": stride,
            "extensions": { "EXT_meshopt_compression": packed },
        })
    }

    /// Tells whether some view is packed.
    pub(crate) fn is_packed(&self) -> bool {
        self.unpacked > 0
    }

    /// Returns the file: header, JSON with what is known of the binary chunk, binary chunk.
    pub(crate) fn glb(mut self, mut json: Value) -> Vec<u8> {
        self.align();
        if self.bytes.is_empty() {
            // Lists without elements are not allowed, nor is a chunk of nothing needed.
            return glb(&json, &[]);
        }
        let mut buffers = vec![json!({ "byteLength": self.bytes.len() })];
        if self.is_packed() {
            buffers.push(json!({
                "byteLength": self.unpacked,
                "extensions": { "EXT_meshopt_compression": { "fallback": true } },
            }));
        }
        json["buffers"] = buffers.into();
        json["bufferViews"] = self.views.into();
        if !self.accessors.is_empty() {
            json["accessors"] = self.accessors.into();
        }
        glb(&json, &self.bytes)
    }
}

/// Returns a file of both chunks; the second one is left out when it is empty.
fn glb(json: &Value, binary: &[u8]) -> Vec<u8> {
    let mut text = json.to_string().into_bytes();
    text.resize(text.len().next_multiple_of(4), b' ');
    let chunks = [(b"JSON", text.as_slice()), (b"BIN\0", binary)];
    let chunks = chunks.into_iter().filter(|(_, chunk)| !chunk.is_empty());
    let total = 12 + chunks.clone().map(|(_, chunk)| 8 + chunk.len()).sum::<usize>();
    let mut out = Vec::with_capacity(total);
    out.extend_from_slice(b"glTF");
    out.extend(2_u32.to_le_bytes());
    out.extend((total as u32).to_le_bytes());
    for (kind, chunk) in chunks {
        out.extend((chunk.len() as u32).to_le_bytes());
        out.extend_from_slice(kind);
        out.extend_from_slice(chunk);
    }
    out
}
