//! Networks of pandapipes.

use onemap_model::{GeometryKind, Value};

use crate::testing::{CollectSink, collect, data, read_path};
use crate::{Options, survey};

fn text(value: &str) -> Value {
    Value::Text(value.to_owned())
}

fn of_element(sink: &CollectSink, element: &str) -> usize {
    sink.records.iter().filter(|record| sink.value_in(record, "element") == text(element)).count()
}

fn folder_file(name: &str) -> Option<CollectSink> {
    let path = data("network/pandapipes")?.join(name);
    Some(read_path(path.to_str()?, &Options::default()))
}

/// The numbers of rows are those of `len(net.junction)` and so on in pandapipes 0.16.0.
#[test]
fn the_gas_network_of_a_town_has_all_its_pipes_and_customers() {
    let Some(sink) = folder_file("gas_net_schutterwald_1bar.json") else { return };
    assert_eq!((sink.records.len(), sink.links(), sink.rejects.len()), (2559 + 2559, 2559, 0));
    assert_eq!((of_element(&sink, "source"), of_element(&sink, "customer")), (1, 1506));
    // There are two pipes named pipe_K1027_K1056.
    let pipe = "pipe-0";
    assert_eq!(sink.value(pipe, "class"), text("RQ"));
    assert_eq!(sink.value(pipe, "diameter"), Value::Float(102.2));
    let Value::Float(length) = sink.value(pipe, "length") else { panic!() };
    assert!((length - 17.681_747_822_897).abs() < 1e-9);
    let z = &sink.record_of("K1030").geometry.as_ref().unwrap().z;
    assert_eq!(z.as_slice(), [149.28]);
    assert_eq!(sink.codes(), Vec::<&str>::new(), "{:?}", sink.findings.first());
}

#[test]
fn valves_are_links_that_are_open_or_closed() {
    let Some(sink) = folder_file("gas_two_valves_N.json") else { return };
    assert_eq!((sink.records.len(), sink.links()), (8 + 8, 8));
    assert_eq!(of_element(&sink, "valve"), 2);
    assert_eq!(sink.value("valve_aux_K1018_K1018", "closed"), Value::Bool(true));
    assert_eq!(sink.value("valve_aux_K1019_K1019", "closed"), Value::Bool(false));
    // All heights are 0: they are not known.
    assert!(sink.records.iter().all(|record| record.geometry.as_ref().unwrap().z.is_empty()));
    assert_eq!(sink.codes(), Vec::<&str>::new(), "{:?}", sink.findings.first());
}

#[test]
fn the_fluid_decides_the_class() {
    let Some(sink) = folder_file("water_district_N.json") else { return };
    assert_eq!((sink.records.len(), sink.links()), (15 + 15, 15));
    assert_eq!(sink.value("K1", "class"), text("JS"));
    assert_eq!(of_element(&sink, "customer"), 14);
}

/// Writes a network of tables, each as columns, index and rows.
fn network(tables: &[(&str, &str)]) -> String {
    let part = |(name, table): &(&str, &str)| {
        let table = serde_json::to_string(table).unwrap();
        format!(r#""{name}":{{"_class":"DataFrame","_object":{table},"orient":"split"}}"#)
    };
    let parts: Vec<String> = tables.iter().map(part).collect();
    format!(
        r#"{{"_class":"pandapipesNet","_object":{{"version":"0.16","std":[NaN],{}}}}}"#,
        parts.join(",")
    )
}

fn read_text(content: &str) -> Result<CollectSink, crate::Error> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("net.json");
    std::fs::write(&path, content).unwrap();
    let found = survey(path.to_str().unwrap(), None)?;
    collect(&found.sources[0], &Options::default())
}

const JUNCTIONS: (&str, &str) = (
    "junction",
    r#"{"columns":["name","height_m"],"index":[3,5,9],"data":[["a",1.5],["a",2.0],[null,NaN]]}"#,
);
const PLACES: (&str, &str) = (
    "junction_geodata",
    r#"{"columns":["x","y"],"index":[9,5,3],"data":[[20.0,1.0],[10.0,1.0],[0.0,1.0]]}"#,
);
const PIPES: (&str, &str) = (
    "pipe",
    r#"{"columns":["name","from_junction","to_junction","length_km","inner_diameter_mm","k_mm","in_service"],
        "index":[0,1],"data":[["p",3,5,0.01,50,0.1,true],["q",5,9,0.01,80,0.1,false]]}"#,
);

#[test]
fn tables_are_joined_by_their_index_not_by_the_order_of_their_rows() {
    let corners =
        r#"{"columns":["coords"],"index":[1],"data":[[[[10.0,1.0],[15.0,2.0],[20.0,1.0]]]]}"#;
    let sink = read_text(&network(&[JUNCTIONS, PLACES, PIPES, ("pipe_geodata", corners)])).unwrap();
    assert_eq!(sink.rejects.len(), 0);
    // Two junctions share a name, one has none.
    for (code, x) in [("junction-3", 0.0), ("junction-5", 10.0), ("junction-9", 20.0)] {
        assert_eq!(sink.record_of(code).geometry.as_ref().unwrap().xy, [[x, 1.0]]);
    }
    let line = sink.record_of("q").geometry.as_ref().unwrap();
    assert_eq!(line.xy, [[10.0, 1.0], [15.0, 2.0], [20.0, 1.0]]);
    assert_eq!(sink.value("q", "closed"), Value::Bool(true));
    assert_eq!(sink.value("p", "closed"), Value::Bool(false));
    assert_eq!(sink.value("q", "diameter"), Value::Float(80.0));
    assert_eq!(sink.value("q", "k_mm"), Value::Float(0.1));
}

#[test]
fn newer_valves_at_the_end_of_a_pipe_are_positions_on_it() {
    let valves = r#"{"columns":["name","junction","element","et","opened"],"index":[0,1,2],
        "data":[["v",5,0,"pi",false],["w",3,9,"ju",true],["x",5,77,"pi",true]]}"#;
    let sink = read_text(&network(&[JUNCTIONS, PLACES, PIPES, ("valve", valves)])).unwrap();
    assert_eq!(sink.value("v", "on_link"), text("p"));
    assert_eq!(sink.value("v", "at_node"), text("junction-5"));
    assert_eq!(sink.value("v", "closed"), Value::Bool(true));
    assert_eq!(sink.record_of("v").geometry.as_ref().unwrap().kind, GeometryKind::Point);
    assert_eq!(sink.value("w", "to_node"), text("junction-9"));
    assert_eq!(sink.rejects.len(), 1);
    assert_eq!(sink.codes(), Vec::<&str>::new(), "{:?}", sink.findings);
}

#[test]
fn water_with_heat_exchangers_is_heat_and_pumps_are_one_way() {
    let exchangers = r#"{"columns":["from_junction","to_junction"],"index":[0],"data":[[3,9]]}"#;
    let pumps = r#"{"columns":["return_junction","flow_junction"],"index":[0],"data":[[9,3]]}"#;
    let tables =
        [JUNCTIONS, PLACES, PIPES, ("heat_exchanger", exchangers), ("circ_pump_mass", pumps)];
    let sink = read_text(&network(&tables)).unwrap();
    assert_eq!(sink.value("p", "class"), text("RL"));
    let pump = "circ_pump_mass-0";
    assert_eq!(
        (sink.value(pump, "one_way"), sink.value(pump, "flow")),
        (Value::Bool(true), Value::Int(1))
    );
    assert_eq!(sink.value(pump, "from_node"), text("junction-9"));
}

#[test]
fn junctions_without_a_place_are_refused_and_a_network_without_any_as_a_whole() {
    let places = r#"{"columns":["x","y"],"index":[3,5],"data":[[0,0],[1,1]]}"#;
    let sink = read_text(&network(&[JUNCTIONS, ("junction_geodata", places), PIPES])).unwrap();
    assert_eq!((sink.records.len(), sink.rejects.len()), (3, 2));
    assert_eq!(sink.codes(), ["no-coordinates"]);
    let error = read_text(&network(&[JUNCTIONS, PIPES])).unwrap_err().to_string();
    assert!(error.contains("has no coordinates"), "{error}");
}

#[test]
fn broken_files_are_refused_with_the_table_and_never_panic() {
    let error = read_text(&network(&[("junction", "{\"columns\":[1]}")])).unwrap_err().to_string();
    assert!(error.contains("of the table 'junction'"), "{error}");
    let whole = network(&[JUNCTIONS, PLACES, PIPES]);
    for length in (60..whole.len()).step_by(7) {
        assert!(read_text(&whole[..length]).is_err());
    }
    // Values of other kinds, indices that are nothing's, numbers beyond reason.
    let odd = [
        r#"{"columns":["name","from_junction"],"index":[],"data":[[],[1,2,3],[[],{}],["x",1e300]]}"#,
        r#"{"columns":[],"index":[null,"a",-9223372036854775808],"data":[[0],[0],[0]]}"#,
        r#"{"columns":["from_junction","to_junction","length_km"],"index":[1],"data":[[-1,99,1e999]]}"#,
    ];
    for table in odd {
        drop(read_text(&network(&[JUNCTIONS, PLACES, ("pipe", table)])));
        drop(read_text(&network(&[JUNCTIONS, ("junction_geodata", table), PIPES])));
        drop(read_text(&network(&[("junction", table), PLACES, PIPES, ("sink", table)])));
    }
    let deep = format!("{{\"_class\":\"pandapipesNet\",\"_object\":{}", "[".repeat(1_000_000));
    assert!(read_text(&deep).is_err());
}
