//! Water: a workbook with the sheets JSPOINT and JSLINE, headers as the standard has them. X is the northing.

use super::{Cell, Table, depths, feature_code, level, place, text, wells};
use crate::city::City;
use crate::underground::{Net, survey};

pub(super) const POINTS: [&str; 11] = [
    "物探点号",
    "特征",
    "附属物",
    "X",
    "Y",
    "地面高程",
    "井深",
    "要素代码",
    "权属单位",
    "道路名称",
    "备注",
];
pub(super) const LINES: [&str; 16] = [
    "起点点号",
    "终点点号",
    "起点埋深",
    "终点埋深",
    "起点管顶高程",
    "终点管顶高程",
    "管径",
    "材质",
    "埋设方式",
    "压力",
    "流向",
    "建设年代",
    "使用状态",
    "权属单位",
    "道路名称",
    "备注",
];

/// Forms the two tables.
pub(super) fn tables(city: &City, net: &Net) -> [Table; 2] {
    let mut points = Table::new("JSPOINT", &POINTS);
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
            level(node.ground),
            wells[k].map_or(Cell::Empty, level),
            text(feature_code(net, node.thing)),
            text(net.system.owner()),
            text(&node.street),
            text(&node.note),
        ]);
    }
    let mut lines = Table::new("JSLINE", &LINES);
    for link in &net.links {
        let [a, b] = depths(net, link);
        lines.rows.push(vec![
            text(&net.nodes[link.from].code),
            text(&net.nodes[link.to].code),
            level(a),
            level(b),
            level(link.start),
            level(link.end),
            text(survey::size(link.section)),
            text(link.material),
            text(survey::laying(link.laying)),
            text("0.35MPa"),
            Cell::Empty,
            Cell::Number(link.year.into()),
            text("在用"),
            text(net.system.owner()),
            text(&link.street),
            Cell::Empty,
        ]);
    }
    [points, lines]
}
