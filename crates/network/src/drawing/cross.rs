//! The drawing of a cross-section.

use std::collections::BTreeSet;

use super::labels::{Area, Board, spread};
use super::sheet::{Graph, HEADS, Needs, Sheet, TEXT};
use super::svg::{Anchor, Svg, colours, stroke};
use super::words::metres;
use super::{DrawingOptions, asked, scale_for};
use crate::network::Shape;
use crate::section::{CrossSection, Cut};

/// Least width of a column, millimetres.
const COLUMN: f64 = 15.0;
/// Smaller pipes are drawn so big, millimetres.
const LEAST_SIZE: f64 = 1.2;

/// Draws a cross-section as an SVG page.
///
/// Both scales are the same up to 1:200, so that round pipes are round; a pipe that is cut at an angle is as wide as the
/// line cuts it. Pipes too small for the scale are drawn 1.2 mm wide. A pipe without heights stands in the table only.
pub fn cross_section_svg(section: &CrossSection, options: &DrawingOptions) -> String {
    let language = options.language;
    let heights = heights(section);
    let horizontal = asked(options.horizontal).unwrap_or_else(|| {
        // On A4 unless A3 shows it much larger; on more where the table needs more.
        let wide = section.cuts.len() as f64 * COLUMN;
        let [small, large] =
            [205.0, wide.max(328.0)].map(|room| scale_for(section.length_m, room, 20.0));
        if wide <= 205.0 && small <= large * 1.5 { small } else { large }
    });
    let vertical = asked(options.vertical).unwrap_or_else(|| {
        let up = heights.map_or(1.0, |[low, high]| high - low);
        if horizontal <= 200.0 { horizontal } else { scale_for(up, 130.0, horizontal / 10.0) }
    });
    let mut sheet = Sheet::new(&Needs {
        length: section.length_m,
        heights,
        scales: [horizontal, vertical],
        columns: section.cuts.len(),
        column: COLUMN,
        rows: 9,
        headroom: 16.0,
    });
    let graph = sheet.graph;
    sheet.axis(language);
    // The bottom of the graph, over the leaders.
    let columns = columns(section, &sheet);
    for (cut, x) in section.cuts.iter().zip(&columns) {
        leader(&mut sheet, cut, *x);
    }
    let mut board = Board::new(sheet.room());
    let ground = sheet.ground(&section.ground);
    board.keep_off(&ground);
    // And off its hatching.
    board.keep_off(&ground.iter().map(|at| [at[0], at[1] + 2.0]).collect::<Vec<_>>());
    for beside in &section.alongside {
        along(&mut sheet.svg, &graph, beside, language, &mut board);
    }
    let drawn: Vec<(&Cut, Area)> = section
        .cuts
        .iter()
        .filter_map(|cut| Some((cut, pipe(&mut sheet.svg, &graph, cut)?)))
        .collect();
    for (_, area) in &drawn {
        board.take(*area);
    }
    for (cut, area) in drawn {
        let text = format!("{} {} {}", cut.number, language.system(&cut.pipe), cut.pipe.size);
        label(&mut sheet.svg, &mut board, area, text.trim(), &colours(cut.pipe.class)[1]);
    }
    table(&mut sheet, section, &columns, options);
    let mut notes = vec![
        language
            .of(
                "注：高程、埋深、间距单位为 m，规格单位为 mm。管顶为外顶，管底为内底；间距为沿剖面线的中心距。",
                "Heights, depths and spacings in m, sizes in mm. Top: outer top; invert: inner bottom; spacing: centre to centre along the line.",
            )
            .to_owned(),
    ];
    notes.extend(options.datum.as_ref().map(|datum| match language {
        super::Language::Zh => format!("高程基准：{datum}"),
        super::Language::En => format!("Height datum: {datum}"),
    }));
    let classes: BTreeSet<_> = section.cuts.iter().map(|cut| cut.pipe.class).collect();
    let classes: Vec<_> = classes.into_iter().collect();
    sheet.finish(
        language.of("管线横断面图", "Cross-section of pipelines"),
        &notes,
        &classes,
        options,
    )
}

/// Returns the least and greatest height that is drawn.
fn heights(section: &CrossSection) -> Option<[f64; 2]> {
    let cuts = section.cuts.iter().filter_map(|cut| cut.levels);
    let beside = section.alongside.iter().flat_map(|beside| beside.levels).flatten();
    let pipes = cuts.chain(beside).flat_map(|levels| [levels.bottom_m, levels.top_m]);
    let all = section.ground.iter().map(|at| at[1]).chain(pipes);
    all.fold(None, |range: Option<[f64; 2]>, z| {
        Some(range.map_or([z, z], |[low, high]| [low.min(z), high.max(z)]))
    })
}

fn columns(section: &CrossSection, sheet: &Sheet) -> Vec<f64> {
    let wanted: Vec<f64> = section.cuts.iter().map(|cut| sheet.graph.x(cut.chainage_m)).collect();
    let ends = [sheet.table[0] + HEADS + COLUMN / 2.0, sheet.right - COLUMN / 2.0];
    spread(&wanted, COLUMN, ends)
}

/// Draws the line from a pipe down to its column.
fn leader(sheet: &mut Sheet, cut: &Cut, column: f64) {
    let graph = sheet.graph;
    let x = graph.x(cut.chainage_m);
    let bottom = graph.area[3];
    let thin = stroke("#8a929c", 0.13, &[]);
    let from = cut.levels.map_or(bottom, |levels| graph.y(levels.bottom_m));
    sheet.svg.line([x, from], [x, bottom], &stroke("#8a929c", 0.13, &[1.2, 0.8]));
    let top = sheet.table[1];
    sheet
        .svg
        .polyline(&[[x, bottom], [x, bottom + 2.0], [column, top - 2.0], [column, top]], &thin);
}

/// Draws a pipe as its true section; returns its box.
fn pipe(svg: &mut Svg, graph: &Graph, cut: &Cut) -> Option<Area> {
    let levels = cut.levels?;
    let [fill, dark] = colours(cut.pipe.class);
    let centre = [graph.x(cut.chainage_m), graph.y(levels.centre_m)];
    // Wider than the page at a flat angle, it would hide what is behind.
    let width = cut.cut_width_m.min(cut.pipe.width_m * 12.0);
    let half = [
        (width * graph.per_metre[0] / 2.0).max(LEAST_SIZE / 2.0),
        ((levels.top_m - levels.bottom_m) * graph.per_metre[1] / 2.0).max(LEAST_SIZE / 2.0),
    ];
    let outline = stroke(&dark, 0.3, &[]);
    let style = format!("fill=\"{fill}\" fill-opacity=\"0.75\" {outline}");
    let inner = (levels.top_m - levels.invert_m) - (levels.invert_m - levels.bottom_m);
    let wall = (levels.invert_m - levels.bottom_m) * graph.per_metre[1];
    let round = matches!(cut.pipe.shape, Shape::Round | Shape::Egg);
    // Inside, where it is big enough to be seen.
    let inside = [half[0] - wall, half[1] - wall];
    let inside =
        (inner > 0.0 && wall > 0.2 && inside[0] > 1.2 && inside[1] > 1.2).then_some(inside);
    let light = format!("fill=\"#fff\" fill-opacity=\"0.72\" {}", stroke(&dark, 0.18, &[]));
    let corner = |half: [f64; 2]| [centre[0] - half[0], centre[1] - half[1]];
    if round {
        svg.ellipse(centre, half, &style);
        if let Some(inside) = inside {
            svg.ellipse(centre, inside, &light);
        }
    } else {
        svg.rect(corner(half), half.map(|x| x * 2.0), &style);
        if let Some(inside) = inside {
            svg.rect(corner(inside), inside.map(|x| x * 2.0), &light);
        }
    }
    if half[0].min(half[1]) > 1.0 {
        let thin = stroke(&dark, 0.13, &[]);
        svg.line([centre[0] - 0.7, centre[1]], [centre[0] + 0.7, centre[1]], &thin);
        svg.line([centre[0], centre[1] - 0.7], [centre[0], centre[1] + 0.7], &thin);
    }
    let [left, top] = corner(half);
    Some([left, top, centre[0] + half[0], centre[1] + half[1]])
}

/// Draws a pipe that runs along the line, as a band.
fn along(
    svg: &mut Svg,
    graph: &Graph,
    beside: &crate::section::Alongside,
    language: super::Language,
    board: &mut Board,
) {
    let [Some(start), Some(end)] = beside.levels else { return };
    let [fill, dark] = colours(beside.pipe.class);
    let [from, to] = beside.chainage_m;
    let least = |top: f64, bottom: f64| {
        let short = (LEAST_SIZE / graph.per_metre[1] - (top - bottom)).max(0.0) / 2.0;
        [top + short, bottom - short]
    };
    let [a, b] = least(start.top_m, start.bottom_m);
    let [d, c] = least(end.top_m, end.bottom_m);
    let band = [[from, a], [to, d], [to, c], [from, b]].map(|at| graph.at(at));
    let outline = stroke(&dark, 0.2, &[1.5, 0.8]);
    svg.polygon(&band, &format!("fill=\"{fill}\" fill-opacity=\"0.2\" {outline}"));
    let text = format!("∥ {} {}", language.system(&beside.pipe), beside.pipe.size);
    let middle = graph.at([f64::midpoint(from, to), f64::midpoint(start.centre_m, end.centre_m)]);
    let half = (a - b).abs() * graph.per_metre[1] / 2.0;
    let area = [middle[0] - 1.0, middle[1] - half, middle[0] + 1.0, middle[1] + half];
    board.keep_off(&[band[0], band[1]]);
    board.keep_off(&[band[3], band[2]]);
    label(svg, board, area, &text, &dark);
}

/// Writes a label near a thing where it lies on nothing else, with a leader where it is away.
pub(super) fn label(svg: &mut Svg, board: &mut Board, thing: Area, text: &str, colour: &str) {
    let Some(placed) = board.place(thing, text, TEXT) else { return };
    if let Some(to) = placed.leader {
        let middle = [f64::midpoint(thing[0], thing[2]), f64::midpoint(thing[1], thing[3])];
        svg.line(middle, to, &stroke(colour, 0.15, &[]));
        svg.ellipse(middle, [0.35, 0.35], &format!("fill=\"{colour}\""));
    }
    let [left, top, right, bottom] = placed.area;
    svg.rect([left, top], [right - left, bottom - top], "fill=\"#fff\" fill-opacity=\"0.8\"");
    svg.text(placed.at, text, TEXT, Anchor::Start, &format!("fill=\"{colour}\""));
}

fn table(sheet: &mut Sheet, section: &CrossSection, columns: &[f64], options: &DrawingOptions) {
    let language = options.language;
    let heads = [
        language.of("编号", "No."),
        language.of("管类", "Class"),
        language.of("规格", "Size"),
        language.of("材质", "Material"),
        language.of("地面高程(m)", "Ground (m)"),
        language.of("管顶高程(m)", "Top (m)"),
        language.of("管底高程(m)", "Invert (m)"),
        language.of("埋深(m)", "Depth (m)"),
        language.of("间距(m)", "Spacing (m)"),
    ];
    sheet.heads(&heads);
    for (at, cut) in section.cuts.iter().enumerate() {
        let Some(&x) = columns.get(at) else { continue };
        let levels = cut.levels;
        let cells = [
            cut.number.to_string(),
            language.system(&cut.pipe).to_owned(),
            cut.pipe.size.clone(),
            cut.pipe.material.clone().unwrap_or_default(),
            metres(cut.ground_m, 3),
            metres(levels.map(|levels| levels.top_m), 3),
            metres(levels.map(|levels| levels.invert_m), 3),
            metres(cut.depth_m, 2),
        ];
        for (row, cell) in cells.iter().enumerate() {
            let y = sheet.row(row);
            sheet.svg.fitted([x, y], cell, TEXT, COLUMN - 1.6);
        }
        sheet.rule(x, 8..9);
        if let (Some(&next), Some(spacing)) = (columns.get(at + 1), cut.spacing_m) {
            let y = sheet.row(8);
            let middle = f64::midpoint(x, next);
            sheet.svg.fitted([middle, y], &metres(Some(spacing), 2), TEXT, next - x - 1.0);
            sheet.rule(middle, 0..8);
        }
    }
}
