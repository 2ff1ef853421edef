//! The storm sewers as SWMM 5 reads them: metres, litres per second, coordinates in EPSG:4548 (easting, northing).

use std::fmt::Write;

use super::place;
use crate::city::City;
use crate::underground::{Link, Net, Section, metres};

/// Half the width of the ground on each side of a street that drains into its sewer, in metres.
const STRIP: f64 = 30.0;

/// Roughness of Manning.
fn roughness(material: &str) -> f64 {
    match material {
        "PE" | "PVC" => 0.010,
        "砖石" => 0.017,
        _ => 0.013,
    }
}

/// Whether a link runs along a street, from manhole to manhole, rather than from a rain inlet.
fn is_main(net: &Net, link: &Link) -> bool {
    net.nodes[link.from].thing == "检修井"
}

/// Writes the model.
pub(super) fn model(city: &City, net: &Net) -> String {
    let (mut junctions, mut outfalls, mut places) = (String::new(), String::new(), String::new());
    let mut top = vec![0_i64; net.nodes.len()];
    for link in &net.links {
        let height = (link.section.size().1 * 100.0).round() as i64;
        for (n, z) in [(link.from, link.start), (link.to, link.end)] {
            top[n] = top[n].max(z + height);
        }
    }
    for (n, node) in net.nodes.iter().enumerate() {
        let q = place(city, node.at);
        let _ = writeln!(places, "{} {:.3} {:.3}", node.code, q.x, q.y);
        let bottom = metres(node.level);
        if node.thing == "排放口" {
            let _ = writeln!(outfalls, "{} {bottom:.2} FREE NO", node.code);
        } else {
            // The head of an outfall may stand out of the bank: a chamber is at least as high as its pipes.
            let depth = metres((node.ground - node.level).max(top[n] - node.level));
            let _ = writeln!(junctions, "{} {bottom:.2} {depth:.2} 0 0 0", node.code);
        }
    }
    let (mut conduits, mut sections) = (String::new(), String::new());
    let (mut areas, mut subareas, mut soil, mut polygons) =
        (String::new(), String::new(), String::new(), String::new());
    for (k, link) in net.links.iter().enumerate() {
        let id = format!("C{:05}", k + 1);
        let (from, to) = (&net.nodes[link.from], &net.nodes[link.to]);
        let offset = |z: i64, level: i64| metres(z - level);
        let _ = writeln!(
            conduits,
            "{id} {} {} {:.2} {:.3} {:.2} {:.2} 0 0",
            from.code,
            to.code,
            net.length(link).max(1.0),
            roughness(link.material),
            offset(link.start, from.level),
            offset(link.end, to.level),
        );
        let (w, h) = link.section.size();
        let _ = match link.section {
            Section::Box(..) => writeln!(sections, "{id} RECT_CLOSED {h:.2} {w:.2} 0 0 1"),
            _ => writeln!(sections, "{id} CIRCULAR {h:.2} 0 0 0 1"),
        };
        let long = net.length(link);
        if is_main(net, link) && long > 20.0 {
            let area = long * 2.0 * STRIP / 10_000.0;
            let id = format!("S{:05}", k + 1);
            let _ = writeln!(areas, "{id} RAIN {} {area:.3} 65 {:.0} 0.5 0", from.code, long);
            let _ = writeln!(subareas, "{id} 0.013 0.15 1.5 5 25 OUTLET");
            let _ = writeln!(soil, "{id} 60 8 4 7 0");
            let across = (to.at - from.at).unit().left() * STRIP;
            for p in [from.at + across, to.at + across, to.at - across, from.at - across] {
                let q = place(city, p);
                let _ = writeln!(polygons, "{id} {:.3} {:.3}", q.x, q.y);
            }
        }
    }
    let mut rain = String::new();
    // Two hours of a summer storm, in millimetres per hour every ten minutes.
    for (k, mm) in
        [4.0, 7.0, 14.0, 32.0, 61.0, 38.0, 22.0, 14.0, 9.0, 6.0, 4.0, 2.0].iter().enumerate()
    {
        let _ = writeln!(rain, "STORM {}:{:02} {mm:.1}", k / 6, k % 6 * 10);
    }
    format!(
        "[TITLE]\n;;Storm sewers of the centre of a made-up town; coordinates in EPSG:4548 (easting, northing), heights 1985\n\n\
         [OPTIONS]\nFLOW_UNITS LPS\nINFILTRATION HORTON\nFLOW_ROUTING DYNWAVE\nLINK_OFFSETS DEPTH\nALLOW_PONDING NO\n\
         START_DATE 07/15/2026\nSTART_TIME 00:00:00\nREPORT_START_DATE 07/15/2026\nREPORT_START_TIME 00:00:00\n\
         END_DATE 07/15/2026\nEND_TIME 04:00:00\nREPORT_STEP 00:10:00\nWET_STEP 00:05:00\nDRY_STEP 01:00:00\nROUTING_STEP 5\n\
         VARIABLE_STEP 0.75\nLENGTHENING_STEP 0\nMIN_SURFAREA 1.17\nINERTIAL_DAMPING PARTIAL\nNORMAL_FLOW_LIMITED BOTH\nTHREADS 1\n\n\
         [RAINGAGES]\nRAIN INTENSITY 0:10 1.0 TIMESERIES STORM\n\n\
         [SUBCATCHMENTS]\n;;name gage outlet hectares imperv width slope curb\n{areas}\n\
         [SUBAREAS]\n{subareas}\n[INFILTRATION]\n{soil}\n\
         [JUNCTIONS]\n;;name invert depth initial surcharge ponded\n{junctions}\n\
         [OUTFALLS]\n{outfalls}\n\
         [CONDUITS]\n;;name from to length roughness in-offset out-offset initial greatest\n{conduits}\n\
         [XSECTIONS]\n{sections}\n\
         [TIMESERIES]\n{rain}\n\
         [REPORT]\nINPUT NO\nCONTROLS NO\nSUBCATCHMENTS NONE\nNODES NONE\nLINKS NONE\n\n\
         [COORDINATES]\n{places}\n[POLYGONS]\n{polygons}"
    )
}
