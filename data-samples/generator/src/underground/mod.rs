//! What lies below the streets of the centre: water, sewers, gas, heat, power, telecom.
//!
//! Pipes are laid in the order in which they may not yield (GB 50289-2016, 3.0.4): sewers first, since water
//! falls; then heat, water, gas, power, telecom. Each later pipe dips under or rises over what it crosses
//! ([`lay`]). Every network is what a survey would have met: points, and straight links from point to point.
//!
//! ```text
//! streets   which streets of the centre, the line of each pipe beside the kerb, where lines meet
//! lay       a pipe along a line: points, depth, ways around what is there
//! mains     one network along all streets that carry it
//! drains    where sewers lead
//! sewers    foul and storm sewers, by gravity
//! pressure  water, gas, heat
//! cables    power, street lights, telecom
//! breaches  pipes that lie too near to each other on purpose
//! tidy      pipes that leave a point side by side are spread
//! crossings where pipes cross, and how far apart
//! survey    what surveyors call things: 特征, 附属物, codes
//! ```

mod breaches;
mod cables;
mod crossings;
mod drains;
mod lay;
mod mains;
mod pressure;
mod sewers;
mod streets;
pub mod survey;
mod tidy;

use crate::city::City;
use crate::geom::Pt;
pub use breaches::Breach;
pub use crossings::{Crossing, crossings};
use lay::Placed;
use streets::Streets;

/// A network of pipes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum System {
    /// Drinking water (给水, 配水).
    Water,
    /// Foul sewers (污水).
    Foul,
    /// Storm sewers (雨水).
    Storm,
    /// Natural gas, medium pressure A (天然气).
    Gas,
    /// Hot water, supply and return (热水).
    Heat,
    /// Power ducts, 10 kV (供电).
    Power,
    /// Cables of street lights (路灯).
    Light,
    /// Telecom ducts (信息网络).
    Telecom,
}

impl System {
    /// All systems.
    pub const ALL: [System; 8] = [
        System::Water,
        System::Foul,
        System::Storm,
        System::Gas,
        System::Heat,
        System::Power,
        System::Light,
        System::Telecom,
    ];

    /// Tells whether it falls, so that the surveyed height is that of the inner bottom.
    pub fn falls(self) -> bool {
        matches!(self, System::Foul | System::Storm)
    }

    /// Code of the subclass in CJJ 61-2017, appendix B.
    pub fn code(self) -> &'static str {
        match self {
            System::Water => "JP",
            System::Foul => "WS",
            System::Storm => "YS",
            System::Gas => "TR",
            System::Heat => "RS",
            System::Power => "GD",
            System::Light => "LD",
            System::Telecom => "XX",
        }
    }

    /// Letters before the number of a survey point.
    pub fn prefix(self) -> &'static str {
        match self {
            System::Water => "JS",
            other => other.code(),
        }
    }

    /// Who owns it.
    pub fn owner(self) -> &'static str {
        match self {
            System::Water => "新城自来水公司",
            System::Foul | System::Storm => "新城排水管理处",
            System::Gas => "新城燃气公司",
            System::Heat => "新城热力公司",
            System::Power => "新城供电公司",
            System::Light => "新城路灯管理所",
            System::Telecom => "新城通信公司",
        }
    }
}

/// Inner section of a link, in millimetres.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    /// A round pipe of an inner diameter.
    Round(u16),
    /// A rectangular channel: width, height.
    Box(u16, u16),
    /// A bank of ducts: columns, rows.
    Ducts(u16, u16),
}

/// Room that one hole of a bank of ducts takes, in millimetres.
const HOLE: u16 = 160;

impl Section {
    /// Width and height inside in metres; of a bank of ducts: outside.
    pub fn size(self) -> (f64, f64) {
        let metres = |mm: u16| f64::from(mm) / 1000.0;
        match self {
            Section::Round(d) => (metres(d), metres(d)),
            Section::Box(w, h) => (metres(w), metres(h)),
            Section::Ducts(columns, rows) => (metres(columns * HOLE), metres(rows * HOLE)),
        }
    }

    /// Height outside in metres.
    fn outside(self) -> f64 {
        match self {
            Section::Round(d) => f64::from(d) * 1.08 / 1000.0,
            Section::Box(_, h) => f64::from(h) / 1000.0 + 0.4,
            Section::Ducts(..) => self.size().1,
        }
    }
}

/// A point of a survey.
#[derive(Clone, Debug)]
pub struct Node {
    /// Survey number (物探点号).
    pub code: String,
    /// Where it lies, in local metres on whole centimetres.
    pub at: Pt,
    /// Height of the ground in centimetres.
    pub ground: i64,
    /// Height of the outer top of the pipe here in centimetres; of sewers: of the manhole's bottom.
    pub level: i64,
    /// What stands here (附属物), or nothing.
    pub thing: &'static str,
    /// Whether people or hands reach into a chamber here, so that it has a depth.
    pub chamber: bool,
    /// Street it lies in.
    pub street: String,
    /// Remark.
    pub note: String,
}

/// A straight piece of pipe between two points.
#[derive(Clone, Debug)]
pub struct Link {
    /// Point at its start; water in sewers leaves here.
    pub from: usize,
    /// Point at its end.
    pub to: usize,
    /// Inner section.
    pub section: Section,
    /// Height at the start in centimetres: of the inner bottom of sewers, else of the outer top.
    pub start: i64,
    /// Height at the end in centimetres.
    pub end: i64,
    /// Material by its Chinese name.
    pub material: &'static str,
    /// How it is laid, by the code of CJJ 61-2017, C.0.2.
    pub laying: &'static str,
    /// Year of building.
    pub year: u16,
    /// Street it lies in.
    pub street: String,
    /// Holes in use, and cables in them.
    pub cables: (u16, u16),
    /// Supply (0) or return (1) of the heating.
    pub part: u8,
}

/// A network.
#[derive(Clone, Debug)]
pub struct Net {
    /// What flows in it.
    pub system: System,
    /// Points.
    pub nodes: Vec<Node>,
    /// Pieces of pipe.
    pub links: Vec<Link>,
}

impl Net {
    fn new(system: System) -> Self {
        Self { system, nodes: Vec::new(), links: Vec::new() }
    }

    /// Counts the links at each node.
    pub fn degrees(&self) -> Vec<usize> {
        let mut out = vec![0; self.nodes.len()];
        for link in &self.links {
            out[link.from] += 1;
            out[link.to] += 1;
        }
        out
    }

    /// Length of a link on the map in metres.
    pub fn length(&self, link: &Link) -> f64 {
        (self.nodes[link.to].at - self.nodes[link.from].at).len()
    }
}

/// The networks of the centre.
#[derive(Clone, Debug)]
pub struct Underground {
    /// One network for each of [`System::ALL`].
    pub nets: Vec<Net>,
    /// Pipes that lie too near to each other on purpose.
    pub breaches: Vec<Breach>,
}

impl Underground {
    /// Lays the networks of a city.
    pub fn build(city: &City) -> Underground {
        let streets = Streets::of(city);
        let mut placed = Placed::default();
        let (foul, storm) = sewers::build(city, &streets, &mut placed);
        let heat = pressure::heat(city, &streets, &mut placed);
        let water = pressure::water(city, &streets, &mut placed);
        let gas = pressure::gas(city, &streets, &mut placed);
        let power = cables::power(city, &streets, &mut placed);
        let light = cables::light(city, &streets, &mut placed);
        let telecom = cables::telecom(city, &streets, &mut placed);
        let mut nets = vec![water, foul, storm, gas, heat, power, light, telecom];
        for net in &mut nets {
            tidy::spread(net);
        }
        let breaches = breaches::make(&mut nets);
        for net in &mut nets {
            for (k, node) in net.nodes.iter_mut().enumerate() {
                node.code = format!("{}{:05}", net.system.prefix(), k + 1);
            }
        }
        Underground { nets, breaches }
    }

    /// Returns the network of a system.
    pub fn net(&self, system: System) -> &Net {
        &self.nets[system as usize]
    }
}

/// Rounds metres to whole centimetres.
fn cm(metres: f64) -> i64 {
    (metres * 100.0).round() as i64
}

/// Metres of centimetres.
pub fn metres(cm: i64) -> f64 {
    cm as f64 / 100.0
}
