//! Tells kinds of JSON apart by the keys of the root object.

use onemap_source::Outline;

use super::identify::Found;
use crate::Format;

/// Finds out what a text that begins with `{` or `[` is.
pub(super) fn identify(text: &[u8], is_whole: bool, extension: &str) -> Found {
    if text.first() == Some(&b'[') {
        return Found::other(
            "it is a JSON array, not GeoJSON",
            "GeoJSON is one object with \"type\": \"FeatureCollection\"; convert it with ogr2ogr or save it as such",
        );
    }
    let outline = Outline::of(text);
    let has = |key: &str| outline.has(key);
    match outline.kind.as_deref() {
        Some("Topology") => return Found::Source(Format::TopoJson),
        Some("CityJSON" | "CityJSONFeature") => {
            return Found::other("it is CityJSON", "3D city models come with a later version");
        }
        Some("FeatureCollection") if has("spatialReference") && !has("features") => {}
        Some(kind) if is_geojson_type(kind) => {
            let by_name = matches!(
                extension,
                "geojsonl" | "geojsons" | "geojsonseq" | "ndjson" | "jsonl" | "ndgeojson"
            );
            let sequence = outline.is_sequence() || (by_name && kind != "FeatureCollection");
            return Found::Source(if sequence { Format::GeoJsonSeq } else { Format::GeoJson });
        }
        _ => {}
    }
    if has("geometryType")
        || (has("spatialReference") && has("features"))
        || has("displayFieldName")
    {
        return Found::other(
            "it is Esri JSON, not GeoJSON",
            "ask the service for f=geojson, or convert it: ogr2ogr out.geojson in.json",
        );
    }
    if has("features") || has("geometry") {
        return Found::Source(Format::GeoJson);
    }
    if has("arcs") && has("objects") {
        return Found::Source(Format::TopoJson);
    }
    if has("asset") && (has("geometricError") || has("root")) {
        return Found::other("it is a 3D Tiles tileset", "3D tilesets come with a later version");
    }
    if has("asset") && (has("meshes") || has("scenes") || has("buffers")) {
        return Found::other("it is a glTF model", "3D models come with a later version");
    }
    if has("hierarchyType") {
        return Found::other(
            "it is an Entwine (EPT) point cloud",
            "point clouds come with a later version",
        );
    }
    if has("tilejson") || has("tiles") {
        return Found::other(
            "it describes map tiles, it holds no features",
            "import the data that the tiles were made of",
        );
    }
    if outline.is_closed || (!is_whole && !extension.contains("geojson")) {
        let keys: Vec<_> = outline.keys.iter().take(5).map(|k| format!("\"{k}\"")).collect();
        let seen = if keys.is_empty() {
            "without any key".into()
        } else {
            format!("with the keys {}", keys.join(", "))
        };
        return Found::other(
            format!("it is a JSON object {seen}, not GeoJSON or TopoJSON"),
            "import the GeoJSON itself; a style, metadata or service description holds no features",
        );
    }
    match extension {
        "geojson" | "json" => Found::Source(Format::GeoJson),
        "topojson" => Found::Source(Format::TopoJson),
        _ => Found::other("it begins like JSON and breaks off", "get the file again"),
    }
}

fn is_geojson_type(kind: &str) -> bool {
    matches!(
        kind,
        "FeatureCollection"
            | "Feature"
            | "GeometryCollection"
            | "Point"
            | "LineString"
            | "Polygon"
            | "MultiPoint"
            | "MultiLineString"
            | "MultiPolygon"
    )
}
