//! What each lot is used for: today, in the plan, since when and under which name.

use crate::blocks::{Block, Lot, Side, middle};
use crate::geom::{Pt, Ring, area};
use crate::graph::Class;
use crate::names::Names;
use crate::plan::{THIS_YEAR, Zone, shore};
use crate::rng::{Rng, noise};
use crate::shape::{compactness, oriented_box};

/// The style of a housing compound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Five and six floors, no lift, close rows.
    WalkUp,
    /// Six to eleven floors.
    Slab,
    /// Eighteen to thirty-three floors.
    High,
    /// Terraced and detached houses.
    Villa,
}

/// What stands on a parcel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A housing compound (小区).
    Compound(Style),
    /// Small houses along lanes.
    Lanes,
    /// Towers over podiums.
    Towers,
    /// Offices.
    Office,
    /// A closed block around a courtyard, shops below.
    Perimeter,
    /// A shopping centre.
    Mall,
    /// A covered market.
    Market,
    /// Primary school.
    Primary,
    /// Secondary school.
    Secondary,
    /// University.
    Campus,
    /// Hospital.
    Hospital,
    /// Government.
    Government,
    /// Museum, library, theatre.
    Culture,
    /// Stadium and halls.
    Stadium,
    /// Park.
    Park,
    /// Square.
    Square,
    /// Woodland.
    Forest,
    /// Factory.
    Factory,
    /// Warehouses.
    Warehouse,
    /// Laboratories and offices in green.
    Lab,
    /// Waterworks, sewage works, substation.
    Utility,
    /// Bus station, car park.
    Station,
    /// Village.
    Village,
    /// Field.
    Field,
    /// Orchard.
    Orchard,
    /// Greenhouses.
    Greenhouse,
}

/// The state of a thing: 现状, 在建 or 规划.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// It stands.
    Existing,
    /// It is being built.
    Building,
    /// It is planned.
    Planned,
}

impl State {
    /// Returns the Chinese word that departments write.
    pub fn zh(self) -> &'static str {
        match self {
            State::Existing => "现状",
            State::Building => "在建",
            State::Planned => "规划",
        }
    }

    /// Returns the state that a year of completion means.
    pub fn of_year(year: u16) -> State {
        match year {
            y if y <= THIS_YEAR => State::Existing,
            y if y <= THIS_YEAR + 1 => State::Building,
            _ => State::Planned,
        }
    }
}

/// A parcel.
#[derive(Clone, Debug)]
pub struct Parcel {
    /// Its outline.
    pub ring: Ring,
    /// Water in it.
    pub ponds: Vec<Ring>,
    /// The street along each edge.
    pub sides: Vec<Option<Side>>,
    /// Its quarter.
    pub zone: Zone,
    /// The face of the street graph that it lies in.
    pub face: usize,
    /// What stands on it, or will.
    pub kind: Kind,
    /// Land-use code of today.
    pub now: &'static str,
    /// Land-use code of the plan.
    pub plan: &'static str,
    /// Year that it was built up, or will be.
    pub year: u16,
    /// Name of the compound, school, park; may be empty.
    pub name: String,
    /// Plot ratio that the plan allows.
    pub ratio: f64,
}

/// The land-use code (国土空间调查、规划、用途管制用地用海分类指南, 2023) of a kind.
fn code(kind: Kind) -> &'static str {
    match kind {
        Kind::Compound(_) | Kind::Lanes => "0701",
        Kind::Towers | Kind::Office => "0902",
        Kind::Perimeter | Kind::Mall | Kind::Market => "0901",
        Kind::Primary | Kind::Secondary | Kind::Campus => "0804",
        Kind::Hospital => "0806",
        Kind::Government => "0801",
        Kind::Culture => "0803",
        Kind::Stadium => "0805",
        Kind::Park => "1401",
        Kind::Square => "1403",
        Kind::Forest => "0301",
        Kind::Factory => "1001",
        Kind::Warehouse => "1101",
        Kind::Lab => "0802",
        Kind::Utility => "1303",
        Kind::Station => "1208",
        Kind::Village => "0703",
        Kind::Field => "0101",
        Kind::Orchard => "0201",
        Kind::Greenhouse => "0102",
    }
}

fn ratio(kind: Kind) -> f64 {
    match kind {
        Kind::Compound(Style::High) => 2.6,
        Kind::Compound(Style::Slab) => 1.8,
        Kind::Compound(Style::WalkUp) => 1.5,
        Kind::Compound(Style::Villa) => 0.9,
        Kind::Towers => 5.5,
        Kind::Office | Kind::Perimeter | Kind::Mall => 3.0,
        Kind::Factory | Kind::Warehouse | Kind::Lab => 1.2,
        Kind::Primary | Kind::Secondary | Kind::Campus => 0.8,
        Kind::Hospital | Kind::Government | Kind::Culture | Kind::Market => 1.6,
        _ => 0.0,
    }
}

/// Decides the use of every lot.
pub fn assign(blocks: &[Block], lots: Vec<Lot>, seed: u64) -> Vec<Parcel> {
    let mut out: Vec<Parcel> = Vec::with_capacity(lots.len());
    for (k, lot) in lots.into_iter().enumerate() {
        let block = &blocks[lot.block];
        let mut rng = Rng::stream(seed, "zoning", k as u64);
        let (kind, year) = first_use(block.zone, &lot, &mut rng);
        out.push(Parcel {
            ring: lot.ring,
            ponds: Vec::new(),
            sides: lot.sides,
            zone: block.zone,
            face: block.face,
            kind,
            now: "",
            plan: "",
            year,
            name: String::new(),
            ratio: 0.0,
        });
    }
    special(&mut out);
    spread(&mut out, seed);
    for (k, p) in out.iter_mut().enumerate() {
        let mut rng = Rng::stream(seed, "plan", k as u64);
        finish(p, &mut rng);
    }
    name(&mut out, seed);
    out
}

fn first_use(zone: Zone, lot: &Lot, rng: &mut Rng) -> (Kind, u16) {
    let c = middle(&lot.ring);
    // Districts were built together: the year wavers slowly over the map.
    let wave = noise(71, c.x / 700.0, c.y / 700.0);
    let year = |low: f64, high: f64, rng: &mut Rng| {
        let t = (0.5 + 0.5 * wave + rng.range(-0.14, 0.14)).clamp(0.0, 1.0);
        (low + (high - low) * t) as u16
    };
    let small = area(&lot.ring) < 9000.0;
    use Kind::{
        Compound, Factory, Field, Greenhouse, Lab, Lanes, Mall, Market, Office, Orchard, Park,
        Perimeter, Towers, Warehouse,
    };
    match zone {
        // A village that the town has grown around (城中村).
        Zone::Modern if !small && rng.chance(0.035) => (Lanes, year(1986.0, 2000.0, rng)),
        Zone::Modern => {
            let y = year(1999.0, 2017.0, rng);
            let style = if rng.chance(0.06) {
                Style::Villa
            } else if y > 2012 && rng.chance(0.6) {
                Style::High
            } else {
                Style::Slab
            };
            (if small { Perimeter } else { Compound(style) }, y)
        }
        Zone::HighRise => {
            (if small { Office } else { Compound(Style::High) }, year(2009.0, 2025.0, rng))
        }
        Zone::Older if !small && rng.chance(0.1) => (Lanes, year(1980.0, 1996.0, rng)),
        Zone::Older => {
            (if small { Perimeter } else { Compound(Style::WalkUp) }, year(1979.0, 2000.0, rng))
        }
        Zone::OldTown => match rng.unit() {
            u if u < 0.70 => (Lanes, year(1975.0, 1988.0, rng)),
            u if u < 0.86 => (Compound(Style::WalkUp), year(1978.0, 1994.0, rng)),
            u if u < 0.95 => (Perimeter, year(1988.0, 2008.0, rng)),
            _ => (Market, year(1990.0, 2006.0, rng)),
        },
        Zone::Mixed => {
            let kind = rng.weighted(&[
                (Compound(Style::WalkUp), 0.24),
                (Compound(Style::Slab), 0.2),
                (Perimeter, 0.3),
                (Office, 0.16),
                (Mall, 0.1),
            ]);
            (kind, year(1988.0, 2018.0, rng))
        }
        Zone::Core => {
            let kind = rng.weighted(&[
                (Towers, 0.5),
                (Mall, 0.14),
                (Perimeter, 0.16),
                (Office, 0.12),
                (Compound(Style::High), 0.08),
            ]);
            (kind, year(2003.0, 2026.0, rng))
        }
        Zone::Civic => (Kind::Government, year(2006.0, 2014.0, rng)),
        Zone::Sports => (Kind::Stadium, 2018),
        Zone::Campus => (Kind::Campus, 2006),
        Zone::Tech => {
            let kind = rng.weighted(&[(Lab, 0.72), (Compound(Style::High), 0.18), (Park, 0.1)]);
            (kind, year(2012.0, 2026.0, rng))
        }
        Zone::Industry => {
            let kind = rng.weighted(&[(Factory, 0.76), (Warehouse, 0.2), (Kind::Utility, 0.04)]);
            (kind, year(2001.0, 2024.0, rng))
        }
        Zone::Growth => {
            let kind = rng.weighted(&[
                (Compound(Style::High), 0.62),
                (Compound(Style::Slab), 0.2),
                (Park, 0.08),
                (Mall, 0.05),
                (Office, 0.05),
            ]);
            (kind, 2025 + rng.int(0, 5) as u16)
        }
        Zone::Hill => (Kind::Forest, 1998),
        Zone::LakePark | Zone::Wetland => (Park, 2003),
        Zone::Farm => {
            let kind = rng.weighted(&[(Field, 0.9), (Orchard, 0.055), (Greenhouse, 0.045)]);
            (kind, 1975)
        }
    }
}

/// The places that are set by hand: the square and halls on the civic axis, and the like.
fn special(parcels: &mut [Parcel]) {
    let mut nth_civic = 0;
    let mut sports = Vec::new();
    for (k, p) in parcels.iter_mut().enumerate() {
        match p.zone {
            Zone::Civic => {
                let c = crate::plan::to_grid(middle(&p.ring));
                p.kind = match (c.x - 180.0).abs() {
                    d if d < 260.0 && c.y < 1720.0 => Kind::Square,
                    d if d < 330.0 => Kind::Government,
                    _ => {
                        nth_civic += 1;
                        if nth_civic % 2 == 0 { Kind::Government } else { Kind::Culture }
                    }
                };
            }
            Zone::Sports => sports.push((area(&p.ring), k)),
            _ => {}
        }
    }
    sports.sort_by(|a, b| b.0.total_cmp(&a.0));
    for (rank, (_, k)) in sports.into_iter().enumerate() {
        parcels[k].kind = match rank {
            0 | 1 => Kind::Stadium,
            2 => Kind::Park,
            _ => Kind::Compound(Style::High),
        };
        if rank > 2 {
            parcels[k].year = 2017;
        }
    }
}

/// Spreads what every neighbourhood needs: at least so far apart, on lots of the right size.
fn spread(parcels: &mut [Parcel], seed: u64) {
    struct Wish {
        kind: Kind,
        hectares: (f64, f64),
        apart: f64,
        most: usize,
        among: &'static [Zone],
    }
    use Zone::{Core, Farm, Growth, HighRise, Industry, Mixed, Modern, OldTown, Older, Tech};
    const TOWN: &[Zone] = &[Modern, HighRise, Older, Mixed, OldTown, Growth];
    let wishes = [
        Wish {
            kind: Kind::Hospital,
            hectares: (2.2, 6.0),
            apart: 2000.0,
            most: 6,
            among: &[Modern, HighRise, Older, Mixed],
        },
        Wish { kind: Kind::Secondary, hectares: (2.8, 6.5), apart: 1350.0, most: 12, among: TOWN },
        Wish { kind: Kind::Primary, hectares: (1.3, 4.6), apart: 820.0, most: 34, among: TOWN },
        Wish {
            kind: Kind::Park,
            hectares: (0.7, 5.0),
            apart: 720.0,
            most: 40,
            among: &[Modern, HighRise, Older, Mixed, OldTown, Core, Growth],
        },
        Wish {
            kind: Kind::Market,
            hectares: (0.7, 3.2),
            apart: 1200.0,
            most: 14,
            among: &[Modern, Older, OldTown, HighRise],
        },
        Wish {
            kind: Kind::Station,
            hectares: (1.0, 4.0),
            apart: 2600.0,
            most: 4,
            among: &[Mixed, Older, Industry, Tech],
        },
        Wish {
            kind: Kind::Government,
            hectares: (0.8, 2.6),
            apart: 1500.0,
            most: 9,
            among: &[Modern, Older, OldTown, Mixed],
        },
        Wish {
            kind: Kind::Culture,
            hectares: (1.0, 3.2),
            apart: 2500.0,
            most: 3,
            among: &[OldTown, Mixed],
        },
        Wish {
            kind: Kind::Utility,
            hectares: (1.0, 6.0),
            apart: 2600.0,
            most: 4,
            among: &[Industry, Older, Modern],
        },
        Wish { kind: Kind::Village, hectares: (2.4, 8.5), apart: 390.0, most: 92, among: &[Farm] },
    ];
    let mut order: Vec<(u64, usize)> =
        (0..parcels.len()).map(|k| (Rng::stream(seed, "spread", k as u64).bits(), k)).collect();
    order.sort_unstable();
    let mut taken = vec![false; parcels.len()];
    for wish in wishes {
        let mut chosen: Vec<Pt> = Vec::new();
        for &(_, k) in &order {
            let p = &parcels[k];
            let ha = area(&p.ring) / 1.0e4;
            let fine = !taken[k]
                && chosen.len() < wish.most
                && wish.among.contains(&p.zone)
                && (wish.hectares.0..wish.hectares.1).contains(&ha)
                && compactness(&p.ring) > 0.5;
            if !fine {
                continue;
            }
            let (_, _, long, wide) = oriented_box(&p.ring);
            if long > 2.4 * wide && wish.kind != Kind::Village {
                continue;
            }
            let c = middle(&p.ring);
            if chosen.iter().any(|q| (*q - c).len() < wish.apart) {
                continue;
            }
            chosen.push(c);
            taken[k] = true;
            parcels[k].kind = wish.kind;
            if wish.kind == Kind::Hospital {
                parcels[k].year = parcels[k].year.max(1996);
            }
        }
    }
}

fn finish(p: &mut Parcel, rng: &mut Rng) {
    p.plan = code(p.kind);
    p.now = p.plan;
    p.ratio = ratio(p.kind);
    if p.year > THIS_YEAR + 1 {
        p.now = if rng.chance(0.8) { "0101" } else { "0103" };
    }
    match (p.kind, p.zone) {
        (Kind::Field, _) => {
            p.now = if noise(81, p.ring[0].x / 900.0, p.ring[0].y / 900.0) > 0.35 {
                "0103"
            } else {
                "0101"
            };
            p.plan = p.now;
            // The town grows along its fringe.
            let c = crate::plan::to_grid(middle(&p.ring));
            if (-3650.0..3500.0).contains(&c.x)
                && (-3000.0..3050.0).contains(&c.y)
                && rng.chance(0.55)
            {
                p.plan = if c.x > 1700.0 { "1001" } else { "0701" };
                p.ratio = 1.6;
            }
        }
        (Kind::Lanes, _) if rng.chance(0.12) => p.plan = "0901",
        (Kind::Compound(Style::WalkUp), Zone::Mixed | Zone::OldTown) if rng.chance(0.2) => {
            p.plan = "0902";
        }
        (Kind::Village, _) => {
            let c = crate::plan::to_grid(middle(&p.ring));
            if (-3600.0..3600.0).contains(&c.x) && (-2900.0..3000.0).contains(&c.y) {
                p.plan = "0701";
                p.ratio = 1.8;
            }
        }
        (Kind::Greenhouse, _) => p.plan = "0102",
        _ => {}
    }
    ponds(p, rng);
}

fn ponds(p: &mut Parcel, rng: &mut Rng) {
    let c = middle(&p.ring);
    let room = crate::geom::dist_ring(c, &p.ring);
    let pond = match (p.kind, p.zone) {
        (Kind::Park, Zone::LakePark) => Some((room * 0.78, room * 0.58)),
        (Kind::Park, Zone::Wetland) => Some((room * 0.8, room * 0.7)),
        (Kind::Campus, _) => Some((room * 0.2, room * 0.13)),
        (Kind::Forest, _) => Some((room * 0.3, room * 0.2)),
        (Kind::Park, _) if room > 45.0 && rng.chance(0.6) => Some((room * 0.45, room * 0.3)),
        (Kind::Field, _) if room > 60.0 && rng.chance(0.12) => {
            Some((rng.range(18.0, 34.0), rng.range(13.0, 22.0)))
        }
        (Kind::Village, _) if room > 60.0 && rng.chance(0.45) => {
            Some((rng.range(18.0, 30.0), rng.range(10.0, 16.0)))
        }
        _ => None,
    };
    if let Some((rx, ry)) = pond {
        let angle = rng.range(-0.6, 0.6);
        let off = if p.kind == Kind::Campus {
            Pt { x: room * 0.35, y: room * 0.15 }
        } else {
            Pt { x: 0.0, y: 0.0 }
        };
        let ring = shore(c + off, rx, ry, angle, 400 + rng.int(0, 999) as u64);
        if crate::geom::is_simple(&ring) && ring.iter().all(|q| crate::geom::contains(&p.ring, *q))
        {
            p.ponds.push(ring);
        }
    }
}

fn name(parcels: &mut [Parcel], seed: u64) {
    let mut names = Names::new(seed ^ 0x1111);
    let (mut primary, mut secondary, mut hospital, mut stations, mut halls) = (0, 0, 0, 0, 0);
    const HALLS: [&str; 8] = [
        "老城文化馆",
        "博物馆",
        "图书馆",
        "大剧院",
        "美术馆",
        "科技馆",
        "规划展示馆",
        "群众艺术馆",
    ];
    const HOSPITALS: [&str; 6] =
        ["人民医院", "中医院", "第一医院", "妇幼保健院", "儿童医院", "第二人民医院"];
    const MIDDLE: [&str; 12] = [
        "第一中学",
        "实验中学",
        "第二中学",
        "外国语学校",
        "第三中学",
        "高级中学",
        "第四中学",
        "职业技术学校",
        "第五中学",
        "滨河中学",
        "第六中学",
        "育才中学",
    ];
    for p in parcels.iter_mut() {
        p.name = match p.kind {
            Kind::Compound(_) => names.estate(p.year),
            Kind::Primary => {
                primary += 1;
                match primary {
                    1 => "宿豫新城实验小学".to_owned(),
                    n if n % 5 == 0 => format!("宿豫新城第{}小学", n / 5),
                    _ => format!("{}小学", names.quarter().zh),
                }
            }
            Kind::Secondary => {
                secondary += 1;
                format!("宿豫新城{}", MIDDLE[(secondary - 1) % MIDDLE.len()])
            }
            Kind::Hospital => {
                hospital += 1;
                format!("宿豫新城{}", HOSPITALS[(hospital - 1) % HOSPITALS.len()])
            }
            Kind::Campus => "宿新大学".to_owned(),
            Kind::Park => match p.zone {
                Zone::LakePark => "镜湖公园".to_owned(),
                Zone::Wetland => "南湖湿地公园".to_owned(),
                _ => format!("{}公园", names.quarter().zh),
            },
            Kind::Forest => "望湖山森林公园".to_owned(),
            Kind::Square => "市民广场".to_owned(),
            Kind::Stadium => "宿新体育中心".to_owned(),
            Kind::Market => format!("{}农贸市场", names.quarter().zh),
            Kind::Mall => format!("{}购物中心", names.quarter().zh),
            Kind::Towers => format!("{}中心", names.quarter().zh),
            Kind::Office => format!("{}大厦", names.quarter().zh),
            Kind::Factory => format!("{}有限公司", names.firm()),
            Kind::Warehouse => format!("{}物流园", names.quarter().zh),
            Kind::Lab => format!("{}产业园", names.firm()),
            Kind::Village => names.village().zh,
            Kind::Station => {
                stations += 1;
                ["客运总站", "公交城东首末站", "公交城西首末站", "公交开发区首末站"]
                    [(stations - 1) % 4]
                    .to_owned()
            }
            Kind::Culture => {
                halls += 1;
                HALLS[(halls - 1) % HALLS.len()].to_owned()
            }
            Kind::Government if p.zone == Zone::Civic => "市民服务中心".to_owned(),
            Kind::Government => format!("{}便民服务中心", names.quarter().zh),
            _ => String::new(),
        };
    }
}

/// The widest street along a parcel.
pub fn main_side(p: &Parcel) -> Option<Side> {
    p.sides
        .iter()
        .flatten()
        .filter(|s| s.class != Class::Track && s.class != Class::Expressway)
        .min_by_key(|s| s.class)
        .copied()
}
