//! Sewers: one sheet for each class, each row a point and one that it is joined to, so that every pipe comes twice.

use super::{Cell, Table, level, place, text, wells};
use crate::city::City;
use crate::underground::{Net, survey};

const HEADER: [&str; 18] = [
    "物探点号",
    "连接点号",
    "特征",
    "附属物",
    "X",
    "Y",
    "地面高程",
    "管底高程",
    "埋深",
    "井深",
    "管径或断面",
    "材质",
    "埋设方式",
    "流向",
    "建设年代",
    "权属单位",
    "道路名称",
    "备注",
];

/// Direction of flow as the table writes it, seen from the row's point to the one it is joined to.
pub(super) fn flow(away: bool) -> &'static str {
    if away { "顺" } else { "逆" }
}

/// Forms the table, ordered by point.
pub(super) fn table(city: &City, net: &Net, name: &str) -> Table {
    let mut out = Table::new(name, &HEADER);
    let wells = wells(net);
    let mut meets: Vec<Vec<usize>> = vec![Vec::new(); net.nodes.len()];
    for (k, link) in net.links.iter().enumerate() {
        meets[link.from].push(k);
        meets[link.to].push(k);
    }
    let features = survey::features(net);
    for (n, node) in net.nodes.iter().enumerate() {
        let q = place(city, node.at);
        for &k in &meets[n] {
            let link = &net.links[k];
            let away = link.from == n;
            let (other, z) = if away { (link.to, link.start) } else { (link.from, link.end) };
            out.rows.push(vec![
                text(&node.code),
                text(&net.nodes[other].code),
                text(features[n]),
                text(node.thing),
                Cell::Number(q.y),
                Cell::Number(q.x),
                level(node.ground),
                level(z),
                level(node.ground - z),
                wells[n].map_or(Cell::Empty, level),
                text(survey::size(link.section)),
                text(link.material),
                text(survey::laying(link.laying)),
                text(flow(away)),
                Cell::Number(link.year.into()),
                text(net.system.owner()),
                text(&link.street),
                text(&node.note),
            ]);
        }
    }
    out
}
