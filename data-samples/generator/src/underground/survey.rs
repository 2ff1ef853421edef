//! What surveyors call things.

use super::{Net, Section, System, metres};

/// The feature (特征) of each point that carries no appurtenance, by what meets there.
pub fn features(net: &Net) -> Vec<&'static str> {
    let mut meets: Vec<Vec<usize>> = vec![Vec::new(); net.nodes.len()];
    for (k, link) in net.links.iter().enumerate() {
        meets[link.from].push(k);
        meets[link.to].push(k);
    }
    let cable = matches!(net.system, System::Power | System::Light | System::Telecom);
    (0..net.nodes.len())
        .map(|n| {
            if !net.nodes[n].thing.is_empty() {
                return "";
            }
            match (meets[n].len(), cable) {
                (0 | 1, _) => "预留口",
                (2, _) => passing(net, n, meets[n][0], meets[n][1]),
                (3, true) => "三分支",
                (4, true) => "四分支",
                (_, true) => "多分支",
                (3, _) => "三通",
                (4, _) => "四通",
                (5, _) => "五通",
                _ => "多通",
            }
        })
        .collect()
}

/// A point with two pipes: a bend, a change of size, or nothing.
fn passing(net: &Net, node: usize, a: usize, b: usize) -> &'static str {
    let (one, two) = (&net.links[a], &net.links[b]);
    if one.section != two.section {
        return "变径";
    }
    if one.material != two.material {
        return "变材";
    }
    let away = |k: usize| {
        let l = &net.links[k];
        let (other, z) =
            if l.from == node { (l.to, l.end - l.start) } else { (l.from, l.start - l.end) };
        let d = net.nodes[other].at - net.nodes[node].at;
        (d.unit(), metres(z) / d.len().max(0.01))
    };
    let ((u, rise), (v, fall)) = (away(a), away(b));
    if u.dot(v) > -0.985 || (rise + fall).abs() > 0.12 {
        return if matches!(net.system, System::Power | System::Light | System::Telecom) {
            "转折点"
        } else {
            "弯头"
        };
    }
    "直线点"
}

/// Size as it is written: `300`, `2000×1500`, `2*3`.
pub fn size(section: Section) -> String {
    match section {
        Section::Round(d) => d.to_string(),
        Section::Box(w, h) => format!("{w}×{h}"),
        Section::Ducts(columns, rows) => format!("{columns}*{rows}"),
    }
}

/// Code of a material in CJJ 61-2017, C.0.1.
pub fn material(name: &str) -> &str {
    match name {
        "铸铁" => "ZT",
        "钢" => "G",
        "混凝土" => "T",
        "球墨" => "QM",
        "砖石" => "ZS",
        "铜" => "TZ",
        "光纤" => "GX",
        other => other,
    }
}

/// Name of a way of laying in CJJ 61-2017, C.0.2.
pub fn laying(code: &str) -> &str {
    match code {
        "ZM" => "直埋",
        "GM" => "管埋",
        "GK" => "管块",
        "GG" => "管沟",
        other => other,
    }
}
