//! EPANET's files, as EPANET itself sees them.

use onemap_model::{Element, Value};

use crate::testing::{CollectSink, collect, data};
use crate::{Options, survey};

/// What `owa-epanet` 2.3.5 counts: junctions, reservoirs, tanks; pipes without and with a check valve, pumps, valves;
/// vertices; links that are closed when a simulation begins. By `tests/judge_epanet.py counts FOLDER`.
const COUNTS: &str = "
Anytown_multipointcurves 22 1 2 43 0 3 0 0 0
Awumah_layout1 11 1 0 12 0 0 0 0 0
Awumah_layout8 11 1 0 16 0 0 0 0 0
Net6_plus 3326 1 34 3828 1 61 5 0 18
bad_times 2 1 0 2 0 0 0 0 0
cv_controls 0 0 2 0 1 0 0 0 0
fcv_open_no_downstream_sources 6 1 1 6 0 1 1 0 1
prv_closed_no_upstream_sources 6 1 1 6 0 1 1 0 1
skeletonize 34 1 0 42 0 0 0 2 0
tank_controls_1 2 0 1 1 0 1 0 0 0
Anytown 19 3 0 40 0 1 0 2 0
BWSN_Network_1 126 1 2 168 0 2 8 0 0
Balerma 443 4 0 454 0 0 0 0 0
Hanoi 31 1 0 34 0 0 0 0 0
KL 935 1 0 1274 0 0 0 2974 0
Net1 9 1 1 12 0 1 0 0 0
Net2 35 0 1 40 0 0 0 0 0
Net2_Morph 3323 1 34 3828 1 61 2 0 18
Net3 92 2 3 117 0 2 0 0 2
Net3_trace 92 2 3 117 0 2 0 0 2
Net6 3323 1 32 3828 1 61 2 0 18
RuralNetwork 379 2 0 476 0 0 0 0 0
foss_poly_1 36 1 0 58 0 0 0 19 0
ky10 920 2 13 1042 1 13 5 7796 0
ky2 811 1 3 1124 0 1 0 750 0
ky4 959 1 4 1156 0 2 0 2812 1
";

/// Counts what EPANET counts.
fn counts(sink: &CollectSink) -> [usize; 9] {
    let is = |record: &onemap_model::Record, field: &str, value: Value| {
        sink.value_in(record, field) == value
    };
    let text = |element: Element| Value::Text(element.name().to_owned());
    let count = |element: Element, is_node: bool| {
        sink.records
            .iter()
            .filter(|record| is(record, "element", text(element)))
            .filter(|record| is(record, "from_node", Value::Null) == is_node)
            .count()
    };
    let pipes = sink.records.iter().filter(|record| is(record, "element", text(Element::Pipe)));
    let check = pipes.filter(|record| is(record, "one_way", Value::Bool(true))).count();
    let lines = sink.records.iter().filter(|record| !is(record, "from_node", Value::Null));
    let vertices = lines.clone().filter_map(|r| r.geometry.as_ref()).map(|g| g.xy.len() - 2).sum();
    let closed = lines.filter(|record| is(record, "closed", Value::Bool(true))).count();
    [
        count(Element::Junction, true),
        count(Element::Reservoir, true),
        count(Element::Tank, true),
        count(Element::Pipe, false) - check,
        check,
        count(Element::Pump, false),
        count(Element::Valve, false),
        vertices,
        closed,
    ]
}

#[test]
fn every_file_that_epanet_opens_has_the_counts_that_epanet_tells() {
    let mut tried = 0;
    for folder in ["network/epanet", "network/epanet-edge"] {
        let Some(folder) = data(folder) else { return };
        for source in survey(folder.to_str().unwrap(), None).unwrap().sources {
            let expected = COUNTS.lines().find_map(|line| {
                let (name, rest) = line.split_once(' ')?;
                (name == source.stem)
                    .then(|| rest.split(' ').map(|n| n.parse().unwrap()).collect::<Vec<usize>>())
            });
            let Some(expected) = expected else {
                assert!(
                    ["bad_syntax", "Net1broken"].contains(&source.stem.as_str()),
                    "{}",
                    source.name
                );
                continue;
            };
            let sink = collect(&source, &Options::default()).unwrap();
            assert_eq!(counts(&sink).to_vec(), expected, "{}", source.name);
            assert_eq!(sink.rejects.len(), 0, "{}", source.name);
            let mut codes = std::collections::BTreeMap::new();
            for finding in &sink.findings {
                codes.entry(finding.code.as_str()).or_insert((0, &finding.text)).0 += 1;
            }
            eprintln!("{} {codes:?}", source.stem);
            tried += 1;
        }
    }
    assert_eq!(tried, 26);
}

fn refusal(path: &str) -> String {
    let Some(folder) = data("network") else { return String::new() };
    let found = survey(folder.join(path).to_str().unwrap(), None).unwrap();
    collect(&found.sources[0], &Options::default()).unwrap_err().to_string()
}

#[test]
fn files_that_epanet_refuses_are_refused_with_line_and_reason() {
    if data("network").is_none() {
        return;
    }
    let text = refusal("epanet-edge/bad_syntax.inp");
    assert!(text.contains("line ") && text.contains("[FOO] is none of EPANET's"), "{text}");
    let text = refusal("epanet/Net1broken.inp");
    assert!(text.contains("the id '2' is that of the node in line"), "{text}");
    assert!(text.contains("[RESERVOIRS]") && text.contains("[TANKS]"), "{text}");
}
