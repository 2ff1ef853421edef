//! Files that others read: judged by gltf-validator, and unpacked by meshoptimizer.

#![allow(clippy::unwrap_used, reason = "a test that can not set up has failed")]

mod support;

use std::io::Cursor;

use image::{ImageFormat, Rgba, RgbaImage};
use onemap_model::{
    AnchoredModel, BlobRef, FieldType, Geometry, GeometryClass, Schema, Solid, Value, Wrap,
};
use onemap_tiles_3d::{
    Detail, Encoding, Prism, RoofShape, SolidParams, SolidRule, Symbol, TileContent, with_ref,
};
use support::{Glb, assert_valid, feature, frame, gallery, lonlat, no_image, rectangle, schema};

fn street() -> Schema {
    schema(&[
        ("名称", FieldType::Text),
        ("height", FieldType::Float),
        ("floors", FieldType::Int),
        ("use", FieldType::Text),
    ])
}

fn params() -> SolidParams {
    let schema = schema(&[]);
    let rule = SolidRule::bind(&Solid::default(), &schema, GeometryClass::Polygon);
    with_ref(&feature(0, Geometry::point(lonlat([0.0, 0.0])), vec![]), |f| rule.params(f))
}

/// Houses with every roof, translucent ones, trees, prisms, and names in Chinese and none.
fn town(encoding: Encoding) -> Vec<u8> {
    let schema = street();
    let rule = SolidRule::bind(&Solid::default(), &schema, GeometryClass::Polygon);
    let mut content = TileContent::new(frame(), &schema, &[true; 4]);
    let roofs = [
        RoofShape::Flat,
        RoofShape::Gabled,
        RoofShape::Hipped,
        RoofShape::Pyramidal,
        RoofShape::Skillion,
        RoofShape::Dome,
        RoofShape::Onion,
        RoofShape::Round,
    ];
    for id in 0..160 {
        let at = [id as f64 % 16.0 * 20.0 - 160.0, (id / 16) as f64 * 20.0];
        let name =
            if id % 7 == 0 { Value::Null } else { Value::Text(format!("{id}号楼 «ü»")) };
        let floors = if id % 3 == 0 { Value::Null } else { Value::Int(id as i64 % 30) };
        let used = Value::Text(["住宅", "shop"][id as usize % 2].into());
        let values = vec![name, Value::Float(6.0 + id as f64 / 4.0), floors, used];
        with_ref(&feature(id, rectangle(at, [14.0, 9.0]), values), |house| {
            let mut params = rule.params(house);
            params.roof = roofs[id as usize % roofs.len()];
            params.min_height = if id % 5 == 0 { 2.0 } else { 0.0 };
            params.wall[3] = if id % 11 == 0 { 120 } else { 255 };
            let detail = if id % 4 == 0 { Detail::Block { tolerance: 1.0 } } else { Detail::Full };
            content.add_solid(house, &params, detail);
        });
    }
    for id in 200..300 {
        let [lon, lat] = lonlat([(id - 200) as f64 * 3.0, -10.0]);
        with_ref(&feature(id, Geometry::point([lon, lat]), vec![]), |tree| {
            content.add_symbol(tree, Symbol::Tree, [lon, lat, 3.0], 4.0 + id as f64 % 5.0);
        });
    }
    content.add_prism(&Prism {
        ring: [[500.0, 0.0], [540.0, 0.0], [540.0, 40.0], [500.0, 40.0]].map(lonlat).into(),
        base: 0.0,
        height: 22.0,
        colors: [[200, 190, 180, 255], [170, 160, 150, 255]],
        count: 12,
    });
    content.finish(&mut no_image, encoding)
}

fn blob(name: &str) -> BlobRef {
    BlobRef { hash: name.repeat(8), bytes: 1 }
}

/// A picture in which every pixel tells where it is.
fn picture(width: u32, height: u32, blue: u8, format: ImageFormat) -> Vec<u8> {
    let of = |x: u32, y: u32| [(x * 255 / width) as u8, (y * 255 / height) as u8, blue];
    let mut out = Cursor::new(Vec::new());
    if format == ImageFormat::Png {
        let hole = |x: u32, y: u32| if blue == 9 && x < width / 2 && y < height { 0 } else { 255 };
        RgbaImage::from_fn(width, height, |x, y| {
            let [r, g, b] = of(x, y);
            Rgba([r, g, b, hole(x, y)])
        })
        .write_to(&mut out, format)
        .unwrap();
    } else {
        image::RgbImage::from_fn(width, height, |x, y| image::Rgb(of(x, y)))
            .write_to(&mut out, format)
            .unwrap();
    }
    out.into_inner()
}

fn pictures(blob: &BlobRef) -> Option<Vec<u8>> {
    match &blob.hash[..2] {
        "aa" => Some(picture(640, 480, 40, ImageFormat::Jpeg)),
        "bb" => Some(picture(3000, 2000, 90, ImageFormat::Png)),
        "cc" => Some(picture(64, 64, 9, ImageFormat::Png)),
        "dd" => Some(b"\x89PNG\r\n\x1a\nno picture".to_vec()),
        "ee" => Some(picture(300, 200, 140, ImageFormat::Png)[..2000].to_vec()),
        _ => None,
    }
}

fn shown(model: &AnchoredModel, encoding: Encoding) -> Vec<u8> {
    let schema = street();
    let mut content = TileContent::new(frame(), &schema, &[true; 4]);
    with_ref(
        &feature(4, rectangle([0.0, 0.0], [9.0, 9.0]), vec![Value::Text("城门".into())]),
        |f| {
            content.add_model(f, model, 0, &params());
        },
    );
    content.finish(&mut pictures, encoding)
}

fn pieces() -> AnchoredModel {
    gallery(PIECES.map(|(image, wrap, part)| (blob(image), wrap, part)), |i| i % 2 == 1)
}

const PIECES: [(&str, Wrap, [f32; 4]); 9] = [
    ("aa", Wrap::Repeat, [0.1, 0.2, 0.4, 0.6]),
    ("aa", Wrap::Repeat, [3.5, -1.9, 3.9, -1.4]),
    ("aa", Wrap::Repeat, [0.0, 0.0, 4.0, 3.0]),
    ("bb", Wrap::Clamp, [0.0, 0.0, 1.0, 1.0]),
    ("bb", Wrap::Mirror, [0.5, 0.5, 0.75, 0.75]),
    ("cc", Wrap::Clamp, [0.0, 0.0, 1.0, 1.0]),
    ("dd", Wrap::Clamp, [0.0, 0.0, 1.0, 1.0]),
    ("ee", Wrap::Clamp, [0.0, 0.0, 1.0, 1.0]),
    ("ff", Wrap::Repeat, [0.0, 0.0, 9.0, 1.0]),
];

#[test]
fn every_kind_of_thing_is_valid_compact_and_plain() {
    let gallery = pieces();
    let files = [
        ("town.glb", town(Encoding::Compact)),
        ("town-plain.glb", town(Encoding::Plain)),
        ("gallery.glb", shown(&gallery, Encoding::Compact)),
        ("gallery-plain.glb", shown(&gallery, Encoding::Plain)),
    ];
    let files: Vec<(&str, &[u8])> =
        files.iter().map(|(name, bytes)| (*name, bytes.as_slice())).collect();
    assert_valid("every_kind", &files);
    let (compact, plain) = (Glb::read(files[0].1), Glb::read(files[1].1));
    let uses = |glb: &Glb, name: &str| {
        glb.json["extensionsUsed"].as_array().unwrap().iter().any(|n| n == name)
    };
    assert!(uses(&compact, "EXT_meshopt_compression") && uses(&compact, "KHR_mesh_quantization"));
    assert!(!uses(&plain, "EXT_meshopt_compression") && !uses(&plain, "KHR_mesh_quantization"));
    assert!(!uses(&Glb::read(files[3].1), "EXT_texture_webp"));
    assert!(files[0].1.len() * 2 < files[1].1.len(), "{} {}", files[0].1.len(), files[1].1.len());
}

#[test]
fn very_many_vertices_and_an_empty_tile_are_valid() {
    let schema = schema(&[("height", FieldType::Float)]);
    let many: Vec<_> = (0..4000)
        .map(|id| {
            let at = [id as f64 % 70.0 * 12.0, (id / 70) as f64 * 12.0];
            feature(id, rectangle(at, [8.0, 6.0]), vec![Value::Float(5.0)])
        })
        .collect();
    let many = support::raised(&schema, &many, Encoding::Compact, |_| {});
    let empty =
        TileContent::new(frame(), &schema, &[true]).finish(&mut no_image, Encoding::Compact);
    // A feature of which nothing is to be seen.
    let nothing = feature(1, Geometry::polygon(vec![lonlat([0.0, 0.0]); 4]), vec![]);
    let nothing = support::raised(&schema, &[nothing], Encoding::Plain, |_| {});
    assert_valid("many", &[("many.glb", &many), ("empty.glb", &empty), ("nothing.glb", &nothing)]);
    assert!(Glb::read(&many).shapes(0).len() > 1);
}

#[test]
fn the_same_things_are_the_same_bytes() {
    for encoding in [Encoding::Compact, Encoding::Plain] {
        let gallery = pieces();
        let first = (town(encoding), shown(&gallery, encoding));
        let others: Vec<_> = std::thread::scope(|scope| {
            let run = || scope.spawn(|| (town(encoding), shown(&gallery, encoding)));
            [run(), run()].into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(others.iter().all(|other| *other == first), "{encoding:?}");
    }
}

#[test]
fn trees_are_instances_that_know_their_feature() {
    let glb = Glb::read(&town(Encoding::Compact));
    let mut known = Vec::new();
    for node in glb.json["nodes"].as_array().unwrap() {
        let instancing = &node["extensions"]["EXT_mesh_gpu_instancing"]["attributes"];
        if instancing.is_null() {
            continue;
        }
        let ids = &node["extensions"]["EXT_instance_features"]["featureIds"][0];
        assert_eq!((&ids["attribute"], &ids["propertyTable"]), (&0.into(), &0.into()));
        let places = glb.instance_places(node);
        let features = glb.numbers(&instancing["_FEATURE_ID_0"]);
        for (place, feature) in places.iter().zip(features) {
            // The first tree is the 161st feature; they stand 3 m apart.
            let expected = (feature[0] - 160.0) * 3.0;
            assert!((place[0] - expected).abs() < 0.01, "{place:?} {feature:?}");
            known.push(feature[0] as usize);
        }
    }
    known.sort_unstable();
    assert_eq!(known, (160..260).collect::<Vec<_>>());
}
