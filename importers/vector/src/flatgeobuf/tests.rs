//! Real files, judged by GDAL, and files made broken in known ways.

use onemap_model::{FieldType, Value};

use crate::Format;
use crate::judge;
use crate::testing::data;

#[test]
fn every_real_flatgeobuf_is_read_as_gdal_reads_it() {
    if !judge::has_gdal() {
        return;
    }
    let mut wrong = Vec::new();
    for path in judge::files(&["vector"], &["fgb"]) {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let sink = match judge::read(Format::FlatGeobuf, &path) {
            Ok(sink) => sink,
            Err(error) if name == "topp_states.fgb" => {
                // GDAL refuses version 2, too.
                assert!(error.to_string().contains("version 2"), "{error}");
                continue;
            }
            Err(error) => {
                wrong.push(format!("{name}: {error}"));
                continue;
            }
        };
        let gdal = judge::gdal_counts(&path);
        wrong.extend(sink.layers.iter().flat_map(|l| &l.rejects).map(|r| format!("{name}: {r:?}")));
        judge::print_row(&path, &sink, &gdal);
        let count = sink.kept + sink.rejected;
        if gdal.len() != 1 || gdal[0].1 != count {
            wrong.push(format!("{name}: {count}, GDAL {gdal:?}"));
        }
        let differences = judge::differences(&path, &sink.layers[0]);
        wrong.extend(differences.into_iter().map(|d| format!("{name}: {d}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_truncation_of_a_real_flatgeobuf_ends_in_time() {
    for path in judge::files(&["vector"], &["fgb"]) {
        judge::survives_truncation(Format::FlatGeobuf, &path, "fgb");
    }
}

#[test]
fn a_file_made_by_a_fuzzer_is_refused() {
    if let Some(path) =
        data("mess/fgb_fuzz/clusterfuzz-testcase-minimized-fgb_fuzzer-4642513358553088")
    {
        let result = judge::read(Format::FlatGeobuf, &path);
        assert!(result.as_ref().is_err() || result.is_ok_and(|sink| sink.kept == 0));
    }
}

#[test]
fn values_of_all_types_arrive() {
    let Some(path) = data("vector/gdal_testfgb/alldatatypes.fgb") else {
        return;
    };
    let sink = judge::read(Format::FlatGeobuf, &path).unwrap();
    let layer = &sink.layers[0];
    assert_eq!(layer.records.len(), 1, "{:?}", layer.rejects);
    let kinds: Vec<_> = layer.records[0].values.iter().filter_map(Value::kind).collect();
    for kind in
        [FieldType::Bool, FieldType::Int, FieldType::Float, FieldType::Text, FieldType::DateTime]
    {
        assert!(kinds.contains(&kind), "{kind:?} is not among {kinds:?}");
    }
}

#[test]
fn bytes_changed_at_random_places_do_no_harm() {
    let Some(path) = data("vector/gdal_testfgb/poly.fgb") else {
        return;
    };
    let whole = std::fs::read(path).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("poly.fgb");
    let mut state = 1u64;
    let mut random = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 33) as usize % below
    };
    for _ in 0..500 {
        let mut bytes = whole.clone();
        for _ in 0..=random(8) {
            let at = random(bytes.len());
            bytes[at] = random(256) as u8;
        }
        std::fs::write(&copy, bytes).unwrap();
        let _ = judge::read(Format::FlatGeobuf, &copy);
    }
}
