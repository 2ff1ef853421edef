//! Pictures and vertices of models: what comes back from a tile is what was put in.

#![allow(clippy::unwrap_used, reason = "a test that can not set up has failed")]

mod support;

use std::io::Cursor;

use image::{ImageFormat, Rgb, RgbImage};
use onemap_crs::{LocalFrame, to_geocentric};
use onemap_model::{
    AnchoredModel, BlobRef, FieldType, GeoCell, GeometryClass, Lod, Mesh, Model, Solid, Surface,
    Value, Wrap,
};
use onemap_tile_tree::Cut;
use onemap_tiles_3d::{Encoding, SolidRule, TileContent, draw_cut, with_ref};
use support::{
    ANCHOR, Glb, assert_valid, feature, frame, gallery, lonlat, no_image, rectangle, schema,
};

fn blob(number: usize) -> BlobRef {
    BlobRef { hash: format!("{number:064}"), bytes: 1 }
}

fn shown(
    model: &AnchoredModel,
    images: &mut dyn FnMut(&BlobRef) -> Option<Vec<u8>>,
    encoding: Encoding,
) -> Vec<u8> {
    let schema = schema(&[("height", FieldType::Float)]);
    let rule = SolidRule::bind(&Solid::default(), &schema, GeometryClass::Polygon);
    let mut content = TileContent::new(frame(), &schema, &[true]);
    let house = feature(4, rectangle([0.0, 0.0], [9.0, 9.0]), vec![Value::Null]);
    with_ref(&house, |f| content.add_model(f, model, 0, &rule.params(f)));
    content.finish(images, encoding)
}

/// A picture in which every pixel tells where it is, and whose it is.
fn picture(number: usize) -> Vec<u8> {
    let (width, height) = (60 + number as u32 * 37, 200 - number as u32 * 11);
    let of =
        |x: u32, y: u32| [(x * 255 / width) as u8, (y * 255 / height) as u8, number as u8 * 20];
    let mut out = Cursor::new(Vec::new());
    RgbImage::from_fn(width, height, |x, y| Rgb(of(x, y)))
        .write_to(&mut out, ImageFormat::Png)
        .unwrap();
    out.into_inner()
}

#[test]
fn pictures_of_a_tile_share_a_sheet_and_every_surface_keeps_its_own() {
    let mut pieces: Vec<_> =
        (0..12).map(|i| (blob(i), Wrap::Repeat, [0.25, 0.5, 0.75, 1.0])).collect();
    pieces.push((blob(12), Wrap::Repeat, [0.0, 0.0, 5.0, 1.0]));
    let model = gallery(pieces, |_| false);
    let mut asked = |blob: &BlobRef| Some(picture(blob.hash.parse().unwrap()));
    let file = shown(&model, &mut asked, Encoding::Compact);
    assert!(file == shown(&model, &mut asked, Encoding::Compact));
    let glb = Glb::read(&file);
    let materials = glb.json["materials"].as_array().unwrap();
    let images = glb.json["images"].as_array().unwrap();
    assert_eq!((materials.len(), images.len()), (2, 2));
    let mut seen = 0;
    for shape in glb.shapes(0) {
        let texture = &shape.material["pbrMetallicRoughness"]["baseColorTexture"]["index"];
        let texture = &glb.json["textures"][texture.as_u64().unwrap() as usize];
        let at = texture["extensions"]["EXT_texture_webp"]["source"].as_u64().unwrap() as usize;
        let sheet = image::load_from_memory(glb.view(&images[at]["bufferView"])).unwrap().to_rgb8();
        if shape.positions.len() == 4 {
            // The one that repeats is alone, as it was.
            assert_eq!(sheet.dimensions(), (60 + 12 * 37, 200 - 12 * 11));
            continue;
        }
        assert!(sheet.width().is_power_of_two() && sheet.height().is_power_of_two());
        for triangle in &shape.triangles {
            let mean =
                |of: &dyn Fn(usize) -> f64| triangle.iter().map(|&i| of(i)).sum::<f64>() / 3.0;
            let [x, z] = [0, 2].map(|k| mean(&|i| shape.positions[i][k]));
            let [u, v] = [0, 1].map(|k| mean(&|i| shape.uvs[i][k]));
            let piece = (x / 12.0) as usize;
            let across = (x - piece as f64 * 12.0) / 10.0;
            let expected = [0.25 + 0.5 * across, 1.0 - 0.5 * z / 10.0, piece as f64 * 20.0 / 255.0];
            let pixel = sheet.get_pixel(
                (u * f64::from(sheet.width())) as u32,
                (v * f64::from(sheet.height())) as u32,
            );
            for (is, should) in pixel.0.iter().zip(expected) {
                assert!(
                    (f64::from(*is) / 255.0 - should).abs() < 0.05,
                    "{piece} {pixel:?} {expected:?}"
                );
            }
            seen += 1;
        }
    }
    assert_eq!(seen, 24);
    assert_valid("textures", &[("sheet.glb", &file)]);
}

#[test]
fn sheets_of_real_facades_are_fewer_and_hardly_larger_than_the_pictures() {
    let Some(data) = std::env::var_os("ONEMAP_TEST_DATA") else {
        eprintln!("\n******** SKIPPED: set ONEMAP_TEST_DATA ********\n");
        return;
    };
    let mut folders = vec![std::path::PathBuf::from(data).join("city3d")];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "jpg" || e == "png") {
                files.push(path);
            }
        }
    }
    files.sort();
    let mut asked =
        |blob: &BlobRef| std::fs::read(&files[blob.hash.parse::<usize>().unwrap()]).ok();
    // What repeats stays single.
    let [sheets, singles] = [1.0, 1.5].map(|most| {
        let pieces = (0..files.len()).map(|i| (blob(i), Wrap::Repeat, [0.0, 0.0, most, 1.0]));
        shown(&gallery(pieces, |_| false), &mut asked, Encoding::Compact)
    });
    let count = |file: &[u8]| Glb::read(file).json["materials"].as_array().unwrap().len();
    println!(
        "{} pictures: {} materials and {} bytes on sheets, {} and {} one by one",
        files.len(),
        count(&sheets),
        sheets.len(),
        count(&singles),
        singles.len(),
    );
    assert!(count(&sheets) * 2 < count(&singles));
    assert!(sheets.len() < singles.len() * 5 / 4);
}

#[test]
fn a_thousand_random_vertices_of_a_model_come_back_to_the_millimetre() {
    let mut state = 11_u64;
    let mut next = |low: f64, high: f64| {
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        let whole = state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 11;
        low + (high - low) * whole as f64 / (1_u64 << 53) as f64
    };
    let own = LocalFrame::at([ANCHOR[0] + 0.004, ANCHOR[1] - 0.003, 12.5]);
    let mut mesh = Mesh::default();
    for _ in 0..400 {
        let at: [f64; 3] = [next(-80.0, 80.0), next(-80.0, 80.0), next(-5.0, 300.0)];
        let corners: [[f64; 3]; 3] = std::array::from_fn(|_| at.map(|x| x + next(-4.0, 4.0)));
        mesh.push(Surface::Wall, None, &corners, &[[0, 1, 2]]);
    }
    let source: Vec<[f64; 3]> = mesh.positions.iter().map(|&at| own.to_geocentric(at)).collect();
    let lods = vec![Lod { level: "2".into(), mesh }];
    let anchor = [ANCHOR[0] + 0.004, ANCHOR[1] - 0.003, 12.5];
    let model = AnchoredModel { anchor, model: Model { lods, ..Model::default() } };
    for encoding in [Encoding::Compact, Encoding::Plain] {
        let glb = Glb::read(&shown(&model, &mut no_image, encoding));
        let found: Vec<[f64; 3]> = glb.shapes(0)[0].positions.clone();
        assert_eq!(found.len(), 1200);
        let (mut across, mut up) = (0.0_f64, 0.0_f64);
        for &there in &source {
            let place = frame().from_geocentric(there);
            let apart = |p: &[f64; 3]| (0..3).map(|k| (p[k] - place[k]).powi(2)).sum::<f64>();
            let nearest = found.iter().min_by(|a, b| apart(a).total_cmp(&apart(b))).unwrap();
            across = across.max((nearest[0] - place[0]).hypot(nearest[1] - place[1]));
            up = up.max((nearest[2] - place[2]).abs());
        }
        println!("{encoding:?}: {:.3} mm across, {:.3} mm up", across * 1e3, up * 1e3);
        assert!(across < 1e-3 && up < 1e-3, "{across} {up}");
    }
    // The frame is where it is said to be.
    let there = to_geocentric(ANCHOR);
    assert!(frame().from_geocentric(there).iter().all(|x| x.abs() < 1e-6));
}

#[test]
fn a_model_with_a_block_of_its_own_shows_it_from_afar() {
    let mut schema = schema(&[("height", FieldType::Float)]);
    schema.fields.push(onemap_model::Field::new("shape", FieldType::Model));
    let roof = |height: f64| {
        let mut mesh = Mesh::default();
        let corners = [[0.0, 0.0, height], [9.0, 0.0, height], [0.0, 9.0, height]];
        mesh.push(Surface::Roof, None, &corners, &[[0, 1, 2]]);
        mesh
    };
    let lods = [("1", 7.0), ("2.2", 8.0)]
        .map(|(level, height)| Lod { level: level.into(), mesh: roof(height) });
    let model = Model { lods: lods.into(), ..Model::default() };
    let model = AnchoredModel { anchor: ANCHOR, model };
    let values = vec![Value::Null, Value::Bytes(model.to_bytes())];
    let house = feature(3, rectangle([0.0, 0.0], [9.0, 9.0]), values);
    let rule = SolidRule::bind(&Solid::default(), &schema, GeometryClass::Polygon);
    let cell = GeoCell::containing(lonlat([4.5, 4.5]), 18);
    let mut content = TileContent::new(frame(), &schema, &[true, false]);
    draw_cut(&mut content, &rule, cell, &Cut::default(), &mut vec![house]);
    let glb = Glb::read(&content.finish(&mut no_image, Encoding::Compact));
    let shape = &glb.shapes(0)[0];
    assert!(!shape.triangles.is_empty());
    assert!(shape.positions.iter().all(|p| (p[2] - 7.0).abs() < 0.02));
}
