//! Street furniture (城市部件) and cameras.

use crate::city::City;
use crate::geom::{Pt, along, pt};
use crate::graph::Class;
use crate::plan::Zone;
use crate::rng::Rng;
use crate::roads::{Road, carriageway};

/// A piece of street furniture.
#[derive(Clone, Debug)]
pub struct Component {
    /// Sixteen digits in the manner of CJ/T 214: area, main class, sub class, running number.
    pub code: String,
    /// Name of the sub class.
    pub name: &'static str,
    /// Name of the main class.
    pub class: &'static str,
    /// Who looks after it.
    pub keeper: &'static str,
    /// Name of the street.
    pub street: String,
    /// Condition.
    pub condition: &'static str,
    /// Year and month it was set up.
    pub since: (u16, u8),
    /// Where it stands.
    pub at: Pt,
}

/// A camera.
#[derive(Clone, Debug)]
pub struct Camera {
    /// Number.
    pub id: String,
    /// Name after its junction.
    pub name: String,
    /// Type.
    pub kind: &'static str,
    /// Where it hangs.
    pub at: Pt,
    /// Direction of view in degrees, clockwise from north.
    pub bearing: f64,
    /// Horizontal angle of view in degrees.
    pub angle: f64,
    /// Height above ground in metres.
    pub height: f64,
    /// Reach in metres.
    pub reach: f64,
    /// Whether it works.
    pub online: bool,
}

struct Sort {
    digits: &'static str,
    name: &'static str,
    class: &'static str,
    keeper: &'static str,
    /// From one to the next along the street, in metres.
    every: f64,
    /// From the edge of the carriageway: positive on the pavement, negative on the road.
    off: f64,
    /// On both sides of the street.
    both: bool,
    least: Class,
}

const UTILITY: &str = "公用设施";
const TRAFFIC: &str = "道路交通";
const CLEAN: &str = "市容环境";
const GREEN: &str = "园林绿化";

const SORTS: [Sort; 12] = [
    Sort {
        digits: "0101",
        name: "上水井盖",
        class: UTILITY,
        keeper: "自来水公司",
        every: 92.0,
        off: -1.6,
        both: false,
        least: Class::Residential,
    },
    Sort {
        digits: "0102",
        name: "污水井盖",
        class: UTILITY,
        keeper: "排水管理处",
        every: 52.0,
        off: -3.4,
        both: false,
        least: Class::Residential,
    },
    Sort {
        digits: "0103",
        name: "雨水井盖",
        class: UTILITY,
        keeper: "排水管理处",
        every: 58.0,
        off: -2.4,
        both: false,
        least: Class::Residential,
    },
    Sort {
        digits: "0105",
        name: "电力井盖",
        class: UTILITY,
        keeper: "供电公司",
        every: 120.0,
        off: 2.6,
        both: false,
        least: Class::Tertiary,
    },
    Sort {
        digits: "0107",
        name: "通讯井盖",
        class: UTILITY,
        keeper: "通信公司",
        every: 110.0,
        off: 3.2,
        both: false,
        least: Class::Tertiary,
    },
    Sort {
        digits: "0113",
        name: "消火栓",
        class: UTILITY,
        keeper: "消防救援大队",
        every: 118.0,
        off: 1.6,
        both: false,
        least: Class::Residential,
    },
    Sort {
        digits: "0118",
        name: "路灯",
        class: UTILITY,
        keeper: "路灯管理所",
        every: 36.0,
        off: 0.8,
        both: true,
        least: Class::Tertiary,
    },
    Sort {
        digits: "0203",
        name: "公交站牌",
        class: TRAFFIC,
        keeper: "公交公司",
        every: 420.0,
        off: 1.4,
        both: true,
        least: Class::Secondary,
    },
    Sort {
        digits: "0210",
        name: "交通信号灯",
        class: TRAFFIC,
        keeper: "交警大队",
        every: 0.0,
        off: 1.0,
        both: false,
        least: Class::Tertiary,
    },
    Sort {
        digits: "0213",
        name: "路名牌",
        class: TRAFFIC,
        keeper: "民政局",
        every: 0.0,
        off: 1.8,
        both: false,
        least: Class::Residential,
    },
    Sort {
        digits: "0305",
        name: "垃圾箱",
        class: CLEAN,
        keeper: "环境卫生管理处",
        every: 85.0,
        off: 1.2,
        both: true,
        least: Class::Tertiary,
    },
    Sort {
        digits: "0402",
        name: "行道树",
        class: GREEN,
        keeper: "园林绿化管理处",
        every: 24.0,
        off: 1.5,
        both: true,
        least: Class::Residential,
    },
];

/// The survey covers the centre: the old town, the business district and what lies between.
const SURVEYED: f64 = 1180.0;

fn surveyed(p: Pt) -> bool {
    (p - pt(-120.0, 260.0)).len() < SURVEYED
}

/// Returns the street furniture of the surveyed centre.
pub fn components(city: &City) -> Vec<Component> {
    let mut out: Vec<Component> = Vec::new();
    for (k, road) in city.roads.iter().enumerate() {
        let mut rng = Rng::stream(city.seed, "components", k as u64);
        for sort in &SORTS {
            if road.class > sort.least
                || road.class == Class::Expressway
                || (road.bridge && sort.digits != "0118")
            {
                continue;
            }
            for at in spots(road, sort, &mut rng) {
                if !surveyed(at) {
                    continue;
                }
                let condition = rng.weighted(&[
                    ("完好", 0.955),
                    ("破损", 0.03),
                    ("缺失", 0.008),
                    ("移位", 0.007),
                ]);
                let year = rng.int(i64::from(road.year.max(2004)), 2025) as u16;
                out.push(Component {
                    code: format!("321399{}{:06}", sort.digits, out.len() + 1),
                    name: sort.name,
                    class: sort.class,
                    keeper: sort.keeper,
                    street: road.name.zh.clone(),
                    condition,
                    since: (year, rng.int(1, 12) as u8),
                    at: at.cm(),
                });
            }
        }
    }
    out
}

/// Where things of a sort stand along a road.
fn spots(road: &Road, sort: &Sort, rng: &mut Rng) -> Vec<Pt> {
    let clear = carriageway(road.class) / 2.0 + 9.0;
    let mut out = Vec::new();
    let beside = |s: f64, side: f64| {
        let (p, dir) = along(&road.line, s);
        p + dir.left() * (side * (carriageway(road.class) / 2.0 + sort.off))
    };
    if sort.every <= 0.0 {
        // At the junction at either end.
        if road.length > 2.0 * clear {
            out.push(beside(clear, -1.0));
            out.push(beside(road.length - clear, 1.0));
        }
        return out;
    }
    let mut s = clear + rng.range(0.0, sort.every * 0.5);
    while s < road.length - clear {
        out.push(beside(s, -1.0));
        if sort.both {
            out.push(beside(
                s + if sort.every > 200.0 { 60.0_f64.min(road.length - clear - s) } else { 0.0 },
                1.0,
            ));
        }
        s += sort.every + rng.range(-1.5, 1.5);
    }
    out
}

/// Returns the cameras: four at a large junction, one here and there along a street.
pub fn cameras(city: &City) -> Vec<Camera> {
    let graph = &city.network.graph;
    let mut out: Vec<Camera> = Vec::new();
    let class = |h: usize| city.network.class(h / 2);
    for node in 0..graph.nodes.len() {
        let arms_of = |least: Class| -> Vec<usize> {
            graph.leaving[node]
                .iter()
                .copied()
                .filter(|h| class(*h).is_some_and(|c| c <= least))
                .collect()
        };
        let mut arms = arms_of(Class::Secondary);
        if arms.len() == 2 && Rng::stream(city.seed, "minor cameras", node as u64).chance(0.16) {
            arms = arms_of(Class::Tertiary);
        }
        let at = graph.nodes[node];
        if arms.len() < 3 || Zone::at(at).rural() {
            continue;
        }
        let mut rng = Rng::stream(city.seed, "cameras", node as u64);
        if arms.len() == 3 && rng.chance(0.12) {
            continue;
        }
        let name = |h: usize| {
            city.network.name_at(city.network.lines[graph.edges[h / 2].line].street, at).zh
        };
        let first = name(arms[0]);
        let other = arms.iter().map(|h| name(*h)).find(|n| *n != first).unwrap_or_default();
        for h in &arms {
            let dir = (graph.nodes[graph.head(*h)] - at).unit();
            let Some(c) = class(*h) else { continue };
            let half = carriageway(c) / 2.0;
            let bearing = libm::atan2(dir.x, dir.y).to_degrees().rem_euclid(360.0);
            out.push(Camera {
                id: format!("CAM{:04}", out.len() + 1),
                name: format!("{first}{other}路口{}", compass(bearing)),
                kind: if rng.chance(0.7) { "枪机" } else { "球机" },
                at: (at + dir * (half + 12.0) + dir.left() * -(half + 1.5)).cm(),
                bearing: bearing.round(),
                angle: *rng.pick(&[32.0, 45.0, 60.0, 90.0]),
                height: (rng.range(5.5, 7.5) * 10.0).round() / 10.0,
                reach: *rng.pick(&[60.0, 80.0, 100.0]),
                online: rng.chance(0.96),
            });
        }
    }
    out
}

/// Names the compass point of a bearing in degrees.
fn compass(bearing: f64) -> &'static str {
    ["北", "东北", "东", "东南", "南", "西南", "西", "西北"]
        [((bearing / 45.0).round() as usize) % 8]
}
