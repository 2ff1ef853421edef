//! EPANET's files, as EPANET itself sees them.

use std::fmt::Write;

use onemap_model::{Element, Value};

use crate::testing::{CollectSink, collect, data, read_path};
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
            // Of a model's own, only pipes of 1,000 inches are worth a word.
            let expected: &[&str] = if source.stem == "ky10" { &["section-limit"] } else { &[] };
            assert_eq!(sink.codes(), expected, "{}", source.name);
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

/// The network to which the lines of a case are added; `tests/judge_epanet.py` has the same.
const BASE: [(&str, &str); 12] = [
    ("TITLE", "t"),
    ("JUNCTIONS", "a 10 1\nb 20"),
    ("RESERVOIRS", "r 100"),
    ("TANKS", "k 50 1 0 5 10 0"),
    ("PIPES", "p r a 100 200 100\nq a b 100 200 100 0 Open"),
    ("PUMPS", "u r b POWER 5"),
    ("VALVES", "v b k 200 TCV 0 0"),
    ("PATTERNS", "w 1 2 3"),
    ("CURVES", "c 1 2"),
    ("OPTIONS", "UNITS LPS"),
    ("COORDINATES", "a 1 1\nb 2 2\nr 0 0\nk 3 3"),
    ("VERTICES", "p 0.5 0.7"),
];

/// Returns the base with lines added: `SECTION: line / SECTION: line`.
fn with(case: &str) -> String {
    let mut sections = BASE.map(|(name, lines)| (name, lines.to_owned())).to_vec();
    for (name, line) in case.split(" / ").filter_map(|part| part.split_once(": ")) {
        match sections.iter_mut().find(|(known, _)| *known == name) {
            Some((_, lines)) => *lines = format!("{lines}\n{line}"),
            None => sections.push((name, line.to_owned())),
        }
    }
    let parts: Vec<String> =
        sections.into_iter().map(|(name, lines)| format!("[{name}]\n{lines}\n")).collect();
    parts.concat()
}

fn read_bytes(content: &[u8]) -> Result<CollectSink, crate::Error> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("net.inp");
    std::fs::write(&path, content).unwrap();
    let found = survey(path.to_str().unwrap(), None)?;
    collect(&found.sources[0], &Options::default())
}

const CASES: &str = include_str!("cases.txt");

#[test]
fn lines_are_read_and_refused_as_epanet_does() {
    let mut wrong = Vec::new();
    let mut refused = 0;
    for line in CASES.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        let (case, verdict) = line.split_once(" => ").unwrap();
        let (judged, here) = verdict.split_once("; ").unwrap_or((verdict, ""));
        let closed = judged.strip_prefix("ok ").map(|closed| closed.parse::<usize>().unwrap());
        let is_read = if here.is_empty() { closed.is_some() } else { here.starts_with("read") };
        match read_bytes(with(case).as_bytes()) {
            Ok(sink) if is_read => {
                if closed.is_some_and(|closed| counts(&sink)[8] != closed) {
                    wrong.push(format!("{line}: {} closed", counts(&sink)[8]));
                }
            }
            Ok(_) => wrong.push(format!("{line}: was read")),
            Err(error) if is_read => wrong.push(format!("{line}: {error}")),
            Err(error) => {
                refused += 1;
                assert!(error.to_string().contains("line "), "{error}");
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    assert!(refused > 50, "{refused}");
}

#[test]
fn epanet_itself_still_says_so() {
    let Some(python) = std::env::var_os("ONEMAP_JUDGE_PYTHON") else {
        eprintln!("SKIPPED: ONEMAP_JUDGE_PYTHON is not set");
        return;
    };
    let has = std::process::Command::new(&python).args(["-c", "import epanet.toolkit"]).output();
    if !has.is_ok_and(|output| output.status.success()) {
        eprintln!("SKIPPED: the judge's Python has no owa-epanet");
        return;
    }
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/judge_epanet.py");
    let cases = std::fs::File::open(concat!(env!("CARGO_MANIFEST_DIR"), "/src/epanet/cases.txt"));
    let output = std::process::Command::new(&python)
        .args([script, "cases"])
        .stdin(cases.unwrap())
        .output()
        .unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), CASES);
    let mut judged = String::new();
    for folder in ["network/epanet-edge", "network/epanet"] {
        let Some(folder) = data(folder) else { return };
        let output =
            std::process::Command::new(&python).args([script, "counts"]).arg(folder).output();
        judged += &String::from_utf8(output.unwrap().stdout).unwrap();
    }
    let judged: Vec<&str> = judged.lines().filter(|line| line.split(' ').count() > 2).collect();
    assert_eq!(judged, COUNTS.lines().filter(|line| !line.is_empty()).collect::<Vec<_>>());
}

#[test]
fn feet_inches_and_gallons_become_metres_millimetres_and_litres() {
    let Some(folder) = data("network/epanet") else { return };
    let sink = read_path(folder.join("Net1.inp").to_str().unwrap(), &Options::default());
    let close = |value: Value, expected: f64| {
        assert!(
            matches!(value, Value::Float(found) if (found - expected).abs() < 1e-6),
            "{value:?}"
        );
    };
    // 710 ft, 10530 ft, 18 in, 150 gal/min.
    let z = sink.record_of("10").geometry.as_ref().unwrap().z[0];
    close(Value::Float(z), 216.408);
    close(sink.value("link/10", "length"), 3209.544);
    close(sink.value("link/10", "diameter"), 457.2);
    close(sink.value("11", "demand_l_s"), 9.463_529_460);
    assert_eq!(sink.value("link/9", "element"), Value::Text("pump".into()));
    assert_eq!(sink.value("link/9", "one_way"), Value::Bool(true));
    let texts: Vec<&str> = sink.notes.iter().map(|note| note.text.as_str()).collect();
    assert!(texts.iter().any(|text| text.contains("[CONTROLS]") && text.contains("LINK 9 OPEN")));
}

#[test]
fn nodes_without_a_place_are_refused_and_a_file_without_any_as_a_whole() {
    let sink = read_bytes(with("JUNCTIONS: d 1 / PIPES: x a d 1 100 1").as_bytes()).unwrap();
    assert_eq!((sink.rejects.len(), sink.codes()), (2, vec!["no-coordinates"]));
    let text = with("").replace("[COORDINATES]", "[LABELS]");
    let error = read_bytes(text.as_bytes()).unwrap_err().to_string();
    assert!(error.contains("it has no coordinates"), "{error}");
}

#[test]
fn links_above_their_nodes_are_refused_and_patterns_below_are_not() {
    let text = with("JUNCTIONS: d 1 1 w");
    assert!(read_bytes(text.as_bytes()).is_ok());
    let pipes = "[PIPES]\nx a b 1 1 1\n";
    let error = read_bytes(format!("{pipes}{text}").as_bytes()).unwrap_err().to_string();
    assert!(error.contains("'a' is not defined above") && error.contains("line 2"), "{error}");
}

#[test]
fn ids_may_be_chinese_in_gbk_and_accented_in_latin_1() {
    let text = with(
        "JUNCTIONS: 阀门井一号 1 / PIPES: 管线北段 a 阀门井一号 1 1 1 / COORDINATES: 阀门井一号 5 5",
    );
    let bytes = encoding_rs::GBK.encode(&text).0.into_owned();
    let sink = read_bytes(&bytes).unwrap();
    assert_eq!(sink.value("管线北段", "to_node"), Value::Text("阀门井一号".into()));
    let text = with("JUNCTIONS: café 1 / PIPES: x a café 1 1 1 / COORDINATES: café 5 5");
    let bytes = encoding_rs::WINDOWS_1252.encode(&text).0.into_owned();
    assert_eq!(
        read_bytes(&bytes).unwrap().record_of("café").geometry.as_ref().unwrap().xy,
        [[5.0, 5.0]]
    );
}

#[test]
fn damaged_files_are_refused_or_read_but_never_panic() {
    let whole = with("STATUS: p Closed / TAGS: NODE a t / EMITTERS: a 1 / DEMANDS: a 2 w");
    for length in 0..whole.len() {
        drop(read_bytes(&whole.as_bytes()[..length]));
    }
    let bytes = whole.as_bytes();
    for at in 0..bytes.len() {
        for odd in [0, b'"', b'[', b';', 0xff, b'9'] {
            let mut damaged = bytes.to_vec();
            damaged[at] = odd;
            drop(read_bytes(&damaged));
        }
    }
}

#[test]
fn long_lines_many_sections_and_many_ranges_end_in_time() {
    let begun = std::time::Instant::now();
    assert!(
        read_bytes(with(&format!("JUNCTIONS: {} 1", "c".repeat(20_000_000))).as_bytes()).is_err()
    );
    assert!(read_bytes((with("") + &"[PIPES]\n[RULES]\nx\n".repeat(500_000)).as_bytes()).is_ok());
    let mut text = with("") + "[PIPES]\n";
    for i in 0..20_000 {
        writeln!(text, "{i} a b 1 1 1").unwrap();
    }
    text += "[STATUS]\n";
    text += &"1 99999 Closed\n".repeat(20_000);
    let error = read_bytes(text.as_bytes()).unwrap_err().to_string();
    assert!(error.contains("too many ranges"), "{error}");
    assert!(begun.elapsed().as_secs() < 60, "{:?}", begun.elapsed());
}
