//! The landmark quarter: buildings made by rule around the civic square, as CityJSON can hold them — in two or three
//! levels of detail, with kinds of surfaces, pictures on them, and parts.

mod modern;
mod old;
pub mod pictures;
pub mod skin;
pub mod solid;

use crate::geom::{Pt, Ring, place, pt, rect};
use modern::{Shell, oval};
use old::{Bastion, Crown, Hall, Plan, Tier};
use skin::Skin;
use solid::{Openings, Solid};

/// A part of a landmark, or the whole of one that has no parts.
#[derive(Clone, Debug)]
pub struct Part {
    /// Name.
    pub name: &'static str,
    /// Its shape in each level of detail, coarsest first, around the landmark's middle.
    pub levels: Vec<(&'static str, Solid)>,
}

/// A landmark.
#[derive(Clone, Debug)]
pub struct Landmark {
    /// Number.
    pub id: &'static str,
    /// Name.
    pub name: &'static str,
    /// Use.
    pub usage: &'static str,
    /// Year of completion.
    pub year: u16,
    /// Floors above ground.
    pub floors: u16,
    /// Its middle in local metres.
    pub at: Pt,
    /// How far its front is turned from looking south, radians counter-clockwise.
    pub turn: f64,
    /// What it covers, around its middle.
    pub outline: Ring,
    /// Its parts, or itself alone.
    pub parts: Vec<Part>,
}

impl Landmark {
    /// Returns what it covers, in local metres.
    pub fn footprint(&self) -> Ring {
        place(&self.outline, self.at, self.turn)
    }

    /// Returns the height of its highest point above the ground, metres.
    pub fn height(&self) -> f64 {
        let solids = self.parts.iter().filter_map(|part| part.levels.last());
        solids.map(|(_, solid)| solid.heights().1).fold(0.0, f64::max)
    }
}

fn part(name: &'static str, levels: Vec<Solid>) -> Part {
    Part { name, levels: ["1", "2", "3"].into_iter().zip(levels).collect() }
}

fn tier(wall: f64, eaves: f64, rise: f64, back: f64) -> Tier {
    Tier { wall, eaves, rise, back }
}

/// Windows of a wooden hall, one to a bay, and doors in the middle of the front and the back.
fn lattice(plan: Plan) -> Openings {
    let (every, doors) = match plan {
        Plan::Rect { bays: [x, y], .. } => ((0, 1), [x / 2, x + y + x / 2]),
        Plan::Even { sides, reach, bays } => {
            // Narrow sides have one window, wide ones one to a bay.
            let every = if reach > 10.0 { (0, 1) } else { (bays / 2, bays) };
            (every, [bays / 2, sides / 2 * bays + bays / 2])
        }
    };
    Openings { across: 1, share: [0.66, 0.62], sill: 0.2, skin: Skin::Lattice, every, doors }
}

/// A hall in all its levels of detail; the coarsest is a block `w` by `d`.
fn hall_part(name: &'static str, hall: &Hall, [w, d]: [f64; 2]) -> Part {
    let plain = hall.build(None);
    let fine = hall.build(Some(lattice(hall.plan)));
    let (low, high) = plain.heights();
    let block = match hall.plan {
        Plan::Rect { .. } => rect(pt(0.0, 0.0), w, d, 0.0),
        Plan::Even { sides, .. } => oval(w / 2.0, d / 2.0, sides),
    };
    let top = low + (high - low) * 0.86;
    part(name, vec![Solid::block(&block, [low, top], Skin::Red, Skin::Slate), plain, fine])
}

fn bastion_part(bastion: Bastion) -> Part {
    let [w, d, h] = bastion.size;
    let block = rect(pt(0.0, 0.0), w, d, 0.0);
    let coarse = Solid::block(&block, [0.0, h], Skin::Concrete, Skin::Concrete);
    part("台基", vec![coarse, bastion.build()])
}

fn gate_tower() -> Vec<Part> {
    let bastion = Bastion {
        size: [66.0, 20.0, 11.0],
        passages: &[[-17.0, 3.0, 4.2], [0.0, 3.6, 4.6], [17.0, 3.0, 4.2]],
        parapet: [1.3, 0.6],
    };
    let hall = Hall {
        plan: Plan::Rect { size: [38.0, 11.0], bays: [7, 3] },
        z: 11.0,
        tiers: vec![tier(5.6, 2.4, 2.3, 0.9), tier(4.2, 2.6, 0.0, 0.0)],
        crown: Crown::Gable(6.0),
        tiles: Skin::GoldTiles,
        walls: Skin::Lattice,
    };
    vec![bastion_part(bastion), hall_part("城楼", &hall, [38.0, 11.0])]
}

fn drum_tower() -> Vec<Part> {
    let bastion =
        Bastion { size: [38.0, 28.0, 9.0], passages: &[[0.0, 3.0, 3.6]], parapet: [1.2, 0.5] };
    let hall = Hall {
        plan: Plan::Rect { size: [24.0, 15.0], bays: [5, 3] },
        z: 9.0,
        tiers: vec![tier(5.0, 2.4, 2.4, 1.4), tier(4.4, 2.8, 0.0, 0.0)],
        crown: Crown::Gable(7.4),
        tiles: Skin::GreyTiles,
        walls: Skin::Lattice,
    };
    vec![bastion_part(bastion), hall_part("主楼", &hall, [24.0, 15.0])]
}

fn bell_tower() -> Vec<Part> {
    let bastion =
        Bastion { size: [30.0, 30.0, 8.5], passages: &[[0.0, 2.8, 3.4]], parapet: [1.2, 0.5] };
    let hall = Hall {
        plan: Plan::Rect { size: [17.0, 17.0], bays: [3, 3] },
        z: 8.5,
        tiers: vec![tier(4.8, 2.2, 2.2, 1.3), tier(3.8, 2.2, 2.0, 1.2), tier(3.6, 2.6, 0.0, 0.0)],
        crown: Crown::Point(7.5, 3.0),
        tiles: Skin::GreyTiles,
        walls: Skin::Lattice,
    };
    vec![bastion_part(bastion), hall_part("主楼", &hall, [17.0, 17.0])]
}

fn pavilion_tower() -> Vec<Part> {
    let plan = Plan::Even { sides: 8, reach: 13.0, bays: 3 };
    let hall = Hall {
        plan,
        z: 3.0,
        tiers: vec![
            tier(6.0, 3.4, 2.6, 1.4),
            tier(5.2, 3.4, 2.6, 1.4),
            tier(5.0, 3.2, 2.5, 1.3),
            tier(4.6, 3.4, 0.0, 0.0),
        ],
        crown: Crown::Point(9.0, 4.2),
        tiles: Skin::GoldTiles,
        walls: Skin::Lattice,
    };
    let terrace = || Solid::block(&oval(22.0, 22.0, 8), [0.0, 3.0], Skin::Stone, Skin::Stone);
    vec![part("台基", vec![terrace(), terrace()]), hall_part("主阁", &hall, [28.0, 28.0])]
}

fn pagoda() -> Vec<Part> {
    let storeys = (0..7).map(|k| {
        let k = f64::from(k);
        tier(4.2 - 0.22 * k, 1.7 - 0.06 * k, 1.25, 0.42)
    });
    let hall = Hall {
        plan: Plan::Even { sides: 8, reach: 7.4, bays: 3 },
        z: 0.0,
        tiers: storeys.collect(),
        crown: Crown::Point(3.6, 7.5),
        tiles: Skin::GreyTiles,
        walls: Skin::Brick,
    };
    vec![hall_part("", &hall, [15.0, 15.0])]
}

fn opera() -> Vec<Part> {
    let podium = rect(pt(0.0, 0.0), 100.0, 84.0, 0.0);
    let block = |z: f64| Solid::block(&podium, [0.0, z], Skin::Stone, Skin::Stone);
    let mut parts = vec![part("台基", vec![block(5.0), block(5.0)])];
    let shells = [
        ("歌剧厅前壳", -20.0, -30.0, 17.0, 24.0, 26.0, false),
        ("歌剧厅主壳", -20.0, -11.0, 19.0, 38.0, 30.0, false),
        ("歌剧厅后壳", -20.0, 27.0, 16.0, 26.0, 22.0, true),
        ("音乐厅前壳", 22.0, -27.0, 14.0, 19.0, 22.0, false),
        ("音乐厅主壳", 22.0, -11.0, 16.0, 30.0, 26.0, false),
        ("音乐厅后壳", 22.0, 23.0, 13.0, 20.0, 19.0, true),
    ];
    for (name, x, y, half, height, length, back) in shells {
        let shell = Shell { half, height, length, at: [x, y, 5.0], back };
        let (front, end) = if back { (y - length, y) } else { (y, y + length) };
        let plan = rect(pt(x, f64::midpoint(front, end)), 1.5 * half, 0.8 * length, 0.0);
        let coarse = Solid::block(&plan, [5.0, 5.0 + 0.6 * height], Skin::Plaster, Skin::Plaster);
        parts.push(part(name, vec![coarse, shell.build()]));
    }
    parts
}

fn museum() -> Vec<Part> {
    let a = [pt(-34.0, -20.0), pt(-6.0, -26.0), pt(-1.0, 12.0), pt(-28.0, 18.0)];
    let b = [pt(3.0, -23.0), pt(34.0, -14.0), pt(28.0, 20.0), pt(6.0, 15.0)];
    let c = [pt(-26.0, 20.5), pt(4.0, 15.5), pt(27.0, 22.0), pt(18.0, 34.0), pt(-16.0, 36.0)];
    let link = rect(pt(0.8, -6.0), 12.0, 22.0, 0.06);
    let wedge = |plan: &[Pt], name, high, fall, slope, across, doors| {
        let build = |openings| modern::wedge(plan, high, fall, slope, openings);
        let coarse = Solid::block(plan, [0.0, high * 0.75], Skin::Concrete, Skin::Slate);
        part(name, vec![coarse, build(None), build(Some(modern::windows(across, 0.4, doors)))])
    };
    let none = [usize::MAX; 2];
    let lobby = Solid::block(&link, [0.0, 8.0], Skin::Glass, Skin::Metal);
    vec![
        wedge(&a, "西馆", 24.0, pt(0.35, 1.0), 0.34, 7, [0, usize::MAX]),
        wedge(&b, "东馆", 19.0, pt(-0.8, 0.6), 0.27, 7, none),
        wedge(&c, "北馆", 15.0, pt(1.0, -0.1), 0.16, 5, [2, usize::MAX]),
        part("门厅", vec![Solid::block(&link, [0.0, 8.0], Skin::Pane, Skin::Concrete), lobby]),
    ]
}

fn library() -> Vec<Part> {
    let boxes = [
        ("一层", pt(0.0, 0.0), [46.0, 36.0], 0.0, [0.0, 6.0], 9),
        ("二层", pt(4.0, -3.0), [42.0, 38.0], 0.14, [6.0, 12.5], 8),
        ("三层", pt(-3.0, 2.0), [40.0, 33.0], -0.12, [12.5, 19.0], 8),
        ("四层", pt(3.0, 0.0), [44.0, 28.0], 0.09, [19.0, 25.0], 9),
    ];
    boxes
        .into_iter()
        .map(|(name, at, size, turn, z, across)| {
            let doors = if z[0] == 0.0 { [0, usize::MAX] } else { [usize::MAX; 2] };
            let openings = modern::windows(across, 0.72, doors);
            let build = |openings| modern::storey_box(at, size, turn, z, openings);
            let ring = rect(at, size[0], size[1], turn);
            let coarse = Solid::block(&ring, z, Skin::Plaster, Skin::Concrete);
            part(name, vec![coarse, build(None), build(Some(openings))])
        })
        .collect()
}

fn twin_towers() -> Vec<Part> {
    let podium = rect(pt(0.0, 0.0), 84.0, 44.0, 0.0);
    let bridge = rect(pt(0.0, 0.0), 26.0, 9.0, 0.0);
    let tower = |name, x: f64, top: f64, turn: f64| {
        let mut tower = modern::twisted(27.0, [16.0, top], turn);
        let ring = rect(pt(x, 0.0), 25.0, 25.0, 0.0);
        for corner in tower.faces.iter_mut().flat_map(|f| f.rings.iter_mut().flatten()) {
            corner.0[0] += x;
        }
        part(name, vec![Solid::block(&ring, [16.0, top], Skin::Pane, Skin::Concrete), tower])
    };
    let low = |wall| Solid::block(&podium, [0.0, 16.0], wall, Skin::Concrete);
    let sky = |wall| Solid::block(&bridge, [88.0, 96.0], wall, Skin::Metal);
    vec![
        part("裙楼", vec![low(Skin::Plaster), low(Skin::Facade)]),
        tower("东塔", 23.0, 196.0, 0.9),
        tower("西塔", -23.0, 172.0, -0.9),
        part("空中连廊", vec![sky(Skin::Pane), sky(Skin::Glass)]),
    ]
}

/// Returns the landmarks.
pub fn landmarks() -> Vec<Landmark> {
    let block = |w: f64, d: f64| rect(pt(0.0, 0.0), w, d, 0.0);
    let whole = |coarse: Solid, fine: Solid| vec![part("", vec![coarse, fine])];
    let cylinder =
        |r: f64, top: f64, wall| Solid::block(&oval(r, r, 12), [0.0, top], wall, Skin::Concrete);
    let saw = |solid: Solid| {
        let coarse = Solid::block(&block(76.0, 52.0), [0.0, 12.5], Skin::Plaster, Skin::Concrete);
        whole(coarse, solid)
    };
    let landmark = |(id, name, usage, year, floors), (at, turn), outline, parts| Landmark {
        id,
        name,
        usage,
        year,
        floors,
        at,
        turn,
        outline,
        parts,
    };
    let (west, east) = (-0.115, -0.08);
    vec![
        landmark(
            ("LM01", "迎薰门", "城门", 1986, 2),
            (pt(242.0, 1500.0), west),
            block(66.0, 20.0),
            gate_tower(),
        ),
        landmark(
            ("LM02", "鼓楼", "文物古迹", 1984, 2),
            (pt(250.0, 1580.0), west),
            block(38.0, 28.0),
            drum_tower(),
        ),
        landmark(
            ("LM03", "钟楼", "文物古迹", 1984, 3),
            (pt(259.0, 1665.0), west),
            block(30.0, 30.0),
            bell_tower(),
        ),
        landmark(
            ("LM04", "凌云阁", "文化", 1998, 4),
            (pt(268.0, 1750.0), west),
            oval(22.0, 22.0, 8),
            pavilion_tower(),
        ),
        landmark(
            ("LM05", "文峰塔", "文物古迹", 1979, 7),
            (pt(578.0, 1345.0), west),
            oval(10.0, 10.0, 8),
            pagoda(),
        ),
        landmark(
            ("LM06", "宿新大剧院", "文化", 2014, 5),
            (pt(428.0, 1545.0), east),
            block(100.0, 84.0),
            opera(),
        ),
        landmark(
            ("LM07", "宿新博物馆", "文化", 2012, 3),
            (pt(540.0, 1500.0), east),
            block(72.0, 76.0),
            museum(),
        ),
        landmark(
            ("LM08", "宿新科技馆", "文化", 2016, 3),
            (pt(545.0, 1600.0), east),
            oval(24.0, 24.0, 32),
            whole(cylinder(22.0, 22.0, Skin::Plaster), modern::dome()),
        ),
        landmark(
            ("LM09", "双璧大厦", "办公", 2021, 46),
            (pt(632.0, 1550.0), east),
            block(84.0, 44.0),
            twin_towers(),
        ),
        landmark(
            ("LM10", "宿新竞技场", "体育", 2018, 4),
            (pt(436.0, 1765.0), east),
            oval(53.5, 45.5, 48),
            whole(modern::ring_block([51.0, 43.0], [30.0, 22.0], 17.0), modern::arena()),
        ),
        landmark(
            ("LM11", "宿新图书馆", "文化", 2013, 4),
            (pt(540.0, 1695.0), east),
            block(60.0, 56.0),
            library(),
        ),
        landmark(
            ("LM12", "宿新电视塔", "广播电视", 2010, 30),
            (pt(548.0, 1785.0), east),
            oval(13.5, 13.5, 24),
            whole(cylinder(7.0, 196.0, Skin::Concrete), modern::television_tower()),
        ),
        landmark(
            ("LM13", "会展中心", "商业", 2017, 2),
            (pt(640.0, 1740.0), east),
            block(76.0, 52.0),
            saw(modern::sawtooth(76.0, 52.0, 6)),
        ),
    ]
}
