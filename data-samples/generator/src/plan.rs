//! The planner's intent: where the city's quarters lie, how its main grid runs, where its river flows.
//!
//! The main grid is drawn by hand in "grid coordinates" (u, v), metres along a regular frame, and then
//! turned and gently bent into local metres, so that nothing in the city is exactly straight or square.

use crate::geom::{Pt, dist_seg, nearest_on, pt, smooth};
use crate::rng::noise;

/// The seed of the committed sample.
pub const SEED: u64 = 0x5EED_2026_0321;
/// Easting of the local origin in the zone with central meridian 117 E (EPSG:4548).
pub const ORIGIN_EAST: f64 = 618_300.0;
/// Northing of the local origin in the same zone.
pub const ORIGIN_NORTH: f64 = 3_760_000.0;
/// The year that the sample calls today.
pub const THIS_YEAR: u16 = 2026;

/// Grid lines that run north-south: u of each, west to east.
pub const U: [f64; 12] = [
    -4300.0, -3550.0, -2800.0, -2050.0, -1300.0, -560.0, 180.0, 930.0, 1720.0, 2560.0, 3400.0,
    4250.0,
];
/// Grid lines that run east-west: v of each, south to north.
pub const V: [f64; 11] =
    [-3900.0, -3150.0, -2420.0, -1650.0, -900.0, -150.0, 620.0, 1400.0, 2180.0, 2950.0, 3750.0];
/// The ring expressway follows these lines: west, east in `U`; south, north in `V`.
pub const RING: ([usize; 2], [usize; 2]) = ([2, 9], [2, 8]);

/// What kind of quarter a cell of the main grid is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Zone {
    /// Farmland with villages.
    Farm,
    /// A wooded hill, a forest park.
    Hill,
    /// Farmland today, housing in the plan; partly under construction.
    Growth,
    /// A wetland park with a lake.
    Wetland,
    /// Housing compounds of the 2000s and 2010s.
    Modern,
    /// Walk-up housing of the 1980s and 1990s.
    Older,
    /// High-rise housing.
    HighRise,
    /// The city park with its lake.
    LakePark,
    /// Shops, offices and flats around the centre.
    Mixed,
    /// The central business district.
    Core,
    /// Government and civic buildings.
    Civic,
    /// Stadium and sports halls.
    Sports,
    /// The old town: lanes and small houses.
    OldTown,
    /// A university campus.
    Campus,
    /// Offices and laboratories in a park.
    Tech,
    /// Factories and warehouses.
    Industry,
}

/// The quarters, seen from above: north at the top, one letter for each cell between two lines of
/// `U` and two of `V`.
const MAP: [&str; 10] = [
    "FFTTFFFFFNF",
    "FFTFNUUHNNF",
    "FNHRRGGSHNF",
    "FNRKcCCcRBF",
    "FFRRcCCcRBF",
    "FFrOOORRRIF",
    "FFrOOrRRHII",
    "FWRrrrRHHII",
    "FFFNRFFFIIF",
    "FFFFFFFFFFF",
];

impl Zone {
    /// Returns the quarter of a grid cell: column `i` lies between `U[i]` and `U[i + 1]`. Outside the
    /// map there is farmland.
    pub fn of_cell(i: i64, j: i64) -> Zone {
        if !(0..11).contains(&i) || !(0..10).contains(&j) {
            return Zone::Farm;
        }
        match MAP[(9 - j) as usize].as_bytes()[i as usize] {
            b'T' => Zone::Hill,
            b'N' => Zone::Growth,
            b'W' => Zone::Wetland,
            b'R' => Zone::Modern,
            b'r' => Zone::Older,
            b'H' => Zone::HighRise,
            b'K' => Zone::LakePark,
            b'c' => Zone::Mixed,
            b'C' => Zone::Core,
            b'G' => Zone::Civic,
            b'S' => Zone::Sports,
            b'O' => Zone::OldTown,
            b'U' => Zone::Campus,
            b'B' => Zone::Tech,
            b'I' => Zone::Industry,
            _ => Zone::Farm,
        }
    }

    /// Returns the quarter at a place in local metres.
    pub fn at(p: Pt) -> Zone {
        let (i, j) = cell(p);
        Zone::of_cell(i, j)
    }

    /// Tells whether the quarter is countryside.
    pub fn rural(self) -> bool {
        matches!(self, Zone::Farm | Zone::Hill | Zone::Wetland)
    }

    /// Tells whether public streets stay out of the quarter.
    pub fn closed(self) -> bool {
        matches!(self, Zone::Campus | Zone::Hill | Zone::LakePark | Zone::Wetland | Zone::Civic)
    }
}

/// How far the main grid is turned against north, in radians (clockwise).
pub const TURN: f64 = -0.095;

/// Converts grid coordinates to local metres.
pub fn to_local(uv: Pt) -> Pt {
    let bend = pt(
        130.0 * noise(11, uv.x / 2700.0, uv.y / 2700.0)
            + 26.0 * noise(12, uv.x / 800.0, uv.y / 800.0),
        130.0 * noise(13, uv.x / 2700.0, uv.y / 2700.0)
            + 26.0 * noise(14, uv.x / 800.0, uv.y / 800.0),
    );
    uv.turn(TURN) + bend
}

/// Converts local metres to grid coordinates, to a decimetre.
pub fn to_grid(p: Pt) -> Pt {
    let mut uv = p.turn(-TURN);
    for _ in 0..12 {
        uv = uv + (p - to_local(uv)).turn(-TURN);
    }
    uv
}

/// Returns the grid cell at a place in local metres.
pub fn cell(p: Pt) -> (i64, i64) {
    let uv = to_grid(p);
    let index = |lines: &[f64], x: f64| lines.iter().filter(|l| **l <= x).count() as i64 - 1;
    (index(&U, uv.x), index(&V, uv.y))
}

/// The district's outline: a ring in local metres, counter-clockwise, a point about every 100 m.
pub fn outline() -> Vec<Pt> {
    let n = 260;
    (0..n)
        .map(|k| {
            let t = std::f64::consts::TAU * f64::from(k) / f64::from(n);
            let (c, s) = (libm::cos(t), libm::sin(t));
            let round = |x: f64| x.signum() * libm::pow(x.abs(), 0.62);
            let wave =
                1.0 + 0.035 * noise(21, 3.0 * c, 3.0 * s) + 0.012 * noise(22, 14.0 * c, 14.0 * s);
            to_local(pt(4760.0 * round(c) * wave - 30.0, 4280.0 * round(s) * wave - 70.0)).cm()
        })
        .collect()
}

/// A watercourse: its centre line and half width at each point.
#[derive(Clone, Debug)]
pub struct Stream {
    /// Centre line in local metres, in the direction of flow.
    pub center: Vec<Pt>,
    /// Half width in metres at each point of the centre line.
    pub half: Vec<f64>,
}

impl Stream {
    /// Returns the signed distance of a place from the centre line (left of the flow is positive),
    /// the half width there and the nearest point of the centre line.
    pub fn measure(&self, p: Pt) -> (f64, f64, Pt) {
        let mut best = (f64::MAX, 0);
        for (i, w) in self.center.windows(2).enumerate() {
            let d = dist_seg(p, w[0], w[1]);
            if d < best.0 {
                best = (d, i);
            }
        }
        let i = best.1;
        let (a, b) = (self.center[i], self.center[i + 1]);
        let (near, t) = nearest_on(p, a, b);
        let side = if (b - a).cross(p - a) >= 0.0 { 1.0 } else { -1.0 };
        (side * best.0, self.half[i] * (1.0 - t) + self.half[i + 1] * t, near)
    }

    /// Draws the line at a distance from the bank: `side` 1 for the left bank, -1 for the right;
    /// `beyond` metres from the water (negative: in it).
    pub fn beside(&self, side: f64, beyond: f64) -> Vec<Pt> {
        let n = self.center.len();
        (0..n)
            .map(|i| {
                let d = (self.center[(i + 1).min(n - 1)] - self.center[i.saturating_sub(1)]).unit();
                (self.center[i] + d.left() * (side * (self.half[i] + beyond))).cm()
            })
            .collect()
    }
}

/// The river: from the north-west, around the old town, to the south-east.
pub fn river() -> Stream {
    let control = [
        (-5900.0, 500.0),
        (-4800.0, 1080.0),
        (-3800.0, 930.0),
        (-2900.0, 330.0),
        (-2150.0, -150.0),
        (-1450.0, 60.0),
        (-700.0, 330.0),
        (0.0, 0.0),
        (650.0, -640.0),
        (1350.0, -1120.0),
        (2150.0, -1130.0),
        (3000.0, -760.0),
        (3800.0, -960.0),
        (4600.0, -1750.0),
        (5900.0, -2300.0),
    ];
    let control: Vec<Pt> = control.iter().map(|c| pt(c.0, c.1)).collect();
    let center: Vec<Pt> = smooth(&control, 45.0).iter().map(|p| p.cm()).collect();
    let half = center.iter().map(|p| 62.0 + 14.0 * noise(31, p.x / 900.0, p.y / 900.0)).collect();
    Stream { center, half }
}

/// The canal: from the north down to the river.
pub fn canal(river: &Stream) -> Stream {
    let mut center = Vec::new();
    for k in 0..120 {
        let v = 4700.0 - 60.0 * f64::from(k);
        let u = 1325.0 + 60.0 * libm::sin(v / 900.0);
        let p = to_local(pt(u, v)).cm();
        center.push(p);
        let (d, _, _) = river.measure(p);
        if d < 0.0 {
            break;
        }
    }
    let half = vec![14.0; center.len()];
    Stream { center, half }
}

/// A smooth closed shore around a middle, for lakes and ponds.
pub fn shore(middle: Pt, rx: f64, ry: f64, angle: f64, seed: u64) -> Vec<Pt> {
    let n = if rx > 80.0 { 56 } else { 14 };
    (0..n)
        .map(|k| {
            let t = std::f64::consts::TAU * f64::from(k) / f64::from(n);
            let (c, s) = (libm::cos(t), libm::sin(t));
            let wave = 1.0
                + 0.2 * noise(seed, 1.7 * c + 5.0, 1.7 * s)
                + 0.06 * noise(seed + 1, 5.0 * c, 5.0 * s);
            (middle + pt(rx * c * wave, ry * s * wave).turn(angle)).cm()
        })
        .collect()
}
