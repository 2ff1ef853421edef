//! Tables as departments send them: Chinese headers, one with a byte order mark, one in GBK.

use super::{WriteError, degrees, metres};
use crate::city::City;

/// Zone number that EPSG:4527 puts before the easting.
pub(super) const ZONE_PREFIX: f64 = 39.0e6;

/// Forms a CSV file.
pub(super) fn csv_bytes(
    header: &[&str],
    rows: impl Iterator<Item = Vec<String>>,
    crlf: bool,
) -> Result<Vec<u8>, WriteError> {
    let ending = if crlf { csv::Terminator::CRLF } else { csv::Terminator::Any(b'\n') };
    let mut out = Vec::new();
    let mut writer = csv::WriterBuilder::new().terminator(ending).from_writer(&mut out);
    writer.write_record(header)?;
    for row in rows {
        writer.write_record(&row)?;
    }
    writer.flush()?;
    drop(writer);
    Ok(out)
}

/// Points of interest: UTF-8 with a byte order mark, as Excel saves it.
pub(super) fn pois(city: &City) -> Result<Vec<u8>, WriteError> {
    let rows = city.pois.iter().map(|p| {
        let q = degrees(city, p.at);
        vec![
            p.id.clone(),
            p.name.clone(),
            p.category.to_owned(),
            p.address.clone(),
            format!("{:.7}", q.x),
            format!("{:.7}", q.y),
            p.phone.clone(),
        ]
    });
    let mut out = vec![0xEF, 0xBB, 0xBF];
    out.extend(csv_bytes(&["编号", "名称", "类别", "地址", "经度", "纬度", "电话"], rows, true)?);
    Ok(out)
}

/// Street furniture: GBK.
pub(super) fn components(city: &City) -> Result<Vec<u8>, WriteError> {
    let rows = city.components.iter().map(|c| {
        let q = degrees(city, c.at);
        vec![
            c.code.clone(),
            c.name.to_owned(),
            c.class.to_owned(),
            c.keeper.to_owned(),
            c.street.clone(),
            c.condition.to_owned(),
            format!("{}-{:02}", c.since.0, c.since.1),
            format!("{:.7}", q.x),
            format!("{:.7}", q.y),
        ]
    });
    let header = [
        "部件编码",
        "部件名称",
        "部件大类",
        "主管部门",
        "所在道路",
        "部件状态",
        "设置年月",
        "经度",
        "纬度",
    ];
    let utf8 = csv_bytes(&header, rows, true)?;
    Ok(encoding_rs::GBK.encode(&String::from_utf8_lossy(&utf8)).0.into_owned())
}

/// Cameras: X is the northing, Y the easting with the zone number (EPSG:4527), as surveyors write it.
pub(super) fn cameras(city: &City) -> Result<Vec<u8>, WriteError> {
    let rows = city.cameras.iter().map(|c| {
        let q = metres(city, c.at);
        vec![
            c.id.clone(),
            c.name.clone(),
            c.kind.to_owned(),
            format!("{:.2}", q.y),
            format!("{:.2}", q.x + ZONE_PREFIX),
            format!("{:.0}", c.bearing),
            format!("{:.0}", c.angle),
            format!("{:.1}", c.height),
            format!("{:.0}", c.reach),
            if c.online { "在线" } else { "离线" }.to_owned(),
        ]
    });
    let header = [
        "编号",
        "名称",
        "类型",
        "X坐标",
        "Y坐标",
        "方位角",
        "视场角",
        "安装高度",
        "可视距离",
        "状态",
    ];
    csv_bytes(&header, rows, false)
}
