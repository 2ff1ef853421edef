use onemap_crs::LocalFrame;

use super::*;
use crate::testing::{CollectSink, area, data, source, volume};
use crate::{Format, Placement};

const PLACE: Placement = Placement { lon: 4.857, lat: 45.761, height: 170.0, heading_degrees: 0.0 };

fn placed() -> Options {
    Options { place: Some(PLACE), ..Options::default() }
}

fn import(text: &str, options: &Options) -> Result<CollectSink, Error> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("house.obj");
    std::fs::write(&path, text).unwrap();
    std::fs::write(
        folder.path().join("house.mtl"),
        "newmtl red\nKd 1 0 0\nd 0.5\nnewmtl brick\nKd 0 0 0\nmap_Kd -clamp on no.png\n",
    )
    .unwrap();
    let mut sink = CollectSink::default();
    read(&source(&path, Format::Obj), options, &mut sink).map(|()| sink)
}

/// Two boxes of 2 by 2 by 2 m, one with negative numbers, and a lone line.
const BOXES: &str = "mtllib house.mtl
v 0 0 0\nv 2 0 0\nv 2 2 0\nv 0 2 0\nv 0 0 2\nv 2 0 2\nv 2 2 2 1 1 1\nv 0 2 2
o A\nusemtl red\nf 1 4 3 2\nf 5 6 7 8\nf 1 2 6 5\nf 2 3 7 6\nf 3 4 8 \\\n7\nf 4 1 5 8
o \u{697c} B\nusemtl brick\nf -8 -5 -6 -7\nf 5// 6// 7// 8//\nf 1 2 6 5\nf 2 3 7 6\nf 3 4 8 7\nf 4 1 5 8
l 1 2\n";

#[test]
fn objects_are_records_in_metres_around_their_place() {
    let sink = import(BOXES, &placed()).unwrap();
    assert_eq!(sink.layers[0].crs.as_deref(), Some("EPSG:4979"));
    assert_eq!((sink.records.len(), sink.rejects.len()), (2, 0));
    assert!(sink.noted("z was taken as up") && sink.noted("1 points, lines"));
    assert!(sink.noted("'no.png' is missing"));
    let frame = LocalFrame::at([PLACE.lon, PLACE.lat, PLACE.height]);
    for (id, color) in [("A", [255, 0, 0, 128]), ("\u{697c} B", [0, 0, 0, 255])] {
        let mut model = sink.record_of(id).model.as_deref().unwrap().clone();
        let mesh = &mut model.lods[0].mesh;
        for at in &mut mesh.positions {
            *at = frame.from_lonlat(*at);
        }
        assert!((volume(mesh) - 8.0).abs() < 1e-6, "{}", volume(mesh));
        assert_eq!(model.materials[0].color, color);
    }
}

#[test]
fn coordinates_of_a_crs_are_kept_exactly() {
    let far = "v 1841400.123 5172500.456 300\nv 1841401 5172500 300\nv 1841401 5172501 300.001\nf 1 2 3\n";
    let options = Options { crs: Some("EPSG:3946".to_owned()), ..Options::default() };
    let sink = import(far, &options).unwrap();
    assert_eq!(sink.layers[0].crs.as_deref(), Some("EPSG:3946"));
    let model = sink.record_of("house").model.as_deref().unwrap();
    assert!(model.lods[0].mesh.positions.contains(&[1_841_400.123, 5_172_500.456, 300.0]));
    let nowhere = import(far, &Options::default()).unwrap_err().to_string();
    assert!(nowhere.contains("--place") && nowhere.contains("--crs"), "{nowhere}");
    let sink = import(far, &placed()).unwrap();
    assert!(sink.rejects[0].reason.contains("100 km"), "{:?}", sink.rejects);
}

#[test]
fn a_broken_face_rejects_its_object_only() {
    let text = format!("{BOXES}o C\nf 1 2 99\no D\nv 1e999 0 0\nf 1 2 9\no E\nf 1 2\n");
    let sink = import(&text, &placed()).unwrap();
    assert_eq!((sink.records.len(), sink.rejects.len()), (2, 2), "{:?}", sink.rejects);
    assert!(sink.rejects[0].reason.contains("'99'"));
    assert!(sink.rejects[1].reason.contains("not a number"));
    let error = import("v 0 0 x\nf 1 1 1\n", &placed()).unwrap_err().to_string();
    assert!(error.contains("line 1") && error.contains("'x' is not a number"), "{error}");
    assert!(import("v 0 0 0\n", &placed()).unwrap_err().to_string().contains("no faces"));
}

#[test]
fn the_real_tower_and_cubes_are_read() {
    let Some(root) = data("city3d/obj_tower") else { return };
    let found = crate::survey(root.to_str().unwrap()).unwrap();
    assert_eq!(found.sources.len(), 6);
    let options = Options { crs: Some("EPSG:3946".to_owned()), ..Options::default() };
    for source in &found.sources {
        let mut sink = CollectSink::default();
        crate::read(source, &options, &mut sink).unwrap();
        let mesh = &sink.models().next().unwrap().lods[0].mesh;
        println!(
            "{}: {} records, {} triangles, area {}, volume {}, {} images, {:?}",
            source.stem,
            sink.records.len(),
            mesh.triangles.len(),
            area(mesh),
            volume(mesh),
            sink.blobs.len(),
            sink.notes.iter().map(|n| &n.text).collect::<Vec<_>>()
        );
        assert_eq!((sink.records.len(), sink.rejects.len()), (1, 0));
        match source.stem.as_str() {
            "cube_1" | "cube_2" => {
                assert!((volume(mesh).abs() - 200.0 * 300.0 * 300.0).abs() < 1e-3);
            }
            "cube" => {
                assert!((volume(mesh) - 8.0).abs() < 1e-9);
                assert_eq!((sink.blobs.len(), mesh.uvs.len()), (1, mesh.positions.len()));
            }
            _ => assert!(mesh.triangles.len() > 80),
        }
    }
}
