//! Models of engineers, written as survey tables and read back, give the same graph.

use std::collections::BTreeMap;
use std::fmt::Write;

use onemap_model::{PipeClass, PipeSystem};

use crate::draft::{Draft, End, Level, Link, Node, Section};
use crate::testing::data;
use crate::{Options, survey};

/// Writes a network as two survey tables; millimetres and metres with all their digits.
fn write(draft: &Draft, folder: &std::path::Path) {
    let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
    let number = |value: Option<f64>| value.map_or(String::new(), |value| format!("{value}"));
    let mut points = "物探点号,X,Y,地面高程\n".to_owned();
    for node in &draft.nodes {
        let [x, y] = node.at;
        writeln!(points, "{},{y},{x},{}", quoted(&node.code), number(node.ground)).unwrap();
    }
    let mut lines = "管线编号,起点点号,终点点号,起点高程,终点高程,管径或断面,埋设方式\n".to_owned();
    for link in &draft.links {
        let section = match link.section {
            Some(Section::Round { diameter }) => format!("{}", diameter * 1000.0),
            Some(Section::Box { width, height, .. }) => {
                format!("{}×{}", width * 1000.0, height * 1000.0)
            }
            None => String::new(),
        };
        let cells = [
            quoted(&link.code),
            quoted(&link.from.node),
            quoted(&link.to.node),
            number(link.from.elevation),
            number(link.to.elevation),
            section,
            "ZM".to_owned(),
        ];
        writeln!(lines, "{}", cells.join(",")).unwrap();
    }
    std::fs::write(folder.join("net点.csv"), points).unwrap();
    std::fs::write(folder.join("net线.csv"), lines).unwrap();
}

/// What makes two networks the same: places of nodes; ends, heights and sizes of links.
type Graph = (BTreeMap<String, [i64; 2]>, BTreeMap<String, (String, String, [Option<i64>; 4])>);

fn graph(draft: &Draft) -> Graph {
    let micro = |value: f64| (value * 1e6).round() as i64;
    let plain = |code: &str| code.split_whitespace().collect::<String>();
    let nodes = draft.nodes.iter().map(|node| (plain(&node.code), node.at.map(micro))).collect();
    let links = draft.links.iter().map(|link| {
        let (width, height) = match link.section {
            Some(Section::Round { diameter }) => (Some(diameter), None),
            Some(Section::Box { width, height, .. }) => (Some(width), Some(height)),
            None => (None, None),
        };
        let milli = |value: Option<f64>| value.map(|value| (value * 1e3).round() as i64);
        let numbers =
            [milli(link.from.elevation), milli(link.to.elevation), milli(width), milli(height)];
        (plain(&link.code), (plain(&link.from.node), plain(&link.to.node), numbers))
    });
    (nodes, links.collect())
}

fn there_and_back(draft: &Draft, class: PipeClass, name: &str) {
    let folder = tempfile::tempdir().unwrap();
    write(draft, folder.path());
    let found = survey(folder.path().to_str().unwrap(), None).unwrap();
    // The CRS keeps coordinates of a made-up plane from being taken as degrees.
    let options =
        Options { class: Some(class), crs: Some("EPSG:4548".into()), ..Options::default() };
    let mut sink = crate::testing::CollectSink::default();
    let back = crate::draft(&found.sources[0], &options, &mut sink).unwrap();
    assert_eq!(back.refused.len(), 0, "{name}: {:?}", back.refused.first());
    let (before, after) = (graph(draft), graph(&back));
    assert_eq!(before.0.len(), after.0.len(), "{name}");
    for (code, at) in &before.0 {
        assert_eq!(Some(at), after.0.get(code), "{name} node {code}");
    }
    for (code, link) in &before.1 {
        assert_eq!(Some(link), after.1.get(code), "{name} link {code}");
    }
    assert_eq!(before, after, "{name}");
}

#[test]
fn a_network_written_as_survey_tables_comes_back_the_same() {
    let node = |code: &str, x: f64| Node {
        code: code.into(),
        at: [618_340.24 + x, 3_759_211.26],
        ground: Some(20.0),
        ..Node::default()
    };
    let end = |node: &str, z: f64| End { node: node.into(), elevation: Some(z), ..End::default() };
    let link = |code: &str, section| Link {
        code: code.into(),
        from: end("a", 18.0),
        to: end("b, \"c\"", 17.5),
        level: Some(Level::Invert),
        section,
        system: PipeSystem::find("YS"),
        ..Link::default()
    };
    let draft = Draft {
        nodes: vec![node("a", 0.0), node("b, \"c\"", 30.125)],
        links: vec![
            link("1", Some(Section::Round { diameter: 0.3048 })),
            link("2", Some(Section::Box { shape: "rectangle", width: 2.0, height: 1.5 })),
            link("3", None),
        ],
        ..Draft::default()
    };
    there_and_back(&draft, PipeClass::Drainage, "made up");
}

#[test]
fn networks_of_epanet_and_swmm_written_as_survey_tables_come_back_the_same() {
    let mut tried = 0;
    for (folder, class) in
        [("network/epanet", PipeClass::Water), ("network/swmm", PipeClass::Drainage)]
    {
        let Some(folder) = data(folder) else { return };
        let Ok(found) = survey(folder.to_str().unwrap(), None) else { continue };
        for source in found
            .sources
            .iter()
            .filter(|source| source.path.extension().is_some_and(|e| e == "inp"))
        {
            let mut sink = crate::testing::CollectSink::default();
            // Files that EPANET or SWMM refuse are the business of those readers' tests.
            let Ok(mut draft) = crate::draft(source, &Options::default(), &mut sink) else {
                continue;
            };
            draft.links.retain(|link| link.from.node != link.to.node);
            if draft.nodes.len() < 2 {
                continue;
            }
            there_and_back(&draft, class, &source.name);
            tried += 1;
        }
    }
    if tried == 0 {
        eprintln!("SKIPPED: no network of EPANET or SWMM could be read");
    }
    eprintln!("{tried} networks went there and back");
}
