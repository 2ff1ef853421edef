//! Files of cities, judged by figures computed with other tools: counts, boxes and volumes by lxml and numpy.

use std::collections::BTreeMap;
use std::path::Path;

use onemap_model::{AxisOrder, Mesh, Model, SourceId, Surface, Value};

use crate::testing::{CollectSink, data, extent, source, volume};
use crate::{Error, Format, Options, Source};

fn try_read(path: &Path, format: Format) -> Result<CollectSink, Error> {
    let is_packed = path.extension().is_some_and(|end| end == "gz");
    let source = Source { gzipped: is_packed, ..source(path, format) };
    let mut sink = CollectSink::default();
    crate::read(&source, &Options::default(), &mut sink)?;
    Ok(sink)
}

fn read(path: &Path) -> CollectSink {
    let sink = try_read(path, Format::CityGml).unwrap();
    assert!(sink.rejects.is_empty(), "{}: {:?}", path.display(), sink.rejects);
    sink
}

/// Counts the objects that are part of no other, by type.
fn top_level(sink: &CollectSink) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for (_, record) in &sink.records {
        if let (Value::Text(kind), Value::Null) = (&record.values[0], &record.values[1]) {
            *counts.entry(kind.clone()).or_default() += 1;
        }
    }
    counts
}

/// Sums the volumes of all shapes in one level.
fn volumes(sink: &CollectSink, level: &str) -> f64 {
    let meshes = sink.models().flat_map(|model| &model.lods).filter(|lod| lod.level == level);
    meshes.map(|lod| volume(&lod.mesh)).sum()
}

#[test]
fn all_objects_of_all_files_are_there() {
    let Some(folder) = data("city3d") else { return };
    for (file, records, expected) in [
        ("citygml4j_samples/lod2_buildings_v3.gml", 100, &[("Building", 100)][..]),
        ("citygml4j_samples/lod2_test_ade_v2.gml", 3, &[("Building", 1), ("OtherConstruction", 1)]),
        (
            "citygml4j_samples/test_ade_objects_v3.gml",
            4,
            &[("Building", 1), ("MovingConstruction", 1)],
        ),
        ("citygml4j_samples/invalid_building_v3.gml", 1, &[("Building", 1)]),
        ("citygml4j_samples/lod3_building_v2.gml.gz", 2, &[("Building", 1)]),
        ("citygml4j_samples/lod4_building_v2.gml.gz", 5, &[("Building", 1), ("ReliefFeature", 1)]),
        (
            "plateau_misc/kofu-shi/udx/urf/533834_urf_6668_sigaidev_op.gml",
            27,
            &[("UrbanDevelopmentProject", 27)],
        ),
        ("plateau_misc/numazu-shi/udx/fld/52385721_fld_6697_l1_op.gml", 3, &[("WaterBody", 3)]),
        (
            "plateau_misc/numazu-shi/udx/lsld/523857_lsld_6668_op.gml",
            81,
            &[("SedimentDisasterProneArea", 81)],
        ),
        ("plateau_misc/numazu-shi/udx/luse/523836_luse_6668_op.gml.gz", 225, &[("LandUse", 225)]),
        ("plateau_misc/numazu-shi/udx/tnm/523855_tnm_6697_op.gml", 3, &[("WaterBody", 3)]),
        (
            "plateau_misc/numazu-shi/udx/urf/523857_urf_6668_op.gml",
            47,
            &[
                ("AreaClassification", 3),
                ("ScenicDistrict", 4),
                ("SpecialUseDistrict", 2),
                ("UseDistrict", 38),
            ],
        ),
        (
            "plateau_misc/sapporo-shi/udx/urf/644131_urf_6668_op.gml",
            12,
            &[
                ("AreaClassification", 6),
                ("FirePreventionDistrict", 1),
                ("UrbanPlanningArea", 1),
                ("UseDistrict", 4),
            ],
        ),
        (
            "plateau_misc/tokyo23-ku/udx/urf/533957_urf_6668_op.gml",
            38,
            &[("FirePreventionDistrict", 4), ("HeightControlDistrict", 12), ("UseDistrict", 22)],
        ),
        ("plateau_misc/yokosuka-shi/udx/bldg/52397519_bldg_6697_op.gml", 15, &[("Building", 13)]),
        ("plateau_misc/yokosuka-shi/udx/dem/523965_dem_6697_05_op.gml", 4, &[("ReliefFeature", 2)]),
        ("plateau_numazu_日本語パス/udx/bldg/53392642_bldg_6697_op2.gml.gz", 8, &[("Building", 8)]),
        ("plateau_numazu_日本語パス/udx/tran/533925_tran_6697_op.gml", 9, &[("Road", 9)]),
        ("potsdam_lod1.gml.gz", 97, &[("Building", 97)]),
    ] {
        let sink = read(&folder.join(file));
        let expected = expected.iter().map(|&(kind, n)| (kind.to_owned(), n)).collect();
        assert_eq!(top_level(&sink), expected, "{file}");
        assert_eq!(sink.records.len(), records, "{file}");
        let is_plateau = file.starts_with("plateau");
        let order = if is_plateau { AxisOrder::NorthEast } else { AxisOrder::EastNorth };
        assert_eq!(sink.layers[0].axis_order, order, "{file}");
        // Wholes of parts may have no shape of their own.
        let bare = sink.records.iter().filter(|(_, r)| r.model.is_none() && r.values[2].is_null());
        let bare: Vec<_> = bare.map(|(_, r)| &r.values[0]).collect();
        let is_light = |kind: &Value| *kind == Value::Text("LightingFacility".to_owned());
        assert!(bare.iter().all(|kind| is_light(kind)), "{file}: {bare:?}");
    }
}

#[test]
fn volumes_and_boxes_agree_with_the_source() {
    let Some(folder) = data("city3d") else { return };
    let near = |a: f64, b: f64, relative: f64| {
        assert!((a - b).abs() <= relative * b.abs(), "{a} is not {b}");
    };
    let potsdam = read(&folder.join("potsdam_lod1.gml.gz"));
    near(volumes(&potsdam, "1"), 351_885.701_825_853, 1e-9);
    let samples = folder.join("citygml4j_samples");
    near(volumes(&read(&samples.join("lod2_buildings_v3.gml")), "2"), 35_184.0, 1e-9);
    // Latitude, longitude, height is a left-handed system: what is outside there is inside on earth.
    let yokosuka =
        read(&folder.join("plateau_misc/yokosuka-shi/udx/bldg/52397519_bldg_6697_op.gml"));
    near(volumes(&yokosuka, "1"), -8.539_304_575_810_274e-6, 1e-9);
    near(volumes(&yokosuka, "2"), -3.076_352_438_711_23e-6, 1e-9);
    let (low, high) = extent(yokosuka.models());
    for (found, expected) in low.iter().chain(&high).zip([
        35.258_297_338_392,
        139.737_243_713_479_67,
        2.193_677_186_97,
        35.261_543_955_192_025,
        139.740_554_895_390_32,
        21.727_355_468_329_99,
    ]) {
        assert!((found - expected).abs() < 1e-9, "{found} is not {expected}");
    }
    let numazu =
        read(&folder.join("plateau_numazu_日本語パス/udx/bldg/53392642_bldg_6697_op2.gml.gz"));
    near(volumes(&numazu, "1"), -4.762_789_148_256_446e-5, 1e-9);
    // Its LoD 2 is not quite flat: how polygons are cut makes a difference.
    near(volumes(&numazu, "2"), -3.902_147_971_815_354e-5, 2e-5);
}

/// The triangles of each kind of surface, as sorted places rounded to the millimetre that CityJSON keeps.
fn by_surface(mesh: &Mesh) -> BTreeMap<Surface, (usize, Vec<[i64; 3]>)> {
    let mut all: BTreeMap<Surface, (usize, Vec<[i64; 3]>)> = BTreeMap::new();
    for (patch, triangles) in mesh.patches() {
        let entry = all.entry(patch.surface).or_default();
        entry.0 += triangles.len();
        let places = triangles
            .iter()
            .flatten()
            .map(|&i| mesh.positions[i as usize].map(|x| (x * 1000.0).round() as i64));
        entry.1.extend(places);
    }
    for (_, places) in all.values_mut() {
        places.sort_unstable();
        places.dedup();
    }
    all
}

#[test]
fn the_same_buildings_in_citygml_3_and_cityjson_are_the_same_models() {
    let Some(folder) = data("city3d/citygml4j_samples") else { return };
    let gml = read(&folder.join("lod2_buildings_v3.gml"));
    for (file, format) in [
        ("lod2_buildings_v2.json", Format::CityJson),
        ("lod2_buildings_as_CityJSON_features.jsonl", Format::CityJsonSeq),
    ] {
        let json = try_read(&folder.join(file), format).unwrap();
        assert_eq!((gml.records.len(), json.records.len()), (100, 100));
        for (_, record) in &gml.records {
            let Some(SourceId::Text(id)) = &record.id else { panic!("a building has no id") };
            let other = json.record_of(id);
            let (a, b): (&Model, &Model) =
                (record.model.as_ref().unwrap(), other.model.as_ref().unwrap());
            assert_eq!((a.lods.len(), b.lods.len()), (1, 1), "{id}");
            let (a, b) = (&a.lods[0], &b.lods[0]);
            assert_eq!(a.level, b.level);
            assert_eq!(by_surface(&a.mesh), by_surface(&b.mesh), "{id}");
            assert!((volume(&a.mesh) - volume(&b.mesh)).abs() < 1e-6, "{id}");
            for field in [
                "type",
                "lod",
                "cim_level",
                "name",
                "description",
                "class",
                "roofType",
                "storeysAboveGround",
                "measuredHeight",
            ] {
                assert_eq!(gml.value(id, field), json.value(id, field), "{id} {field}");
            }
        }
    }
}

#[test]
fn plateau_has_its_textures_and_the_meanings_of_its_codes() {
    let Some(folder) = data("city3d/plateau_numazu_日本語パス/udx/bldg") else { return };
    let sink = read(&folder.join("53392642_bldg_6697_op2.gml.gz"));
    assert_eq!(sink.blobs.len(), 8);
    // Browsers show no TIFF.
    assert!(sink.blobs.iter().all(|image| !image.starts_with(b"II*") && !image.starts_with(b"MM")));
    let id = "BLD_0772bfd9-fa36-4747-ad0f-1e57f883f745";
    let text = |text: &str| Value::Text(text.to_owned());
    assert_eq!(sink.value(id, "buildingDetails.prefecture"), text("東京都"));
    assert_eq!(sink.value(id, "buildingDetails.prefecture_code"), text("13"));
    assert_eq!(sink.value(id, "extendedAttribute.防火及び準防火地域"), text("準防火地域"));
    assert_eq!(sink.value(id, "doubleAttributeテスト"), Value::Float(123.456));
    assert_eq!(sink.value(id, "measuredHeight"), Value::Float(2.8));
    let model = sink.record_of(id).model.as_deref().unwrap();
    let levels: Vec<_> = model.lods.iter().map(|lod| lod.level.as_str()).collect();
    assert_eq!(levels, ["0", "1", "2"]);
    let mesh = &model.lods[2].mesh;
    for (patch, triangles) in mesh.patches() {
        assert_eq!(patch.material.is_some(), patch.surface != Surface::Ground, "{patch:?}");
        if patch.material.is_some() {
            let uvs = triangles.iter().flatten().map(|&i| mesh.uvs[i as usize]);
            assert!(uvs.flatten().all(|x| (-0.001..=1.001).contains(&x)));
        }
    }
}

#[test]
fn textures_that_are_not_there_are_told_and_the_shapes_stay() {
    let Some(folder) = data("city3d/plateau_misc/yokosuka-shi/udx") else { return };
    let sink = read(&folder.join("bldg/52397519_bldg_6697_op.gml"));
    assert!(sink.blobs.is_empty() && sink.noted("14201-bldg-110968-1.jpg' is missing"));
    let relief = read(&folder.join("dem/523965_dem_6697_05_op.gml"));
    let triangles: usize = relief.models().map(|model| model.lods[0].mesh.triangles.len()).sum();
    assert_eq!(triangles, 1066);
}

#[test]
fn rooms_furniture_doors_and_a_textured_town_house_are_whole() {
    let Some(folder) = data("city3d/citygml4j_samples") else { return };
    let sink = read(&folder.join("lod4_building_v2.gml.gz"));
    let room = sink.record_of("GML_7b1a5a6f-ddad-4c3d-a507-3eb9ee0a8e68/Room-1");
    let mesh = &room.model.as_ref().unwrap().lods[0].mesh;
    let expected =
        BTreeMap::from([(Surface::Window, 4), (Surface::Door, 2), (Surface::Interior, 64)]);
    let counts: BTreeMap<_, _> =
        by_surface(mesh).into_iter().map(|(surface, (count, _))| (surface, count)).collect();
    assert_eq!(counts, expected);
    // Turned surfaces make the room's solid: numpy says 160.5303 m³.
    assert!((volume(mesh) - 160.530_321_335).abs() < 1e-6, "{}", volume(mesh));
    let sink = read(&folder.join("lod3_building_v2.gml.gz"));
    assert_eq!(sink.blobs.len(), 8);
    let house = sink.record_of("UUID_4d4d75e4-83e7-46c1-9c1a-1faee756fcd4");
    assert_eq!(house.model.as_ref().unwrap().lods[0].mesh.triangles.len(), 3049);
}

#[test]
fn files_that_are_cut_off_anywhere_are_refused() {
    let Some(folder) = data("city3d/citygml4j_samples") else { return };
    let whole = std::fs::read(folder.join("test_ade_objects_v3.gml")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let cut = folder.path().join("cut.gml");
    for end in (0..whole.len() - 20).step_by(397) {
        std::fs::write(&cut, &whole[..end]).unwrap();
        assert!(try_read(&cut, Format::CityGml).is_err(), "{end}");
    }
}
