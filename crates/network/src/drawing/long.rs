//! The drawing of a longitudinal profile.

use std::collections::BTreeSet;

use onemap_model::Element;

use super::cross::label;
use super::labels::{Area, Board, spread};
use super::sheet::{HEADS, Needs, ROW, Sheet, TEXT};
use super::svg::{Anchor, colours, stroke};
use super::words::{chainage, metres};
use super::{DrawingOptions, Language, asked, scale_for};
use crate::network::Shape;
use crate::profile::{Crossing, Profile, Reach, Station};

/// Least width of a column, millimetres.
const COLUMN: f64 = 15.0;

/// Draws a longitudinal profile as an SVG page.
///
/// Heights are drawn ten times as large as lengths unless other scales are asked for; crossing pipes are true sections at
/// both scales.
pub fn profile_svg(profile: &Profile, options: &DrawingOptions) -> String {
    let language = options.language;
    let heights = heights(profile);
    // Up to 2 m of paper before the scale gets smaller than 1:2000.
    let wide = profile.stations.len() as f64 * COLUMN;
    let fits = scale_for(profile.length_m, wide.clamp(328.0, 2000.0), 100.0);
    let horizontal = asked(options.horizontal).unwrap_or_else(|| {
        if fits > 2000.0 { scale_for(profile.length_m, 2000.0, 2000.0) } else { fits }
    });
    let vertical = asked(options.vertical).unwrap_or_else(|| {
        let up = heights.map_or(1.0, |[low, high]| high - low);
        scale_for(up, 120.0, horizontal / 10.0)
    });
    let mut sheet = Sheet::new(&Needs {
        length: profile.length_m,
        heights,
        scales: [horizontal, vertical],
        columns: profile.stations.len(),
        column: COLUMN,
        rows: 9,
        headroom: 16.0,
    });
    sheet.axis(language);
    let graph = sheet.graph;
    let wanted: Vec<f64> = profile.stations.iter().map(|s| graph.x(s.chainage_m)).collect();
    let ends = [sheet.table[0] + HEADS + COLUMN / 2.0, sheet.right - COLUMN / 2.0];
    let columns = spread(&wanted, COLUMN, ends);

    let mut board = Board::new(sheet.room());
    let ground = sheet.ground(&profile.ground);
    board.keep_off(&ground);
    // And off its hatching.
    board.keep_off(&ground.iter().map(|at| [at[0], at[1] + 2.0]).collect::<Vec<_>>());
    for reach in &profile.reaches {
        for line in pipe(&mut sheet, reach) {
            board.keep_off(&line);
        }
    }
    for (station, column) in profile.stations.iter().zip(&columns) {
        leader(&mut sheet, station, *column);
        let area = node(&mut sheet, station);
        board.take(area);
    }
    let drawn: Vec<(&Crossing, Area)> = profile
        .crossings
        .iter()
        .filter_map(|crossing| Some((crossing, cross(&mut sheet, crossing)?)))
        .collect();
    for (_, area) in &drawn {
        board.take(*area);
    }
    for (crossing, area) in drawn {
        let gap = crossing.gap_m.map_or_else(String::new, |gap| match language {
            Language::Zh => format!(" 净距{gap:.2}"),
            Language::En => format!(" gap {gap:.2}"),
        });
        let text = format!("{} {}{gap}", language.system(&crossing.pipe), crossing.pipe.size);
        let colour = match crossing.gap_m {
            Some(gap) if gap < 0.0 => "#c00000".to_owned(),
            _ => colours(crossing.pipe.class)[1].clone(),
        };
        label(&mut sheet.svg, &mut board, area, &text, &colour);
    }
    table(&mut sheet, profile, &columns, language);
    let mut notes = vec![
        language
            .of(
                "注：高程、埋深、桩号单位为 m，管径单位为 mm。管顶为外顶，管底为内底；坡度沿桩号方向，↘ 下坡，↗ 上坡。",
                "Heights, depths and chainages in m, sizes in mm. Top: outer top; invert: inner bottom; slope along the chainage, ↘ falling, ↗ rising.",
            )
            .to_owned(),
    ];
    notes.extend(options.datum.as_ref().map(|datum| match language {
        Language::Zh => format!("高程基准：{datum}"),
        Language::En => format!("Height datum: {datum}"),
    }));
    let own = profile.reaches.iter().map(|reach| reach.pipe.class);
    let other = profile.crossings.iter().map(|crossing| crossing.pipe.class);
    let classes: Vec<_> = own.chain(other).collect::<BTreeSet<_>>().into_iter().collect();
    sheet.finish(language.of("管线纵断面图", "Longitudinal profile"), &notes, &classes, options)
}

fn heights(profile: &Profile) -> Option<[f64; 2]> {
    let corners = profile.reaches.iter().flat_map(|reach| &reach.corners);
    let own = corners.filter_map(|(_, levels)| *levels);
    let other = profile.crossings.iter().filter_map(|crossing| crossing.levels);
    let pipes = own.chain(other).flat_map(|levels| [levels.bottom_m, levels.top_m]);
    let bottoms = profile.stations.iter().filter_map(|station| station.bottom_m);
    let grounds = profile.stations.iter().filter_map(|station| station.ground_m);
    let ground = profile.ground.iter().map(|at| at[1]).chain(grounds);
    ground.chain(pipes).chain(bottoms).fold(None, |range: Option<[f64; 2]>, z| {
        Some(range.map_or([z, z], |[low, high]| [low.min(z), high.max(z)]))
    })
}

/// Draws a pipe as a band between its outer top and bottom, with its invert; returns its edges.
fn pipe(sheet: &mut Sheet, reach: &Reach) -> [Vec<[f64; 2]>; 2] {
    let graph = sheet.graph;
    let [fill, dark] = colours(reach.pipe.class);
    let known: Vec<_> =
        reach.corners.iter().filter_map(|(s, levels)| Some((*s, (*levels)?))).collect();
    let edge = |height: fn(&crate::section::Levels) -> f64| -> Vec<[f64; 2]> {
        known.iter().map(|(s, levels)| graph.at([*s, height(levels)])).collect()
    };
    let (top, bottom) = (edge(|levels| levels.top_m), edge(|levels| levels.bottom_m));
    if known.len() < 2 {
        return [Vec::new(), Vec::new()];
    }
    let ring: Vec<_> = top.iter().chain(bottom.iter().rev()).copied().collect();
    let outline = stroke(&dark, 0.3, &[]);
    sheet.svg.polygon(&ring, &format!("fill=\"{fill}\" fill-opacity=\"0.3\" {outline}"));
    let invert = edge(|levels| levels.invert_m);
    if invert.iter().zip(&bottom).any(|(a, b)| (a[1] - b[1]).abs() > 0.4) {
        sheet.svg.polyline(&invert, &stroke(&dark, 0.15, &[]));
    }
    let centre = edge(|levels| levels.centre_m);
    sheet.svg.polyline(&centre, &stroke(&dark, 0.1, &[4.0, 0.8, 0.8, 0.8]));
    [top, bottom]
}

/// Draws a shaft, a valve, or a line down from the ground; returns its box.
fn node(sheet: &mut Sheet, station: &Station) -> Area {
    let graph = sheet.graph;
    let x = graph.x(station.chainage_m);
    let sides = [station.before, station.after];
    let levels = || sides.iter().flatten();
    let invert = levels().map(|levels| levels.invert_m).reduce(f64::min);
    let top = station.ground_m.or_else(|| levels().map(|levels| levels.top_m).reduce(f64::max));
    let (Some(top), Some(foot)) = (top, station.bottom_m.or(invert)) else {
        return [x, graph.area[3], x, graph.area[3]];
    };
    let [top, foot] = [graph.y(top), graph.y(foot)];
    let shaft = matches!(station.element, Element::Manhole | Element::Handhole | Element::Inlet);
    let half = if shaft { (0.5 * graph.per_metre[0]).clamp(0.8, 6.0) } else { 0.0 };
    if shaft {
        let style = format!("fill=\"#fff\" fill-opacity=\"0.55\" {}", stroke("#222", 0.3, &[]));
        sheet.svg.rect([x - half, top], [half * 2.0, foot - top], &style);
        // The cover.
        sheet.svg.line([x - half - 0.5, top], [x + half + 0.5, top], &stroke("#222", 0.7, &[]));
    } else {
        sheet.svg.line([x, top], [x, foot], &stroke("#555", 0.13, &[2.0, 0.7, 0.4, 0.7]));
    }
    if station.element == Element::Valve
        && let Some(levels) = levels().next()
    {
        let y = graph.y(levels.centre_m);
        let bow = [[x - 1.8, y - 1.2], [x + 1.8, y + 1.2], [x + 1.8, y - 1.2], [x - 1.8, y + 1.2]];
        sheet.svg.polygon(&bow, &format!("fill=\"#fff\" {}", stroke("#222", 0.3, &[])));
    }
    [x - half, top.min(foot), x + half, top.max(foot)]
}

fn leader(sheet: &mut Sheet, station: &Station, column: f64) {
    let graph = sheet.graph;
    let x = graph.x(station.chainage_m);
    let [bottom, top] = [graph.area[3], sheet.table[1]];
    let levels = [station.before, station.after];
    let foot = levels.iter().flatten().map(|levels| levels.bottom_m).chain(station.bottom_m);
    let from = foot.reduce(f64::min).map_or(bottom, |z| graph.y(z));
    sheet.svg.line([x, from], [x, bottom], &stroke("#8a929c", 0.13, &[1.2, 0.8]));
    let line = [[x, bottom], [x, bottom + 2.0], [column, top - 2.0], [column, top]];
    sheet.svg.polyline(&line, &stroke("#8a929c", 0.13, &[]));
}

/// Draws another pipe as its section at both scales; returns its box.
fn cross(sheet: &mut Sheet, crossing: &Crossing) -> Option<Area> {
    let graph = sheet.graph;
    let levels = crossing.levels?;
    let [fill, dark] = colours(crossing.pipe.class);
    let centre = [graph.x(crossing.chainage_m), graph.y(levels.centre_m)];
    let across = crossing.pipe.width_m / crossing.angle_degrees.to_radians().sin().max(0.05);
    let half = [
        (across * graph.per_metre[0] / 2.0).max(0.5),
        ((levels.top_m - levels.bottom_m) * graph.per_metre[1] / 2.0).max(0.5),
    ];
    let style = format!("fill=\"{fill}\" fill-opacity=\"0.75\" {}", stroke(&dark, 0.3, &[]));
    let corner = [centre[0] - half[0], centre[1] - half[1]];
    if matches!(crossing.pipe.shape, Shape::Round | Shape::Egg | Shape::Unknown) {
        sheet.svg.ellipse(centre, half, &style);
    } else {
        sheet.svg.rect(corner, half.map(|x| x * 2.0), &style);
    }
    Some([corner[0], corner[1], centre[0] + half[0], centre[1] + half[1]])
}

fn table(sheet: &mut Sheet, profile: &Profile, columns: &[f64], language: Language) {
    let heads = [
        language.of("井号（点号）", "Node"),
        language.of("桩号", "Chainage"),
        language.of("地面高程(m)", "Ground (m)"),
        language.of("管顶高程(m)", "Top (m)"),
        language.of("管底高程(m)", "Invert (m)"),
        language.of("埋深(m)", "Depth (m)"),
        language.of("坡度(‰)/平距(m)", "Slope (‰)/length"),
        language.of("管径(mm)", "Size (mm)"),
        language.of("材质", "Material"),
    ];
    sheet.heads(&heads);
    for (at, (station, &x)) in profile.stations.iter().zip(columns).enumerate() {
        let levels = station.after.or(station.before);
        let name = match station.code.as_str() {
            "" => language.element(station.element),
            code => code,
        };
        let cells = [
            name.to_owned(),
            chainage(station.chainage_m),
            metres(station.ground_m, 3),
            metres(levels.map(|levels| levels.top_m), 3),
            metres(levels.map(|levels| levels.invert_m), 3),
            metres(station.depth_m, 2),
        ];
        for (row, cell) in cells.iter().enumerate() {
            let y = sheet.row(row);
            // A pipe that arrives higher than the next leaves has both its heights.
            let before = station.before.zip(station.after).and_then(|(before, after)| match row {
                3 => Some((before.top_m, after.top_m)),
                4 => Some((before.invert_m, after.invert_m)),
                _ => None,
            });
            if let Some((before, after)) = before.filter(|(a, b)| (a - b).abs() > 0.005) {
                let text = |z: f64| metres(Some(z), 3);
                sheet.svg.text([x, y - 1.7], &text(before), 2.2, Anchor::Middle, "");
                sheet.svg.text([x, y + 1.7], &text(after), 2.2, Anchor::Middle, "");
            } else {
                sheet.svg.fitted([x, y], cell, TEXT, COLUMN - 1.6);
            }
        }
        if let Some(&next) = columns.get(at + 1) {
            sheet.rule(f64::midpoint(x, next), 0..6);
        }
        sheet.rule(x, 6..7);
    }
    slopes(sheet, profile, columns, language);
    bands(sheet, profile, columns, 7, &|reach| {
        let size = &reach.pipe.size;
        format!("{} {size}", language.system(&reach.pipe)).trim().to_owned()
    });
    bands(sheet, profile, columns, 8, &|reach| reach.pipe.material.clone().unwrap_or_default());
}

/// Writes slope over length into each reach's cell, parted by a line that falls as the pipe does.
fn slopes(sheet: &mut Sheet, profile: &Profile, columns: &[f64], language: Language) {
    for (reach, pair) in profile.reaches.iter().zip(columns.windows(2)) {
        let (middle, width) = (f64::midpoint(pair[0], pair[1]), pair[1] - pair[0] - 1.0);
        let y = sheet.row(6);
        let [from, to] = reach.chainage_m;
        let length = format!("{:.2}", to - from);
        let Some(slope) = reach.slope_permille else {
            sheet.svg.fitted([middle, y + ROW / 4.0], &length, 2.3, width);
            sheet.svg.fitted([middle, y - ROW / 4.0], "—", 2.3, width);
            continue;
        };
        let arrow = match slope {
            slope if slope > 0.0 => "↘",
            slope if slope < 0.0 => "↗",
            _ => language.of("平", "level"),
        };
        let text = format!("{:.2}{arrow}", slope.abs());
        sheet.svg.fitted([middle, y - ROW / 4.0], &text, 2.3, width);
        sheet.svg.fitted([middle, y + ROW / 4.0], &length, 2.3, width);
        sheet.svg.line([pair[0], y], [pair[1], y], &stroke("#111", 0.13, &[]));
    }
}

/// Writes a value that reaches share once for all of them that follow each other.
fn bands(
    sheet: &mut Sheet,
    profile: &Profile,
    columns: &[f64],
    row: usize,
    value: &dyn Fn(&Reach) -> String,
) {
    let mut start = 0;
    let reaches = &profile.reaches;
    for at in 0..reaches.len() {
        let same = reaches.get(at + 1).is_some_and(|next| value(next) == value(&reaches[at]));
        if same {
            continue;
        }
        if let (Some(&left), Some(&right)) = (columns.get(start), columns.get(at + 1)) {
            let y = sheet.row(row);
            let text = value(&reaches[at]);
            sheet.svg.fitted([f64::midpoint(left, right), y], &text, TEXT, right - left - 1.0);
            if start == 0 {
                sheet.rule(left, row..row + 1);
            }
            sheet.rule(right, row..row + 1);
        }
        start = at + 1;
    }
}
