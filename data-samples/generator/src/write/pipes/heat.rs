//! Heat: a pair of shapefiles with GBK tables and no `.cpg`, in EPSG:4548.

use super::{depths, place};
use crate::city::City;
use crate::geom::{Pt, bounds};
use crate::underground::{Net, metres, survey};
use crate::write::File;
use crate::write::shp::{Field, PRJ_4548, dbf, head};

const POINTS: [Field; 8] = [
    ("点号", b'C', 10, 0),
    ("特征", b'C', 8, 0),
    ("附属物", b'C', 10, 0),
    ("X坐标", b'N', 12, 3),
    ("Y坐标", b'N', 11, 3),
    ("地面高程", b'N', 8, 2),
    ("道路名称", b'C', 30, 0),
    ("备注", b'C', 30, 0),
];
const LINES: [Field; 12] = [
    ("起点点号", b'C', 10, 0),
    ("终点点号", b'C', 10, 0),
    ("起点埋深", b'N', 7, 2),
    ("终点埋深", b'N', 7, 2),
    ("起点高程", b'N', 8, 2),
    ("终点高程", b'N', 8, 2),
    ("管径", b'N', 5, 0),
    ("材质", b'C', 8, 0),
    ("埋设方式", b'C', 8, 0),
    ("建设年代", b'N', 4, 0),
    ("权属单位", b'C', 20, 0),
    ("备注", b'C', 10, 0),
];

/// Forms the eight files.
pub(super) fn files(city: &City, net: &Net) -> Vec<File> {
    let features = survey::features(net);
    let points = net.nodes.iter().zip(&features).map(|(n, feature)| {
        let q = place(city, n.at);
        vec![
            n.code.clone(),
            (*feature).to_owned(),
            n.thing.to_owned(),
            format!("{:.3}", q.y),
            format!("{:.3}", q.x),
            format!("{:.2}", metres(n.ground)),
            n.street.clone(),
            n.note.clone(),
        ]
    });
    let lines = net.links.iter().map(|l| {
        let [a, b] = depths(net, l);
        vec![
            net.nodes[l.from].code.clone(),
            net.nodes[l.to].code.clone(),
            format!("{:.2}", metres(a)),
            format!("{:.2}", metres(b)),
            format!("{:.2}", metres(l.start)),
            format!("{:.2}", metres(l.end)),
            survey::size(l.section),
            l.material.to_owned(),
            survey::laying(l.laying).to_owned(),
            format!("{}", l.year),
            net.system.owner().to_owned(),
            if l.part == 0 { "供水" } else { "回水" }.to_owned(),
        ]
    });
    let at = |n: usize| place(city, net.nodes[n].at);
    let dots: Vec<Vec<Pt>> = (0..net.nodes.len()).map(|n| vec![at(n)]).collect();
    let strokes: Vec<Vec<Pt>> = net.links.iter().map(|l| vec![at(l.from), at(l.to)]).collect();
    let mut out = Vec::new();
    for (stem, kind, shapes, table) in [
        ("city/heat_points", 1, dots, dbf(&POINTS, points.collect(), 0)),
        ("city/heat_lines", 3, strokes, dbf(&LINES, lines.collect(), 0)),
    ] {
        let (shp, shx) = write(kind, &shapes);
        out.push((format!("{stem}.shp"), shp));
        out.push((format!("{stem}.shx"), shx));
        out.push((format!("{stem}.dbf"), table));
        out.push((format!("{stem}.prj"), PRJ_4548.as_bytes().to_vec()));
    }
    out
}

fn write(kind: i32, shapes: &[Vec<Pt>]) -> (Vec<u8>, Vec<u8>) {
    let (mut shp, mut shx) = (vec![0; 100], vec![0; 100]);
    for (k, points) in shapes.iter().enumerate() {
        let mut record = Vec::new();
        record.extend(kind.to_le_bytes());
        if kind == 3 {
            let (lo, hi) = bounds(points);
            for v in [lo.x, lo.y, hi.x, hi.y] {
                record.extend(v.to_le_bytes());
            }
            record.extend(1_i32.to_le_bytes());
            record.extend((points.len() as i32).to_le_bytes());
            record.extend(0_i32.to_le_bytes());
        }
        for p in points {
            record.extend(p.x.to_le_bytes());
            record.extend(p.y.to_le_bytes());
        }
        let (offset, words) = ((shp.len() / 2) as i32, (record.len() / 2) as i32);
        shx.extend(offset.to_be_bytes());
        shx.extend(words.to_be_bytes());
        shp.extend((k as i32 + 1).to_be_bytes());
        shp.extend(words.to_be_bytes());
        shp.extend(record);
    }
    let all: Vec<Pt> = shapes.iter().flatten().copied().collect();
    head(&mut shp, &mut shx, kind, &all);
    (shp, shx)
}
