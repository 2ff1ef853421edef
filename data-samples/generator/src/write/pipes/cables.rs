//! Power, street lights and telecom in one workbook with English headers; here and there full-width digits,
//! as an input method leaves them.

use super::{Cell, Table, depths, level, place, text, wells};
use crate::city::City;
use crate::underground::{Net, Section, System, Underground, metres, survey};

const POINTS: [&str; 9] =
    ["EXP_NO", "FEATURE", "SUBSID", "X", "Y", "SURF_H", "WELL_DEPTH", "ROAD", "REMARK"];
const LINES: [&str; 16] = [
    "S_POINT",
    "E_POINT",
    "S_DEPTH",
    "E_DEPTH",
    "S_TOP",
    "E_TOP",
    "PSIZE",
    "HOLES",
    "USED_HOLES",
    "CABLES",
    "MATERIAL",
    "LAYING",
    "VOLTAGE",
    "MDATE",
    "OWNER",
    "ROAD",
];

/// Writes digits, points and letters in full width.
pub(super) fn wide(narrow: &str) -> String {
    narrow
        .chars()
        .map(|c| match c {
            '!'..='~' => char::from_u32(c as u32 + 0xFEE0).unwrap_or(c),
            c => c,
        })
        .collect()
}

/// Forms the six sheets.
pub(super) fn tables(city: &City, under: &Underground) -> Vec<Table> {
    [System::Power, System::Light, System::Telecom]
        .iter()
        .flat_map(|system| pair(city, under.net(*system)))
        .collect()
}

/// Size as the office writes it: banks of power ducts by width and height, those of telecom with their holes before,
/// small ones by holes only.
fn size(system: System, section: Section) -> String {
    let Section::Ducts(columns, rows) = section else { return survey::size(section) };
    if rows == 1 {
        return survey::size(section);
    }
    let (w, h) = section.size();
    let outer = format!("{:.0}×{:.0}", w * 1000.0, h * 1000.0);
    if system == System::Telecom { format!("{}孔 {outer}", columns * rows) } else { outer }
}

fn pair(city: &City, net: &Net) -> [Table; 2] {
    let mut points = Table::new(&format!("{}POINT", net.system.code()), &POINTS);
    let features = survey::features(net);
    let wells = wells(net);
    for (k, node) in net.nodes.iter().enumerate() {
        let q = place(city, node.at);
        points.rows.push(vec![
            text(&node.code),
            text(features[k]),
            text(node.thing),
            Cell::Number(q.y),
            Cell::Number(q.x),
            if k % 53 == 7 {
                text(wide(&format!("{:.2}", metres(node.ground))))
            } else {
                level(node.ground)
            },
            wells[k].map_or(Cell::Empty, level),
            text(&node.street),
            text(&node.note),
        ]);
    }
    let mut lines = Table::new(&format!("{}LINE", net.system.code()), &LINES);
    for (k, link) in net.links.iter().enumerate() {
        let [a, b] = depths(net, link);
        let holes = match link.section {
            Section::Ducts(columns, rows) => Cell::Number((columns * rows).into()),
            _ => Cell::Empty,
        };
        let is_wide = k % 41 == 5;
        let year = format!("{}", link.year);
        let size = size(net.system, link.section);
        lines.rows.push(vec![
            text(&net.nodes[link.from].code),
            text(&net.nodes[link.to].code),
            if is_wide { text(wide(&format!("{:.2}", metres(a)))) } else { level(a) },
            level(b),
            level(link.start),
            level(link.end),
            text(if is_wide { wide(&size) } else { size }),
            holes.clone(),
            if holes == Cell::Empty { Cell::Empty } else { Cell::Number(link.cables.0.into()) },
            Cell::Number(link.cables.1.into()),
            text(link.material),
            text(link.laying),
            text(match net.system {
                System::Power => "10kV",
                System::Light => "380V",
                _ => "",
            }),
            text(if is_wide { wide(&year) } else { year }),
            text(net.system.owner()),
            text(&link.street),
        ]);
    }
    [points, lines]
}
