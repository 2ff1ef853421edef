//! Where people live: compounds, old-town lanes, villages.

use super::shapes::{block, butterfly, court, ell, flip, horseshoe, stepped};
use super::site::{Draft, Frontage, Rows, Site};
use super::{draft, shops};
use crate::geom::{centroid, pt};
use crate::graph::Class;
use crate::rng::Rng;
use crate::zoning::Style;

/// Builds a housing compound: shops along the streets, a kindergarten now and then, slabs in rows.
pub(super) fn compound(site: &mut Site, style: Style, year: u16, urban: bool) {
    let lively = match style {
        Style::WalkUp => 0.72,
        Style::Slab => 0.55,
        Style::High => 0.4,
        Style::Villa => 0.0,
    };
    if urban && lively > 0.0 {
        let front = Frontage {
            class: Class::Tertiary,
            long: (22.0, 54.0),
            depth: (10.0, 13.0),
            setback: 4.0,
            gap: 5.0,
            corner: 10.0,
            fill: lively,
        };
        let floors = if style == Style::WalkUp { (1, 3) } else { (2, 3) };
        shops(site, &front, floors, year);
    }
    kindergarten(site, style, year);
    let slab = match style {
        Style::WalkUp => Rows {
            long: (38.0, 62.0),
            depth: 11.5,
            pitch: 25.0,
            gap: 8.0,
            edge: 6.0,
            jitter: 0.6,
            loose: 3.0,
            step: 5.0,
            fill: 0.96,
            stagger: false,
        },
        Style::Slab => Rows {
            long: (34.0, 56.0),
            depth: 13.0,
            pitch: 34.0,
            gap: 12.0,
            edge: 8.0,
            jitter: 2.0,
            loose: 6.0,
            step: 5.0,
            fill: 0.95,
            stagger: true,
        },
        Style::High => Rows {
            long: (28.0, 42.0),
            depth: 16.5,
            pitch: 52.0,
            gap: 18.0,
            edge: 11.0,
            jitter: 4.0,
            loose: 10.0,
            step: 6.0,
            fill: 0.93,
            stagger: true,
        },
        Style::Villa => Rows {
            long: (15.0, 30.0),
            depth: 11.5,
            pitch: 22.0,
            gap: 7.0,
            edge: 7.0,
            jitter: 2.0,
            loose: 4.0,
            step: 4.0,
            fill: 0.9,
            stagger: true,
        },
    };
    // One height for the compound, with a few buildings off it.
    let tall = match style {
        Style::WalkUp => site.rng.int(5, 6),
        Style::Slab => *site.rng.pick(&[6, 7, 9, 11, 11]),
        Style::High => *site.rng.pick(&[18, 18, 24, 26, 28, 32, 33]),
        Style::Villa => 3,
    };
    site.rows(&slab, &mut |rng, w, d| {
        let floors = match style {
            Style::High if rng.chance(0.35) => (tall - rng.int(2, 7)).max(11),
            Style::Slab if rng.chance(0.2) => tall - 1,
            _ => tall,
        };
        let ring = match style {
            Style::WalkUp if rng.chance(0.4) => stepped(w, d, 19.0),
            Style::Slab if rng.chance(0.5) => stepped(w, d, 21.0),
            Style::High if rng.chance(0.75) => butterfly(w, d),
            Style::Villa if w < 20.0 && rng.chance(0.6) => ell(w, d, 7.0, rng.chance(0.5)),
            _ => block(w, d),
        };
        let structure = match style {
            Style::WalkUp | Style::Villa => "砖混",
            Style::Slab => "框架",
            Style::High => "剪力墙",
        };
        let roof = match style {
            Style::Villa => "hipped",
            Style::WalkUp | Style::Slab if rng.chance(0.3) => "gabled",
            _ => "flat",
        };
        let mut d = draft(ring, "住宅", floors as u16, 2.9, 1.1);
        (d.structure, d.roof, d.year) = (structure, roof, year + rng.int(0, 1) as u16);
        d.name = String::from("号楼");
        d
    });
    sheds(site, style, year);
}

/// Gatehouse, substation, bicycle sheds: small things between the slabs.
fn sheds(site: &mut Site, style: Style, year: u16) {
    let (lo, hi) = site.frame(site.angle);
    let wanted = (crate::geom::area(site.ring) / 7500.0) as usize + 1;
    let mut placed = 0;
    for _ in 0..wanted * 5 {
        let at = pt(site.rng.range(lo.x, hi.x), site.rng.range(lo.y, hi.y)).turn(site.angle);
        let (w, deep, name) = match (style, site.rng.int(0, 2)) {
            (Style::WalkUp, 0 | 1) => (site.rng.range(16.0, 28.0), 4.2, "车棚"),
            (_, 0) => (9.0, 6.0, "配电房"),
            (_, 1) => (16.0, 10.0, "物业用房"),
            _ => (7.0, 5.0, "门卫"),
        };
        let mut d = draft(block(w, deep), "配套", 1, 3.2, 0.3);
        (d.year, d.name) = (year, name.to_owned());
        let angle = site.angle;
        if site.put(d, at, angle, 2.5, 4.0) {
            placed += 1;
            if placed == wanted {
                return;
            }
        }
    }
}

fn kindergarten(site: &mut Site, style: Style, year: u16) {
    let big = crate::geom::area(site.ring) > 3.0e4;
    if !big || style == Style::Villa || !site.rng.chance(0.42) {
        return;
    }
    let middle = centroid(site.ring);
    for _ in 0..6 {
        let off = pt(site.rng.range(-50.0, 50.0), site.rng.range(-50.0, 50.0));
        let ring = if site.rng.chance(0.5) {
            ell(42.0, 32.0, 12.0, true)
        } else {
            horseshoe(40.0, 30.0, 11.0)
        };
        let mut d = draft(ring, "幼儿园", 3, 3.6, 1.0);
        (d.year, d.name) = (year + 1, "幼儿园".to_owned());
        if site.put(d, middle + off, site.angle, 10.0, 12.0) {
            let yard = crate::geom::rect(
                middle + off + pt(0.0, -34.0).turn(site.angle),
                38.0,
                24.0,
                site.angle,
            );
            site.reserve(yard);
            return;
        }
    }
}

/// Builds a block of the old town: a few courtyard houses, small houses in crooked rows.
pub(super) fn lanes(site: &mut Site, year: u16) {
    let front = Frontage {
        class: Class::Residential,
        long: (11.0, 26.0),
        depth: (9.0, 12.0),
        setback: 1.5,
        gap: 0.7,
        corner: 6.0,
        fill: 0.86,
    };
    shops(site, &front, (2, 3), year + 6);
    let (lo, hi) = site.frame(site.angle);
    for _ in 0..(crate::geom::area(site.ring) / 1500.0) as usize {
        let at = pt(site.rng.range(lo.x, hi.x), site.rng.range(lo.y, hi.y)).turn(site.angle);
        let (w, deep) = (site.rng.range(17.0, 24.0), site.rng.range(19.0, 28.0));
        let (outer, hole) = court(w, deep, 5.6);
        let mut d = draft(outer, "住宅", 1, 3.6, 1.4);
        (d.holes, d.structure, d.roof) = (vec![hole], "砖木", "gabled");
        d.year = 1975 + site.rng.int(0, 8) as u16;
        let angle = site.angle;
        site.put(d, at, angle, 2.0, 2.6);
    }
    let rows = Rows {
        long: (9.0, 19.0),
        depth: 10.5,
        pitch: 13.2,
        gap: 1.0,
        edge: 1.6,
        jitter: 1.2,
        loose: 1.8,
        step: 3.0,
        fill: 0.9,
        stagger: true,
    };
    site.rows(&rows, &mut |rng, w, d| {
        let deep = d - rng.range(0.0, 2.0);
        house(rng, w, deep, year)
    });
}

fn house(rng: &mut Rng, w: f64, d: f64, year: u16) -> Draft {
    let ring = match rng.unit() {
        u if u < 0.22 && w > 11.0 => ell(w, d, 4.8, rng.chance(0.5)),
        u if u < 0.30 && w > 13.0 => horseshoe(w, d, 4.2),
        _ => block(w, d),
    };
    let floors = rng.weighted(&[(1_u16, 0.35), (2, 0.48), (3, 0.17)]);
    let mut out = draft(ring, "住宅", floors, 3.1, 1.0);
    (out.structure, out.roof) = (
        if floors == 1 { "砖木" } else { "砖混" },
        if rng.chance(0.7) { "gabled" } else { "flat" },
    );
    out.year = (i64::from(year) + rng.int(0, 14)) as u16;
    out
}

/// Builds a village: rows of farmhouses that face south, with a side house each.
pub(super) fn village(site: &mut Site) {
    let rows = Rows {
        long: (12.5, 16.0),
        depth: 14.0,
        pitch: 31.0,
        gap: 4.0,
        edge: 4.0,
        jitter: 1.5,
        loose: 7.0,
        step: 4.0,
        fill: 0.82,
        stagger: true,
    };
    site.rows(&rows, &mut |rng, w, d| {
        let floors = rng.weighted(&[(1_u16, 0.4), (2, 0.5), (3, 0.1)]);
        // A main house along the north of the yard, a wing towards the south.
        let ring = match rng.unit() {
            u if u < 0.55 => flip_if(upside(ell(w, d, 4.6, false)), rng.chance(0.5)),
            u if u < 0.65 => horseshoe(w, d, 4.2),
            _ => block(w, 9.0),
        };
        let mut out = draft(ring, "农村住宅", floors, 3.2, 1.2);
        (out.structure, out.roof) = (if floors == 1 { "砖木" } else { "砖混" }, "gabled");
        out.year = 1978 + rng.int(0, 45) as u16;
        out.name = String::from("号");
        out
    });
}

fn flip_if(ring: crate::geom::Ring, flipped: bool) -> crate::geom::Ring {
    if flipped { flip(ring) } else { ring }
}

/// Turns a footprint by half a turn.
fn upside(ring: crate::geom::Ring) -> crate::geom::Ring {
    ring.into_iter().map(|p| pt(-p.x, -p.y)).collect()
}
