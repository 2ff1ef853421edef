//! The landmarks as CityJSON 2.0 in EPSG:4548: easting, northing, height above the ellipsoid.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::city::City;
use crate::geom::Pt;
use crate::landmarks::pictures::NAMES;
use crate::landmarks::skin::Skin;
use crate::landmarks::solid::{Face, Solid, Surface};
use crate::landmarks::{Landmark, Part};
use crate::plan::{ORIGIN_EAST, ORIGIN_NORTH};

/// Height of the ground under the landmarks above the ellipsoid, metres. The other layers of the sample carry no
/// heights, and so stand on the ellipsoid; so do the landmarks.
const GROUND: f64 = 0.0;
/// Places are stored in millimetres.
const SCALE: f64 = 0.001;
/// Places in pictures are stored in thousandths.
const UV_SCALE: f64 = 1000.0;

/// Numbers of places, each stored once.
struct Pool<const N: usize> {
    number: BTreeMap<[i64; N], usize>,
    all: Vec<[i64; N]>,
}

impl<const N: usize> Pool<N> {
    fn new() -> Self {
        Self { number: BTreeMap::new(), all: Vec::new() }
    }

    fn index(&mut self, key: [i64; N]) -> usize {
        *self.number.entry(key).or_insert_with(|| {
            self.all.push(key);
            self.all.len() - 1
        })
    }

    fn list(&self, write: impl Fn(&i64) -> String) -> String {
        let item =
            |key: &[i64; N]| format!("[{}]", key.iter().map(&write).collect::<Vec<_>>().join(","));
        format!("[{}]", self.all.iter().map(item).collect::<Vec<_>>().join(","))
    }
}

struct Writer {
    vertices: Pool<3>,
    uvs: Pool<2>,
}

/// The landmarks.
pub(super) fn landmarks(city: &City) -> Vec<u8> {
    let mut writer = Writer { vertices: Pool::new(), uvs: Pool::new() };
    let mut objects = Vec::new();
    for landmark in &city.landmarks {
        writer.landmark(landmark, &mut objects);
    }
    let all = &writer.vertices.all;
    let bound = |i: usize, least: bool| {
        let column = all.iter().map(|v| v[i]);
        let x = if least { column.min() } else { column.max() };
        let origin = [ORIGIN_EAST, ORIGIN_NORTH, GROUND][i];
        format!("{:.3}", origin + x.unwrap_or_default() as f64 * SCALE)
    };
    let extent: Vec<String> = (0..6).map(|i| bound(i % 3, i < 3)).collect();
    let materials: Vec<String> = Skin::ALL
        .iter()
        .map(|skin| {
            let [r, g, b] = skin.look().color;
            format!("{{\"name\":\"{skin:?}\",\"diffuseColor\":[{r},{g},{b}]}}")
        })
        .collect();
    let textures: Vec<String> = NAMES
        .iter()
        .map(|name| {
            format!("{{\"type\":\"PNG\",\"image\":\"textures/{name}.png\",\"wrapMode\":\"wrap\",\"textureType\":\"typical\"}}")
        })
        .collect();
    let mut out = String::from("{\"type\":\"CityJSON\",\"version\":\"2.0\",\n");
    let _ = write!(
        out,
        "\"transform\":{{\"scale\":[{SCALE},{SCALE},{SCALE}],\"translate\":[{ORIGIN_EAST:.1},{ORIGIN_NORTH:.1},{GROUND:.1}]}},\n\
         \"metadata\":{{\"title\":\"宿豫新城地标建筑\",\"referenceSystem\":\"https://www.opengis.net/def/crs/EPSG/0/4548\",\
         \"referenceDate\":\"2026-03-21\",\"geographicalExtent\":[{}]}},\n",
        extent.join(",")
    );
    let _ = writeln!(out, "\"CityObjects\":{{\n{}\n}},", objects.join(",\n"));
    let _ = write!(
        out,
        "\"appearance\":{{\"default-theme-texture\":\"day\",\"default-theme-material\":\"day\",\n\"materials\":[{}],\n\"textures\":[{}],\n",
        materials.join(","),
        textures.join(",")
    );
    let uv = |x: &i64| format!("{}", *x as f64 / UV_SCALE);
    let _ = writeln!(out, "\"vertices-texture\":{}}},", writer.uvs.list(uv));
    let _ = writeln!(out, "\"vertices\":{}}}", writer.vertices.list(i64::to_string));
    out.into_bytes()
}

impl Writer {
    fn landmark(&mut self, landmark: &Landmark, out: &mut Vec<String>) {
        let about = |name: &str, height: f64| {
            format!(
                "\"名称\":\"{name}\",\"用途\":\"{}\",\"建成年份\":{},\"高度\":{height:.1}",
                landmark.usage, landmark.year
            )
        };
        let whole = format!(
            "\"attributes\":{{{},\"层数\":{}}}",
            about(landmark.name, landmark.height()),
            landmark.floors
        );
        if let [only] = landmark.parts.as_slice() {
            let geometry = self.geometries(landmark, only);
            out.push(format!(
                "\"{}\":{{\"type\":\"Building\",{whole},\"geometry\":{geometry}}}",
                landmark.id
            ));
            return;
        }
        let id = |k: usize| format!("{}-{}", landmark.id, k + 1);
        let children: Vec<String> =
            (0..landmark.parts.len()).map(|k| format!("\"{}\"", id(k))).collect();
        let footprint = self.footprint(landmark);
        out.push(format!(
            "\"{}\":{{\"type\":\"Building\",{whole},\"children\":[{}],\"geometry\":[{footprint}]}}",
            landmark.id,
            children.join(",")
        ));
        for (k, part) in landmark.parts.iter().enumerate() {
            let name = format!("{}{}", landmark.name, part.name);
            let height = part.levels.last().map_or(0.0, |(_, solid)| solid.heights().1);
            let geometry = self.geometries(landmark, part);
            out.push(format!(
                "\"{}\":{{\"type\":\"BuildingPart\",\"attributes\":{{{}}},\"parents\":[\"{}\"],\"geometry\":{geometry}}}",
                id(k),
                about(&name, height),
                landmark.id
            ));
        }
    }

    /// What the whole covers, at level 0: its parts have the shapes.
    fn footprint(&mut self, landmark: &Landmark) -> String {
        let ring: Vec<String> = landmark
            .outline
            .iter()
            .map(|p| self.vertex(landmark, [p.x, p.y, 0.0]).to_string())
            .collect();
        format!(
            "{{\"type\":\"MultiSurface\",\"lod\":\"0\",\"boundaries\":[[[{}]]]}}",
            ring.join(",")
        )
    }

    fn geometries(&mut self, landmark: &Landmark, part: &Part) -> String {
        let levels: Vec<String> = part
            .levels
            .iter()
            .map(|(level, solid)| self.geometry(landmark, level, solid))
            .collect();
        format!("[{}]", levels.join(","))
    }

    fn geometry(&mut self, landmark: &Landmark, level: &str, solid: &Solid) -> String {
        let mut kinds: Vec<Surface> = solid.faces.iter().map(|f| f.surface).collect();
        kinds.sort_unstable();
        kinds.dedup();
        let (mut boundaries, mut semantics, mut materials, mut textures) =
            (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for face in &solid.faces {
            boundaries.push(self.boundary(landmark, face));
            let kind = kinds.iter().position(|k| *k == face.surface).unwrap_or_default();
            semantics.push(kind.to_string());
            let picture = face.skin.look().picture.filter(|_| level != "1");
            let picture = picture.and_then(|name| NAMES.iter().position(|n| *n == name));
            materials.push(match picture {
                Some(_) => "null".to_owned(),
                None => Skin::ALL
                    .iter()
                    .position(|skin| *skin == face.skin)
                    .unwrap_or_default()
                    .to_string(),
            });
            textures.push(self.texture(face, picture));
        }
        let kinds: Vec<String> =
            kinds.iter().map(|kind| format!("{{\"type\":\"{}\"}}", kind.name())).collect();
        let mut out = format!(
            "\n{{\"type\":\"Solid\",\"lod\":\"{level}\",\"boundaries\":[[{}]],\"semantics\":{{\"surfaces\":[{}],\"values\":[[{}]]}},\"material\":{{\"day\":{{\"values\":[[{}]]}}}}",
            boundaries.join(","),
            kinds.join(","),
            semantics.join(","),
            materials.join(",")
        );
        if textures.iter().any(|t| !t.contains("null")) {
            let _ =
                write!(out, ",\"texture\":{{\"day\":{{\"values\":[[{}]]}}}}", textures.join(","));
        }
        out.push('}');
        out
    }

    fn boundary(&mut self, landmark: &Landmark, face: &Face) -> String {
        let ring = |writer: &mut Self, ring: &Vec<_>| {
            let indices: Vec<String> = ring
                .iter()
                .map(|(p, _): &([f64; 3], [f64; 2])| writer.vertex(landmark, *p).to_string())
                .collect();
            format!("[{}]", indices.join(","))
        };
        let rings: Vec<String> = face.rings.iter().map(|r| ring(self, r)).collect();
        format!("[{}]", rings.join(","))
    }

    fn texture(&mut self, face: &Face, picture: Option<usize>) -> String {
        let rings: Vec<String> = face
            .rings
            .iter()
            .map(|ring| match picture {
                None => "[null]".to_owned(),
                Some(picture) => {
                    let corners = ring.iter().map(|(_, uv)| {
                        self.uvs.index(uv.map(|x| (x * UV_SCALE).round() as i64)).to_string()
                    });
                    let all: Vec<String> =
                        std::iter::once(picture.to_string()).chain(corners).collect();
                    format!("[{}]", all.join(","))
                }
            })
            .collect();
        format!("[{}]", rings.join(","))
    }

    fn vertex(&mut self, landmark: &Landmark, [x, y, z]: [f64; 3]) -> usize {
        let p = Pt { x, y }.turn(landmark.turn) + landmark.at;
        self.vertices.index([p.x, p.y, z].map(|v| (v / SCALE).round() as i64))
    }
}
