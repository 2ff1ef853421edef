//! Sections and profiles as tables: CSV by RFC 4180, UTF-8 with a byte order mark, so that spreadsheets read Chinese.

use std::borrow::Cow;

use super::Language;
use super::words::chainage;
use crate::profile::Profile;
use crate::section::CrossSection;

struct Csv(String);

impl Csv {
    fn new(heads: &[&str]) -> Self {
        let mut csv = Self("\u{feff}".to_owned());
        csv.row(&heads.iter().map(|head| (*head).to_owned()).collect::<Vec<_>>());
        csv
    }

    fn row(&mut self, cells: &[String]) {
        let cells: Vec<Cow<'_, str>> = cells.iter().map(|cell| quoted(cell)).collect();
        self.0.push_str(&cells.join(","));
        self.0.push_str("\r\n");
    }
}

/// Quotes a cell where it needs it; one that a spreadsheet would take for a formula gets an apostrophe.
fn quoted(cell: &str) -> Cow<'_, str> {
    let is_number = cell.parse::<f64>().is_ok();
    let formula = !is_number && cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let cell = if formula { Cow::Owned(format!("'{cell}")) } else { Cow::Borrowed(cell) };
    if cell.contains([',', '"', '\n', '\r']) {
        return Cow::Owned(format!("\"{}\"", cell.replace('"', "\"\"")));
    }
    cell
}

fn metres(value: Option<f64>, digits: usize) -> String {
    value.map_or_else(String::new, |value| format!("{:.digits$}", value + 0.0))
}

/// Writes a cross-section as a table: a row for each pipe.
pub fn cross_section_csv(section: &CrossSection, language: Language) -> String {
    let mut csv = Csv::new(&match language {
        Language::Zh => [
            "编号",
            "图层",
            "管线编号",
            "管类",
            "规格",
            "材质",
            "权属单位",
            "距离(m)",
            "地面高程(m)",
            "管顶高程(m)",
            "管心高程(m)",
            "管底高程(m)",
            "埋深(m)",
            "间距(m)",
            "交角(°)",
            "经度",
            "纬度",
            "要素ID",
        ],
        Language::En => [
            "No.",
            "Layer",
            "Code",
            "Class",
            "Size",
            "Material",
            "Owner",
            "Chainage (m)",
            "Ground (m)",
            "Top (m)",
            "Centre (m)",
            "Invert (m)",
            "Depth (m)",
            "Spacing (m)",
            "Angle (deg)",
            "Longitude",
            "Latitude",
            "Feature",
        ],
    });
    for cut in &section.cuts {
        let pipe = &cut.pipe;
        let levels = cut.levels;
        csv.row(&[
            cut.number.to_string(),
            pipe.layer.clone(),
            pipe.code.clone(),
            language.system(pipe).to_owned(),
            pipe.size.clone(),
            pipe.material.clone().unwrap_or_default(),
            pipe.owner.clone().unwrap_or_default(),
            metres(Some(cut.chainage_m), 3),
            metres(cut.ground_m, 3),
            metres(levels.map(|l| l.top_m), 3),
            metres(levels.map(|l| l.centre_m), 3),
            metres(levels.map(|l| l.invert_m), 3),
            metres(cut.depth_m, 3),
            metres(cut.spacing_m, 3),
            metres(Some(cut.angle_degrees), 1),
            metres(Some(cut.at[0]), 8),
            metres(Some(cut.at[1]), 8),
            pipe.id.map_or_else(String::new, |id| id.to_string()),
        ]);
    }
    csv.0
}

/// Writes a profile as a table: a row for each node, with the pipe that leaves it.
pub fn profile_csv(profile: &Profile, language: Language) -> String {
    let mut csv = Csv::new(&match language {
        Language::Zh => [
            "井号",
            "类型",
            "桩号",
            "距离(m)",
            "地面高程(m)",
            "井底高程(m)",
            "来管管底(m)",
            "管顶高程(m)",
            "管底高程(m)",
            "埋深(m)",
            "管线编号",
            "管径",
            "材质",
            "平距(m)",
            "坡度(‰)",
            "经度",
            "纬度",
        ],
        Language::En => [
            "Node",
            "Kind",
            "Station",
            "Chainage (m)",
            "Ground (m)",
            "Bottom (m)",
            "Invert in (m)",
            "Top (m)",
            "Invert (m)",
            "Depth (m)",
            "Pipe",
            "Size",
            "Material",
            "Length (m)",
            "Slope (permille)",
            "Longitude",
            "Latitude",
        ],
    });
    for (at, station) in profile.stations.iter().enumerate() {
        let levels = station.after.or(station.before);
        let reach = profile.reaches.get(at);
        let text = |value: Option<&str>| value.unwrap_or_default().to_owned();
        csv.row(&[
            station.code.clone(),
            language.element(station.element).to_owned(),
            chainage(station.chainage_m),
            metres(Some(station.chainage_m), 3),
            metres(station.ground_m, 3),
            metres(station.bottom_m, 3),
            metres(station.before.map(|l| l.invert_m), 3),
            metres(levels.map(|l| l.top_m), 3),
            metres(levels.map(|l| l.invert_m), 3),
            metres(station.depth_m, 3),
            text(reach.map(|reach| reach.pipe.code.as_str())),
            text(reach.map(|reach| reach.pipe.size.as_str())),
            text(reach.and_then(|reach| reach.pipe.material.as_deref())),
            metres(reach.map(|reach| reach.chainage_m[1] - reach.chainage_m[0]), 3),
            metres(reach.and_then(|reach| reach.slope_permille), 2),
            metres(Some(station.at[0]), 8),
            metres(Some(station.at[1]), 8),
        ]);
    }
    csv.0
}
