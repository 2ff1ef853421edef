//! Schools, the university, hospitals, government, culture and sport.

use super::draft;
use super::shapes::{block, comb, court, ell, horseshoe, oval};
use super::site::{Draft, Rows, Site};
use crate::geom::{Pt, Ring, centroid, pt, rect};

fn named(
    ring: Ring,
    usage: &'static str,
    floors: u16,
    storey: f64,
    year: u16,
    name: &str,
) -> Draft {
    let mut d = draft(ring, usage, floors, storey, 1.2);
    (d.structure, d.year, d.name) = ("框架", year, name.to_owned());
    d
}

/// A running track: kept free, and drawn as green by whoever asks for it.
fn track(site: &mut Site, scale: f64) -> Option<Ring> {
    let (lo, hi) = site.frame(site.angle);
    let (long, wide) = (176.0 * scale, 92.0 * scale);
    for (fx, fy) in [(0.28, 0.4), (0.72, 0.4), (0.3, 0.5), (0.7, 0.5), (0.5, 0.3), (0.5, 0.5)] {
        let c = pt(lo.x + (hi.x - lo.x) * fx, lo.y + (hi.y - lo.y) * fy).turn(site.angle);
        for upright in [true, false] {
            let angle = site.angle + if upright { std::f64::consts::FRAC_PI_2 } else { 0.0 };
            if site.fits(&rect(c, long, wide, angle), 5.0, 8.0) {
                let round = stadium_shape(long, wide);
                let ring = crate::geom::place(&round, c, angle);
                site.reserve(ring.clone());
                return Some(ring);
            }
        }
    }
    None
}

/// Two straights and two half circles.
fn stadium_shape(long: f64, wide: f64) -> Ring {
    let (r, half) = (wide / 2.0, (long - wide) / 2.0);
    let arc = |from: f64, cx: f64| {
        (0..=8).map(move |k| {
            let t = from + std::f64::consts::PI * f64::from(k) / 8.0;
            pt(cx + r * libm::cos(t), r * libm::sin(t))
        })
    };
    arc(-std::f64::consts::FRAC_PI_2, half).chain(arc(std::f64::consts::FRAC_PI_2, -half)).collect()
}

/// Builds a school. Returns its sports ground.
pub(super) fn school(site: &mut Site, year: u16, secondary: bool) -> Option<Ring> {
    let scale = if secondary { 1.0 } else { 0.74 };
    let angle = site.angle;
    let c = centroid(site.ring);
    let put_near = |site: &mut Site, d: &Draft| -> bool {
        (0..40).any(|k| {
            let r = 9.0 * f64::from(k) / 2.0;
            let t = 2.4 * f64::from(k) + 1.6;
            site.put(d.clone(), c + pt(r * libm::cos(t), r * libm::sin(t)), angle, 8.0, 9.0)
        })
    };
    // On a small site the classrooms come first and the track is shorter.
    let roomy = crate::geom::area(site.ring) > if secondary { 4.2e4 } else { 2.6e4 };
    let mut ground = if roomy { track(site, scale) } else { None };
    let main = if secondary { comb(74.0, 54.0, 12.0) } else { horseshoe(60.0, 44.0, 11.0) };
    if !put_near(site, &named(main, "学校", if secondary { 5 } else { 4 }, 3.8, year, "教学楼"))
    {
        put_near(site, &named(block(52.0, 14.0), "学校", 4, 3.8, year, "教学楼"));
    }
    for k in [0.95, 0.8, 0.65, 0.5, 0.4] {
        ground = ground.or_else(|| track(site, scale * k));
    }
    put_near(site, &named(ell(46.0, 26.0, 12.0, true), "学校", 4, 3.8, year, "综合楼"));
    put_near(site, &named(block(38.0, 24.0), "学校", 2, 6.0, year + 2, "体育馆"));
    put_near(site, &named(block(34.0, 18.0), "学校", 2, 4.2, year, "食堂"));
    if secondary {
        for n in 1..=3 {
            put_near(site, &named(block(48.0, 14.0), "宿舍", 6, 3.4, year, &format!("{n}号宿舍")));
        }
    }
    ground
}

/// Builds a university campus: halls around an axis, dormitories in the west, grounds in the east.
pub(super) fn campus(site: &mut Site, year: u16) -> Vec<Ring> {
    let mut grounds = Vec::new();
    let angle = site.angle;
    let (lo, hi) = site.frame(angle);
    let at =
        |fx: f64, fy: f64| pt(lo.x + (hi.x - lo.x) * fx, lo.y + (hi.y - lo.y) * fy).turn(angle);
    for (fx, fy) in [(0.86, 0.3), (0.86, 0.62)] {
        let ring = crate::geom::place(
            &stadium_shape(176.0, 92.0),
            at(fx, fy),
            angle + std::f64::consts::FRAC_PI_2,
        );
        if site.fits(&ring, 10.0, 10.0) {
            site.reserve(ring.clone());
            grounds.push(ring);
        }
    }
    site.reserve(rect(at(0.47, 0.3), 60.0, (hi.y - lo.y) * 0.45, angle));
    let (outer, hole) = court(96.0, 78.0, 24.0);
    let mut library = named(outer, "学校", 8, 4.6, year, "图书馆");
    library.holes = vec![hole];
    site.put(library, at(0.47, 0.62), angle, 12.0, 16.0);
    let halls = [
        "文学院",
        "理学院",
        "商学院",
        "机电学院",
        "信息学院",
        "土木学院",
        "农学院",
        "医学院",
        "艺术学院",
        "外语学院",
        "法学院",
        "化工学院",
    ];
    let mut n = 0;
    for fy in [0.16, 0.34, 0.52, 0.72, 0.88] {
        for fx in [0.30, 0.40, 0.54, 0.65, 0.74] {
            let ring = match site.rng.int(0, 3) {
                0 => comb(84.0, 58.0, 13.0),
                1 => horseshoe(76.0, 56.0, 14.0),
                2 => ell(80.0, 52.0, 16.0, n % 2 == 0),
                _ => block(78.0, 22.0),
            };
            let name = halls[n % halls.len()];
            let year = year + site.rng.int(0, 12) as u16;
            let floors = site.rng.int(4, 7) as u16;
            if site.put(named(ring, "学校", floors, 4.0, year, name), at(fx, fy), angle, 14.0, 18.0)
            {
                n += 1;
            }
        }
    }
    // Dormitories fill the western quarter and what is left in the north-east.
    let rows = Rows {
        long: (52.0, 66.0),
        depth: 15.0,
        pitch: 36.0,
        gap: 14.0,
        edge: 16.0,
        jitter: 1.0,
        loose: 6.0,
        step: 12.0,
        fill: 0.95,
        stagger: false,
    };
    let ring_west = lo.x + (hi.x - lo.x) * 0.24;
    let before = site.drafts.len();
    site.rows(&rows, &mut |_, w, d| named(block(w, d), "宿舍", 6, 3.4, year, "号学生公寓"));
    let east = lo.x + (hi.x - lo.x) * 0.79;
    let keep = |d: &Draft| {
        let x = centroid(&d.ring).turn(-angle).x;
        x < ring_west || x > east
    };
    let (old, new): (Vec<Draft>, Vec<Draft>) = {
        let tail = site.drafts.split_off(before);
        (std::mem::take(&mut site.drafts), tail.into_iter().filter(keep).collect())
    };
    site.drafts = old;
    site.drafts.extend(new);
    grounds
}

/// Builds a hospital.
pub(super) fn hospital(site: &mut Site, year: u16) {
    let angle = site.angle;
    let (lo, hi) = site.frame(angle);
    let at =
        |fx: f64, fy: f64| pt(lo.x + (hi.x - lo.x) * fx, lo.y + (hi.y - lo.y) * fy).turn(angle);
    let (outer, hole) = court(78.0, 56.0, 18.0);
    let mut front = named(outer, "医院", 5, 4.4, year, "门诊楼");
    front.holes = vec![hole];
    place_near(site, &front, at(0.5, 0.3), angle);
    place_near(
        site,
        &named(block(72.0, 22.0), "医院", 17, 3.9, year + 4, "住院部"),
        at(0.5, 0.68),
        angle,
    );
    place_near(
        site,
        &named(horseshoe(56.0, 40.0, 13.0), "医院", 8, 3.9, year + 2, "医技楼"),
        at(0.25, 0.55),
        angle,
    );
    place_near(
        site,
        &named(block(44.0, 18.0), "医院", 6, 3.8, year, "急诊中心"),
        at(0.78, 0.4),
        angle,
    );
    place_near(
        site,
        &named(block(40.0, 16.0), "医院", 5, 3.6, year, "行政楼"),
        at(0.8, 0.8),
        angle,
    );
}

fn place_near(site: &mut Site, d: &Draft, c: Pt, angle: f64) -> bool {
    (0..60).any(|k| {
        let (r, t) = (4.5 * f64::from(k) / 2.0, 2.4 * f64::from(k));
        site.put(d.clone(), c + pt(r * libm::cos(t), r * libm::sin(t)), angle, 9.0, 11.0)
    })
}

/// Builds government offices: a main building that looks south, wings beside it.
pub(super) fn government(site: &mut Site, year: u16, civic: bool) {
    let angle = site.angle;
    let c = centroid(site.ring);
    let floors = if civic { 14 } else { 5 };
    let (w, d) = if civic { (120.0, 26.0) } else { (52.0, 16.0) };
    place_near(site, &named(block(w, d), "行政办公", floors, 4.0, year, "办公楼"), c, angle);
    for (x, mirror) in [(-0.9, false), (0.9, true)] {
        let ring = ell(w * 0.5, w * 0.4, d * 0.7, mirror);
        let at = c + pt(x * w, -w * 0.28).turn(angle);
        place_near(
            site,
            &named(ring, "行政办公", (floors / 2).max(3), 4.0, year, "附楼"),
            at,
            angle,
        );
    }
    if civic {
        place_near(
            site,
            &named(block(60.0, 40.0), "行政办公", 4, 5.0, year + 3, "会议中心"),
            c + pt(0.0, 120.0).turn(angle),
            angle,
        );
    }
}

/// Builds a museum, library or theatre.
pub(super) fn culture(site: &mut Site, year: u16) {
    let angle = site.angle;
    let c = centroid(site.ring);
    let big = crate::geom::area(site.ring) > 2.5e4;
    let k = if big { 1.0 } else { 0.6 };
    let ring = if site.rng.chance(0.5) {
        oval(110.0 * k, 84.0 * k, 32)
    } else {
        super::shapes::chamfer(96.0 * k, 78.0 * k, 14.0 * k)
    };
    place_near(site, &named(ring, "文化", 4, 6.0, year, "主馆"), c, angle);
    let (outer, hole) = court(64.0 * k, 56.0 * k, 14.0 * k);
    let mut side = named(outer, "文化", 3, 5.0, year + 1, "副馆");
    side.holes = vec![hole];
    place_near(site, &side, c + pt(100.0 * k, 30.0).turn(angle), angle);
}

/// Builds a stadium, or sports halls where it does not fit.
pub(super) fn stadium(site: &mut Site, year: u16) -> Option<Ring> {
    let angle = site.angle;
    let c = centroid(site.ring);
    let mut bowl = named(oval(236.0, 196.0, 48), "体育", 4, 8.5, year, "体育场");
    let mut field = oval(186.0, 132.0, 40);
    field.reverse();
    bowl.holes = vec![field.clone()];
    (bowl.structure, bowl.roof) = ("钢结构", "round");
    let before = site.drafts.len();
    let grand = place_near(site, &bowl, c - pt(60.0, 0.0).turn(angle), angle);
    for (name, w, d, x) in [
        ("体育馆", 108.0, 82.0, 190.0),
        ("游泳馆", 92.0, 62.0, 190.0),
        ("训练馆", 70.0, 44.0, -150.0),
    ] {
        let ring = if w > 100.0 { oval(w, d, 32) } else { block(w, d) };
        let mut hall = named(ring, "体育", 2, 9.0, year + 1, name);
        (hall.structure, hall.roof) = ("钢结构", "round");
        place_near(site, &hall, c + pt(x, 60.0).turn(angle), angle);
    }
    if !grand {
        return None;
    }
    let mut green = site.drafts[before].holes[0].clone();
    green.reverse();
    Some(green)
}

/// A pavilion, a tea house, a lavatory: what stands in a park.
pub(super) fn park(site: &mut Site, year: u16) {
    let n = (crate::geom::area(site.ring) / 9000.0).clamp(1.0, 10.0) as usize;
    let (lo, hi) = site.frame(site.angle);
    for k in 0..n * 2 {
        let at = pt(site.rng.range(lo.x, hi.x), site.rng.range(lo.y, hi.y)).turn(site.angle);
        let (ring, name) = match k % 3 {
            0 => (oval(9.0, 9.0, 8), "亭"),
            1 => (block(16.0, 9.0), "管理用房"),
            _ => (block(11.0, 7.0), "公共厕所"),
        };
        let mut d = named(ring, "公园设施", 1, 3.8, year, name);
        (d.structure, d.roof) = ("框架", "hipped");
        let angle = site.angle;
        site.put(d, at, angle, 8.0, 12.0);
    }
}

/// A bus station: a hall, canopies.
pub(super) fn station(site: &mut Site, year: u16) {
    let (angle, c) = (site.angle, centroid(site.ring));
    place_near(site, &named(block(64.0, 26.0), "交通", 3, 5.0, year, "客运大厅"), c, angle);
    for k in 0..4 {
        let mut d = named(block(70.0, 7.0), "交通", 1, 4.6, year, "站台");
        d.structure = "钢结构";
        place_near(site, &d, c - pt(0.0, 30.0 + 18.0 * f64::from(k)).turn(angle), angle);
    }
}
