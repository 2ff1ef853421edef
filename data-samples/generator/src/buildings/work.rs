//! Where people work and shop: towers, offices, perimeter blocks, malls, factories, farms.

use super::shapes::{block, chamfer, comb, ell, horseshoe, oval};
use super::site::{Frontage, Rows, Site};
use super::{draft, shops};
use crate::geom::{Pt, area, bounds, centroid, pt};
use crate::graph::Class;
use crate::shape::{clear_of_edges, inset};

/// Divides a site into cells of about `size` metres and calls `build` with each centre, width and depth.
fn cells(site: &mut Site, size: f64, edge: f64, build: &mut dyn FnMut(&mut Site, Pt, f64, f64)) {
    let angle = site.angle;
    let (lo, hi) = site.frame(angle);
    let (w, d) = (hi.x - lo.x - 2.0 * edge, hi.y - lo.y - 2.0 * edge);
    let (nx, ny) = ((w / size).round().max(1.0), (d / size).round().max(1.0));
    for j in 0..ny as usize {
        for i in 0..nx as usize {
            let c = pt(
                lo.x + edge + w / nx * (i as f64 + 0.5),
                lo.y + edge + d / ny * (j as f64 + 0.5),
            );
            build(site, c.turn(angle), w / nx, d / ny);
        }
    }
}

/// Builds high towers beside podiums. `grand` in `[0, 1]` says how central the place is.
pub(super) fn towers(site: &mut Site, year: u16, grand: f64) {
    cells(site, 74.0, 8.0, &mut |site, c, w, d| {
        let angle = site.angle;
        let side = site.rng.range(30.0, 42.0);
        let floors = (18.0 + 26.0 * grand * site.rng.range(0.5, 1.5) + site.rng.range(0.0, 10.0))
            .min(66.0) as u16;
        let at = c + pt(site.rng.range(-0.1, 0.1) * w, d * 0.16).turn(angle);
        let ring = match site.rng.unit() {
            u if u < 0.45 => block(side, side * site.rng.range(0.8, 1.0)),
            u if u < 0.8 => chamfer(side, side * 0.95, side * site.rng.range(0.12, 0.26)),
            _ => oval(side + 4.0, side, 20),
        };
        let usage = site.rng.weighted(&[("办公", 0.62), ("酒店", 0.14), ("公寓", 0.24)]);
        let mut tower = draft(ring, usage, floors, 4.0, 6.0);
        (tower.structure, tower.year) = ("框架-核心筒", year + site.rng.int(0, 2) as u16);
        let letter = char::from(b'A' + (site.drafts.len() / 2 % 26) as u8);
        tower.name = format!("{letter}座");
        if !site.put(tower, at, angle, 9.0, 14.0) {
            return;
        }
        // The podium lies to the south of its tower.
        let deep = (d * 0.28).clamp(13.0, 24.0);
        for long in [w - 12.0, w - 26.0, 30.0] {
            let mut podium = draft(block(long, deep), "商业", site.rng.int(3, 6) as u16, 5.0, 1.5);
            (podium.structure, podium.year) = ("框架", year + 1);
            let below = at - pt(0.0, side / 2.0 + deep / 2.0 + 3.0).turn(angle);
            if site.put(podium, below, angle, 5.0, 2.5) {
                break;
            }
        }
    });
}

/// Builds offices of middle height.
pub(super) fn offices(site: &mut Site, year: u16) {
    cells(site, 62.0, 7.0, &mut |site, c, w, d| {
        let angle = site.angle;
        let (long, deep) = ((w - site.rng.range(16.0, 24.0)).min(58.0), (d - 24.0).min(34.0));
        if long < 16.0 || deep < 12.0 {
            return;
        }
        let ring = match site.rng.unit() {
            u if u < 0.3 => ell(long, deep, 14.0_f64.min(deep * 0.6), site.rng.chance(0.5)),
            u if u < 0.45 && deep > 26.0 => horseshoe(long, deep, 12.0),
            _ => block(long, deep.min(20.0)),
        };
        let floors = site.rng.int(6, 19) as u16;
        let mut d = draft(ring, "办公", floors, 3.7, 2.0);
        (d.structure, d.year) = ("框架", year + site.rng.int(0, 3) as u16);
        site.put(d, c, angle, 6.0, 8.0);
    });
}

/// Builds a closed block: one ring of building around a courtyard, or lined streets where the
/// block is no good for it.
pub(super) fn perimeter(site: &mut Site, year: u16) {
    let ring = site.ring.to_vec();
    let flat = |d: f64| vec![d; ring.len()];
    let (floors, usage) =
        (site.rng.int(4, 8) as u16, if site.rng.chance(0.7) { "商住" } else { "商业" });
    let deep = site.rng.range(13.0, 16.0);
    if area(&ring) < 2.2e4
        && let (Some(outer), Some(inner)) =
            (inset(&ring, &flat(5.0)), inset(&ring, &flat(5.0 + deep)))
    {
        let (outer, mut hole) = (crate::shape::dedupe(&outer), crate::shape::dedupe(&inner));
        if outer.len() < 16 && area(&hole) > 500.0 && clear_of_edges(&hole, &outer, 9.0) {
            hole.reverse();
            let mut d = draft(outer, usage, floors, 3.4, 2.0);
            (d.holes, d.structure, d.year) = (vec![hole.clone()], "框架", year);
            site.drafts.push(d);
            courtyard(site, &hole, year);
            return;
        }
    }
    let front = Frontage {
        class: Class::Residential,
        long: (26.0, 62.0),
        depth: (13.0, 16.0),
        setback: 5.0,
        gap: 4.0,
        corner: 6.0,
        fill: 0.95,
    };
    site.frontage(&front, &mut |rng| {
        let mut d =
            draft(Vec::new(), usage, (i64::from(floors) + rng.int(-2, 2)).max(3) as u16, 3.4, 2.0);
        (d.structure, d.year) = ("框架", year);
        d
    });
    super::housing::compound(site, crate::zoning::Style::WalkUp, year.min(2004), false);
}

/// A low building in the middle of a courtyard. `hole` is clockwise.
fn courtyard(site: &mut Site, hole: &[Pt], year: u16) {
    let (lo, hi) = bounds(hole);
    if (hi.x - lo.x).min(hi.y - lo.y) < 55.0 {
        return;
    }
    let ring = crate::geom::place(&block(22.0, 14.0), centroid(hole), site.angle);
    let inside =
        ring.iter().all(|p| crate::geom::contains(hole, *p)) && clear_of_edges(&ring, hole, 10.0);
    if inside {
        let mut d = draft(ring, "商业", 2, 4.2, 1.0);
        (d.structure, d.year) = ("框架", year);
        site.drafts.push(d);
    }
}

/// Builds a shopping centre with a tower or two.
pub(super) fn mall(site: &mut Site, year: u16) {
    let (lo, hi) = site.frame(site.angle);
    let middle = centroid(site.ring);
    let (w, d) = (hi.x - lo.x, hi.y - lo.y);
    for share in [0.74, 0.64, 0.54, 0.44, 0.34] {
        let (long, deep) = ((w * share).min(170.0), (d * share).min(110.0));
        let mut big = if site.rng.chance(0.35) && long > 70.0 && deep > 70.0 {
            let (outer, hole) = super::shapes::court(long, deep, 26.0);
            let mut b = draft(outer, "商业", site.rng.int(4, 6) as u16, 5.2, 2.0);
            b.holes = vec![hole];
            b
        } else {
            draft(chamfer(long, deep, 9.0), "商业", site.rng.int(4, 7) as u16, 5.2, 2.0)
        };
        (big.structure, big.year) = ("框架", year);
        let angle = site.angle;
        if site.put(big, middle, angle, 6.0, 6.0) {
            break;
        }
    }
    let front = Frontage {
        class: Class::Residential,
        long: (24.0, 40.0),
        depth: (13.0, 17.0),
        setback: 4.0,
        gap: 9.0,
        corner: 12.0,
        fill: 0.6,
    };
    shops(site, &front, (3, 6), year);
}

/// Builds a covered market with stalls around it.
pub(super) fn market(site: &mut Site, year: u16) {
    let (lo, hi) = site.frame(site.angle);
    let (w, d) = (hi.x - lo.x, hi.y - lo.y);
    let (angle, middle) = (site.angle, centroid(site.ring));
    for share in [0.55, 0.45, 0.35, 0.25] {
        let mut hall =
            draft(block((w * share).min(90.0), (d * share).min(54.0)), "商业", 2, 5.0, 1.0);
        (hall.structure, hall.roof, hall.year, hall.name) =
            ("钢结构", "gabled", year, "交易大厅".to_owned());
        if site.put(hall, middle, angle, 12.0, 8.0) {
            break;
        }
    }
    let front = Frontage {
        class: Class::Lane,
        long: (18.0, 44.0),
        depth: (8.0, 10.0),
        setback: 2.5,
        gap: 3.0,
        corner: 7.0,
        fill: 0.9,
    };
    shops(site, &front, (1, 3), year);
}

/// Builds a factory: an office at the gate, sheds behind, a dormitory.
pub(super) fn factory(site: &mut Site, year: u16, store: bool) {
    let front = Frontage {
        class: Class::Primary,
        long: (40.0, 60.0),
        depth: (14.0, 17.0),
        setback: 14.0,
        gap: 30.0,
        corner: 30.0,
        fill: 0.5,
    };
    let front = Frontage { class: Class::Tertiary, ..front };
    let mut offices = 0;
    site.frontage(&front, &mut |rng| {
        offices += 1;
        let mut d = draft(
            Vec::new(),
            if offices % 3 == 0 { "宿舍" } else { "办公" },
            rng.int(3, 6) as u16,
            3.6,
            1.2,
        );
        (d.structure, d.year) = ("框架", year);
        d
    });
    let deep = *site.rng.pick(&[36.0, 48.0, 60.0]);
    let long = if store { (70.0, 130.0) } else { (60.0, 150.0) };
    let rows = Rows {
        long,
        depth: deep,
        pitch: deep + 18.0,
        gap: 16.0,
        edge: 10.0,
        jitter: 1.0,
        loose: 6.0,
        step: 9.0,
        fill: 0.94,
        stagger: false,
    };
    site.rows(&rows, &mut |rng, w, d| {
        let floors = if !store && rng.chance(0.3) { 3 } else { 1 };
        let ring = if !store && w > 90.0 && rng.chance(0.25) {
            ell(w, d, d * 0.55, rng.chance(0.5))
        } else {
            block(w, d)
        };
        let mut out = draft(
            ring,
            if store { "仓储" } else { "工业" },
            floors,
            if floors == 1 { 9.5 } else { 5.4 },
            1.5,
        );
        (out.structure, out.roof) = ("钢结构", if floors == 1 { "gabled" } else { "flat" });
        out.year = year + rng.int(0, 3) as u16;
        out.name = String::from(if store { "号库" } else { "号厂房" });
        out
    });
    let small = Rows {
        long: (24.0, 48.0),
        depth: 18.0,
        pitch: 30.0,
        gap: 10.0,
        edge: 9.0,
        jitter: 1.0,
        loose: 4.0,
        step: 8.0,
        fill: 0.4,
        stagger: true,
    };
    site.rows(&small, &mut |_, w, d| {
        let mut out = draft(block(w, d), if store { "仓储" } else { "工业" }, 1, 7.0, 1.0);
        (out.structure, out.roof, out.year) = ("钢结构", "gabled", year);
        out
    });
}

/// Builds laboratories and offices with green between them.
pub(super) fn labs(site: &mut Site, year: u16) {
    cells(site, 78.0, 9.0, &mut |site, c, w, d| {
        let angle = site.angle;
        let (long, deep) = ((w - 24.0).min(66.0), (d - 26.0).min(46.0));
        if long < 24.0 || deep < 16.0 {
            return;
        }
        let ring = match site.rng.unit() {
            u if u < 0.25 => ell(long, deep, 16.0_f64.min(deep * 0.5), site.rng.chance(0.5)),
            u if u < 0.45 && deep > 34.0 => horseshoe(long, deep, 13.0),
            u if u < 0.55 && deep > 36.0 && long > 54.0 => comb(long, deep, 11.0),
            _ => block(long, deep.min(22.0)),
        };
        let mut d = draft(
            ring,
            if site.rng.chance(0.6) { "科研" } else { "办公" },
            site.rng.int(4, 14) as u16,
            4.0,
            2.0,
        );
        (d.structure, d.year) = ("框架", year + site.rng.int(0, 2) as u16);
        site.put(d, c, angle, 8.0, 12.0);
    });
}

/// Builds waterworks and substations: round tanks and small halls.
pub(super) fn utility(site: &mut Site, year: u16) {
    cells(site, 46.0, 12.0, &mut |site, c, _, _| {
        let angle = site.angle;
        let tank = site.rng.chance(0.45);
        let ring = if tank { oval(28.0, 28.0, 20) } else { block(30.0, 18.0) };
        let mut d = draft(ring, "公用设施", 1, if tank { 4.0 } else { 8.0 }, 0.5);
        (d.structure, d.year) = (if tank { "混凝土" } else { "框架" }, year);
        site.put(d, c, angle, 8.0, 8.0);
    });
}

/// Builds rows of greenhouses.
pub(super) fn greenhouses(site: &mut Site) {
    let rows = Rows {
        long: (52.0, 76.0),
        depth: 8.5,
        pitch: 14.0,
        gap: 5.0,
        edge: 9.0,
        jitter: 0.0,
        loose: 1.0,
        step: 8.0,
        fill: 0.88,
        stagger: false,
    };
    site.rows(&rows, &mut |rng, w, d| {
        let mut out = draft(block(w, d), "农业设施", 1, 3.0, 0.2);
        (out.structure, out.roof, out.year) = ("钢结构", "round", 2012 + rng.int(0, 12) as u16);
        out
    });
}

/// A farm shed by a field, now and then.
pub(super) fn field(site: &mut Site) {
    if site.rng.chance(0.16) {
        let (lo, hi) = site.frame(site.angle);
        let at = pt(site.rng.range(lo.x, hi.x), lo.y + 24.0).turn(site.angle);
        let mut d = draft(block(site.rng.range(12.0, 26.0), 9.0), "农业设施", 1, 4.0, 0.8);
        (d.structure, d.roof, d.year) = ("砖混", "gabled", 1990 + site.rng.int(0, 30) as u16);
        let angle = site.angle;
        site.put(d, at, angle, 5.0, 5.0);
    }
}
