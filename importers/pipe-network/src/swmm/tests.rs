//! SWMM's files, as SWMM itself sees them.

use onemap_model::{GeometryKind, Value};

use crate::testing::{CollectSink, collect, data};
use crate::{Error, Options, survey};

/// What `swmm-toolkit` 0.17.0 (SWMM 5.2.4) counts: junctions, outfalls, storage units, dividers; conduits, pumps,
/// orifices, weirs, outlets; subcatchments; by `tests/judge_swmm.py FILES`. SWMM refuses those with a star for what is no
/// part of the network (options of the solver, rain gages, the link of a divider); their counts are those of `swmmio`
/// 0.8.6. The one divider has no place and is refused by itself.
const COUNTS: &str = "
Example1_parallel_loop 13 1 0 0 14 0 0 0 0 8
Example3 12 1 1 0 12 0 3 1 0 7
Example6-Final 18 1 1 0 18 0 2 1 0 24
Example8 28 2 1 0 29 1 1 4 0 7
OptionsGeneralAllKeywords 0 0 0 0 0 0 0 0 0 0
extran8b* 9 1 0 0 9 0 0 0 0 0
groundwater_model 0 1 0 0 0 0 0 0 0 1
model_bad_input_1* 2 1 1 0 1 1 0 1 0 3
model_blank* 0 0 0 0 0 0 0 0 0 0
model_full_features_network* 7 1 1 0 7 1 0 1 0 4
model_full_features_network_xy 7 1 1 0 7 1 0 1 0 4
model_state_plane 31 1 13 0 44 0 0 0 0 2
model_storage_pump 2 1 1 0 2 1 0 0 0 1
model_weir_setting 4 1 0 0 3 0 0 1 0 3
outfalls_issue 2 2 0 0 2 0 0 0 0 0
test_inlet_drains 19 1 0 0 22 0 0 0 1 7
user1* 59 1 0 0 59 0 0 0 0 58
user2* 43 1 28 0 83 0 0 19 0 17
user4* 208 1 0 0 209 0 0 0 0 112
";

/// Counts what SWMM counts.
fn counts(sink: &CollectSink) -> [usize; 10] {
    let count = |element: &str, is_divider: bool| {
        let element = Value::Text(element.to_owned());
        sink.records
            .iter()
            .filter(|record| sink.value_in(record, "element") == element)
            .filter(|record| (sink.value_in(record, "feature") != Value::Null) == is_divider)
            .count()
    };
    let dropped = sink.notes.iter().find_map(|note| {
        note.text
            .split_once(" of ")
            .filter(|(_, rest)| rest.contains("have no outline"))?
            .0
            .parse()
            .ok()
    });
    [
        count("junction", false),
        count("outfall", false),
        count("tank", false),
        count("junction", true),
        count("pipe", false),
        count("pump", false),
        count("orifice", false),
        count("weir", false),
        count("outlet", false),
        count("catchment", false) + dropped.unwrap_or(0usize),
    ]
}

fn read(text: &str) -> Result<CollectSink, Error> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.inp");
    std::fs::write(&path, text).unwrap();
    let found = survey(path.to_str().unwrap(), None)?;
    collect(&found.sources[0], &Options::default())
}

fn refusal(text: &str) -> String {
    read(text).unwrap_err().to_string()
}

/// A network of two conduits, with a place to put more.
fn model(options: &str, more: &str) -> String {
    format!(
        "[TITLE]\nsmall\n[OPTIONS]\nFLOW_UNITS CMS\n{options}\n\
         [JUNCTIONS]\nA 10 2\nB 9.5 3 ; a comment\n[OUTFALLS]\nO 9 FREE\n\
         [CONDUITS]\nC1 A B 100 0.013 0.25 0\nC2 B O 50 0.013 0 0\n\
         [XSECTIONS]\nC1 CIRCULAR 0.5 0 0 0 1\nC2 CIRCULAR 0.6 0 0 0 2\n\
         [COORDINATES]\nA 0 0\nB 100 0\nO 150 0\n[VERTICES]\nC1 50 10\n{more}"
    )
}

#[test]
fn files_hold_as_many_things_as_swmm_counts() {
    let Some(folder) = data("network/swmm") else { return };
    for line in COUNTS.lines().filter(|line| !line.is_empty()) {
        let mut words = line.split(' ');
        let name = words.next().unwrap().trim_end_matches('*');
        let expected: Vec<usize> = words.map(|word| word.parse().unwrap()).collect();
        let path = folder.join(format!("{name}.inp"));
        let found = survey(path.to_str().unwrap(), None).unwrap();
        let sink = collect(&found.sources[0], &Options::default()).unwrap();
        assert_eq!(counts(&sink).as_slice(), expected, "{name}");
        assert_eq!(sink.layers[0].format, "SWMM", "{name}");
        let is_unplaced = name == "model_full_features_network";
        assert_eq!(
            sink.rejects.len(),
            usize::from(is_unplaced),
            "{name}: {:?}",
            sink.rejects.first()
        );
        let mut tally = std::collections::BTreeMap::new();
        for finding in &sink.findings {
            *tally.entry(finding.code.as_str()).or_insert(0) += 1;
        }
        eprintln!("{name}: {tally:?}");
    }
}

#[test]
fn files_whose_links_swmm_refuses_are_refused_for_its_reason() {
    let Some(folder) = data("network/swmm") else { return };
    let refused = |name: &str| {
        let path = folder.join(name);
        let found = survey(path.to_str().unwrap(), None).unwrap();
        collect(&found.sources[0], &Options::default()).unwrap_err().to_string()
    };
    // SWMM: ERROR 209: undefined object NonExistantNode2 at line 111 of [CONDUIT] section; and 112.
    let text = refused("invalid_model.inp");
    assert!(
        text.contains("'NonExistantNode2' is not defined in section [CONDUITS]; line 112"),
        "{text}"
    );
    assert!(text.contains("at line 111"), "{text}");
    // SWMM: ERROR 209: undefined object F133462 at line 92 of [CONDUIT] section; 93 and 94.
    let text = refused("model-with-infiltration-parse-failure.inp");
    for part in
        ["'F133462' is not defined", "line 93: the node 'UN18'", "line 94: the node 'E133487'"]
    {
        assert!(text.contains(part), "{text}");
    }
}

#[test]
fn heights_follow_from_bottoms_and_offsets() {
    let sink = read(&model("", "")).unwrap();
    assert_eq!(sink.value("C1", "elevation_from"), Value::Float(10.25));
    assert_eq!(sink.value("C1", "elevation_to"), Value::Float(9.5));
    assert_eq!(sink.value("C1", "level"), Value::Text("invert".into()));
    assert_eq!(sink.value("C1", "diameter"), Value::Float(500.0));
    assert_eq!(sink.value("C1", "class"), Value::Text("PS".into()));
    assert_eq!(sink.value("C1", "flow"), Value::Int(1));
    assert_eq!(sink.value("C2", "barrels"), Value::Int(2));
    assert_eq!(sink.value("A", "ground"), Value::Float(12.0));
    let line = sink.record_of("C1").geometry.as_ref().unwrap();
    assert_eq!(line.xy, [[0.0, 0.0], [50.0, 10.0], [100.0, 0.0]]);
    assert_eq!([line.z[0], line.z[2]], [10.5, 9.75]);
    assert_eq!(sink.codes(), [""; 0]);
    // The same with heights.
    let text = model("LINK_OFFSETS ELEVATION", "")
        .replace("0.25 0\n", "10.25 *\n")
        .replace("0.013 0 0", "0.013 * 9.2");
    let sink = read(&text).unwrap();
    assert_eq!(sink.value("C1", "elevation_from"), Value::Float(10.25));
    assert_eq!(sink.value("C1", "elevation_to"), Value::Float(9.5));
    assert_eq!(sink.value("C2", "elevation_to"), Value::Float(9.2));
}

#[test]
fn feet_become_metres_and_conduits_drawn_uphill_flow_down() {
    let sink = read(&model("FLOW_UNITS CFS", "").replace("C2 B O", "C2 O B")).unwrap();
    assert_eq!(sink.value("A", "bottom"), Value::Float(3.048));
    assert_eq!(sink.value("C1", "length"), Value::Float(30.48));
    assert_eq!(sink.value("C2", "diameter"), Value::Float(182.88));
    assert_eq!(sink.value("C2", "flow"), Value::Int(-1));
    assert_eq!(sink.record_of("O").geometry.as_ref().unwrap().xy, [[150.0, 0.0]]);
}

#[test]
fn every_shape_has_its_width_and_height() {
    let shapes = [
        ("RECT_CLOSED 1 2 0 0", "rectangle", 2000.0, 1000.0),
        ("RECT_OPEN 1 2 0 0", "open", 2000.0, 1000.0),
        ("TRAPEZOIDAL 1 2 1.5 0.5", "trapezoid", 4000.0, 1000.0),
        ("TRIANGULAR 1 2 0 0", "triangle", 2000.0, 1000.0),
        ("PARABOLIC 1 2 0 0", "open", 2000.0, 1000.0),
        ("POWER 1 2 3 0", "open", 2000.0, 1000.0),
        ("RECT_TRIANGULAR 1 2 0.3 0", "rectangle_triangle", 2000.0, 1000.0),
        ("RECT_ROUND 1 2 2 0", "rectangle_round", 2000.0, 1000.0),
        ("MODBASKETHANDLE 1 2 2 0", "arch", 2000.0, 1000.0),
        ("HORIZ_ELLIPSE 1 2 0 0", "ellipse", 2000.0, 1000.0),
        ("VERT_ELLIPSE 2 1 0 0", "ellipse", 1000.0, 2000.0),
        ("ARCH 1 2 0 0", "arch", 2000.0, 1000.0),
        ("EGG 3 0 0 0", "egg", 2000.0, 3000.0),
        ("HORSESHOE 1 0 0 0", "horseshoe", 1000.0, 1000.0),
        ("GOTHIC 1 0 0 0", "gothic", 840.0, 1000.0),
        ("CATENARY 1 0 0 0", "catenary", 900.0, 1000.0),
        ("SEMIELLIPTICAL 1 0 0 0", "semi_ellipse", 1000.0, 1000.0),
        ("BASKETHANDLE 1 0 0 0", "basket_handle", 944.0, 1000.0),
        ("SEMICIRCULAR 1 0 0 0", "semicircle", 1640.0, 1000.0),
        ("IRREGULAR T", "open", 12_000.0, 3000.0),
        ("CUSTOM 2 S 0 0", "custom", 1600.0, 2000.0),
        ("STREET R", "open", 14_000.0, 300.0),
    ];
    let more = "[TRANSECTS]\nNC 0.04 0.04 0.04\nX1 T 3 0 8 0 0 0 1.5 0\nGR 5 0 2 4 4 8\n\
                [CURVES]\nS SHAPE 0 0.2\nS 0.5 0.8\nS 1 0.1\nQ STORAGE 0 9\n\
                [STREETS]\nR 5 0.22 2 0.016 0 0 2 2 4 0.016\n";
    for (words, shape, width, height) in shapes {
        let sink = read(&model("", more).replace("CIRCULAR 0.5 0 0 0 1", words)).unwrap();
        let values = ["shape", "width", "height"].map(|field| sink.value("C1", field));
        let expected = [Value::Text(shape.into()), Value::Float(width), Value::Float(height)];
        assert_eq!(values, expected, "{words}");
    }
    for words in ["FORCE_MAIN 0.5 100 0 0", "FILLED_CIRCULAR 0.5 0.1 0 0"] {
        let sink = read(&model("", "").replace("CIRCULAR 0.5 0 0 0 1", words)).unwrap();
        assert_eq!(sink.value("C1", "diameter"), Value::Float(500.0), "{words}");
    }
    let sink = read(&model("", "").replace("CIRCULAR 0.5 0 0 0 1", "DUMMY 0 0 0 0")).unwrap();
    assert_eq!(sink.value("C1", "section"), Value::Text("DUMMY".into()));
}

#[test]
fn weirs_pumps_subcatchments_gates_inlets_and_tags_are_read() {
    let more = "[PUMPS]\nP A B * OFF\n[WEIRS]\nW A O TRANSVERSE 0.5 1.8 YES\n[OUTLETS]\nU A O 0 FUNCTIONAL/DEPTH 10 0.5 NO\n\
                [ORIFICES]\nR A O SIDE 0.1 0.65 NO\n[STORAGE]\nT 8 4 0 FUNCTIONAL 1 0 0\n[DIVIDERS]\nD 9 P CUTOFF 1 2\n\
                [LOSSES]\nC2 0 0 0 YES\n[INLET_USAGE]\nC1 grate B 2\n[TAGS]\nNode A hill\nLink C1 main\nSubcatch S park\n\
                [SUBCATCHMENTS]\nS rain b 2 40 100 1 0\nV rain S 2 40 100 1 0\n[Polygons]\nS 0 0\nS 10 0\nS 10 10\n\
                [COORDINATES]\nT 1 1\nD 2 2\n[INFLOWS]\nA FLOW x\n[STRANGE]\nwhat is this\n[CONTROLS]\nRULE 1\n";
    let sink = read(&model("", more)).unwrap();
    assert_eq!(counts(&sink), [2, 1, 1, 1, 2, 1, 1, 1, 1, 2]);
    assert_eq!(sink.value("P", "one_way"), Value::Bool(true));
    assert_eq!(sink.value("W", "crest_m"), Value::Float(10.5));
    assert_eq!(sink.value("W", "one_way"), Value::Bool(true));
    assert_eq!(sink.value("C2", "flap_gate"), Value::Bool(true));
    assert_eq!(sink.value("C1", "inlet_node"), Value::Text("B".into()));
    assert_eq!(sink.value("A", "tag"), Value::Text("hill".into()));
    assert_eq!(sink.value("S", "to_node"), Value::Text("B".into()));
    assert_eq!(sink.record_of("S").geometry.as_ref().unwrap().kind, GeometryKind::Polygon);
    assert_eq!(sink.value("D", "ground"), Value::Float(11.0));
    let notes: String = sink.notes.iter().map(|note| note.text.as_str()).collect();
    for part in ["[STRANGE]", "RULE 1", "1 of 2 subcatchments have no outline", "CMS"] {
        assert!(notes.contains(part), "{part}: {notes}");
    }
    assert!(!notes.contains("[INFLOWS]"), "{notes}");
    // Nothing is said of heights that a pump, weir or orifice has not.
    assert_eq!(sink.count("no-levels"), 0);
}

#[test]
fn what_swmm_refuses_in_nodes_and_links_is_refused_with_the_line() {
    // Each refused by SWMM 5.2.4, too, by `tests/judge_swmm.py`.
    for (from, to, reason) in [
        ("A 10 2", "A", "the line has 1 items, not 2 in section [JUNCTIONS] at line 7"),
        ("A 10 2", "A x 2", "'x' is no number in section [JUNCTIONS] at line 7"),
        (
            "A 10 2",
            "b 10 2",
            "the id 'B' is that of the node in line 7 too in section [JUNCTIONS] at line 8",
        ),
        ("O 9 FREE", "O 9", "the line has 2 items, not 3"),
        ("C2 B O", "C1 B O", "the id 'C1' is that of the link in line 12 too"),
        ("C2 B O", "C2 B Z", "the node 'Z' is not defined"),
        ("C2 B O 50 0.013 0 0", "C2 B O 50 0.013", "the line has 5 items, not 6"),
        ("0.25 0\n", "* 0\n", "'*' is no number"),
        ("C2 CIRCULAR", "C9 CIRCULAR", "the link 'C9' is not defined in section [XSECTIONS]"),
        ("C2 CIRCULAR", "C2 CIRCLE", "'CIRCLE' is none of SWMM's shapes"),
        ("CIRCULAR 0.5", "CIRCULAR -1", "the size '-1' is not more than 0"),
        ("CIRCULAR 0.5 0 0 0 1", "CIRCULAR 0.5", "the line has 3 items, not 6"),
        ("CIRCULAR 0.5", "IRREGULAR Q", "the transect 'Q' is not defined"),
        ("CMS", "XYZ", "'XYZ' is none of SWMM's units of flow"),
        ("CMS", "CMS\nLINK_OFFSETS UP", "'UP' is neither DEPTH nor ELEVATION"),
    ] {
        let text = refusal(&model("", "").replacen(from, to, 1));
        assert!(text.contains(reason), "{text}");
    }
}

#[test]
fn nodes_without_a_place_are_refused_and_all_of_them_the_file() {
    let sink = read(&model("", "").replace("O 150 0\n", "")).unwrap();
    assert_eq!(sink.count("no-coordinates"), 1);
    assert_eq!(sink.rejects.len(), 2);
    let text = model("", "");
    let text = text.split("[COORDINATES]").next().unwrap();
    assert!(refusal(text).contains("it has no coordinates"));
}

#[test]
fn damaged_and_hostile_files_end_in_an_error_or_less_not_in_a_panic() {
    let whole = model(
        "",
        "[TRANSECTS]\nX1 T 3 0 8 0 0 0 1.5 0\nGR 5 0 2\n[CURVES]\nS SHAPE 0 1\n[Polygons]\nS 1 1\n",
    );
    for end in 0..whole.len() {
        let _ = read(whole.get(..end).unwrap());
    }
    for number in ["1e999", "-1e300", "nan", "inf", "99999999999999999999999999", "", "\"", "0x10"]
    {
        for place in ["10 2", "100 0.013", "0.5 0 0 0 1", "0.5 0 0", "0.25", "150"] {
            let _ = read(&whole.replacen(place, &format!("{number} {number}"), 1));
        }
    }
    let _ = read(&whole.replace('A', &"长".repeat(100_000)));
    let _ = read(&format!("{whole}{}", "[STRANGE]\n".repeat(200_000)));
    let _ = read(&format!("{whole}[JUNCTIONS]\n{}", "A 1\n".repeat(200_000)));
    let _ = read(&format!("{whole}[XSECTIONS]\nC1 {}", "CIRCULAR ".repeat(500_000)));
    let _ = read(&format!(
        "{whole}[TRANSECTS]\nX1 T 3 0 8 0 0 0 1.5 0\nGR {}",
        "1e308 -1e308 ".repeat(1000)
    ));
}
