//! Gas: two CSV files in GBK; Y is the easting with the zone number (EPSG:4527); codes of materials and laying.

use super::{depths, place};
use crate::city::City;
use crate::underground::{Net, metres, survey};
use crate::write::table::{ZONE_PREFIX, csv_bytes};
use crate::write::{File, WriteError};

/// Forms `gas_points.csv` and `gas_lines.csv`.
pub(super) fn files(city: &City, net: &Net) -> Result<Vec<File>, WriteError> {
    let features = survey::features(net);
    let points = net.nodes.iter().zip(&features).map(|(n, feature)| {
        let q = place(city, n.at);
        vec![
            n.code.clone(),
            (*feature).to_owned(),
            n.thing.to_owned(),
            format!("{:.3}", q.y),
            format!("{:.3}", q.x + ZONE_PREFIX),
            format!("{:.2}", metres(n.ground)),
            n.street.clone(),
            n.note.clone(),
        ]
    });
    let points = csv_bytes(
        &["图上点号", "特征点", "附属物名称", "X坐标", "Y坐标", "地面高程", "所在道路", "备注"],
        points,
        true,
    )?;
    let lines = net.links.iter().map(|l| {
        let [a, b] = depths(net, l);
        vec![
            net.nodes[l.from].code.clone(),
            net.nodes[l.to].code.clone(),
            format!("{:.2}", metres(a)),
            format!("{:.2}", metres(b)),
            format!("{:.2}", metres(l.start)),
            format!("{:.2}", metres(l.end)),
            format!("DN{}", survey::size(l.section)),
            survey::material(l.material).to_owned(),
            l.laying.to_owned(),
            "中压A".to_owned(),
            format!("{}", l.year),
            net.system.owner().to_owned(),
            l.street.clone(),
        ]
    });
    let lines = csv_bytes(
        &[
            "起点点号",
            "终点点号",
            "起点埋深(m)",
            "终点埋深(m)",
            "起点管顶高程",
            "终点管顶高程",
            "管径(mm)",
            "管线材料",
            "埋设类型",
            "压力(电压)",
            "埋设年代",
            "权属单位",
            "所在道路",
        ],
        lines,
        true,
    )?;
    let gbk = |utf8: &[u8]| encoding_rs::GBK.encode(&String::from_utf8_lossy(utf8)).0.into_owned();
    Ok(vec![
        ("city/gas_points.csv".to_owned(), gbk(&points)),
        ("city/gas_lines.csv".to_owned(), gbk(&lines)),
    ])
}
