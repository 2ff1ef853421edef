//! What all drawings share: the page with its frame and title block, the graph with axis, grid and ground, the table.

use onemap_model::PipeClass;

use super::svg::{Anchor, Svg, colours, stroke, text_width};
use super::{DrawingOptions, Language};

/// Margins of the frame by GB/T 14689: the left one for binding, millimetres.
const BINDING: f64 = 25.0;
const MARGIN: f64 = 5.0;
/// Width of the table's heads.
pub(super) const HEADS: f64 = 26.0;
/// Between the frame and what is in it.
const INSET: f64 = 8.0;
/// From the table's heads to where the graph begins.
pub(super) const AXIS: f64 = 8.0;
/// Height of the heading above the graph.
const HEADING: f64 = 18.0;
/// Height of the strip with title block, legend and notes.
const STRIP: f64 = 30.0;
/// From the graph down to the table: here leaders go to their columns.
pub(super) const LEADERS: f64 = 12.0;
/// Height of a row.
pub(super) const ROW: f64 = 8.0;
/// Size of ordinary text.
pub(super) const TEXT: f64 = 2.6;

/// The graph: where metres lie on paper.
#[derive(Debug, Clone, Copy)]
pub(super) struct Graph {
    /// Left, top, right, bottom of the graph on paper.
    pub area: [f64; 4],
    /// Paper millimetres for a metre, across and up.
    pub per_metre: [f64; 2],
    /// Height at the bottom, metres.
    pub low: f64,
    /// Height at the top of the scaled part, metres.
    pub high: f64,
}

impl Graph {
    pub(super) fn x(&self, chainage: f64) -> f64 {
        self.area[0] + AXIS + chainage * self.per_metre[0]
    }

    pub(super) fn y(&self, height: f64) -> f64 {
        self.area[3] - (height - self.low) * self.per_metre[1]
    }

    pub(super) fn at(&self, [chainage, height]: [f64; 2]) -> [f64; 2] {
        [self.x(chainage), self.y(height)]
    }
}

/// What a page has to hold.
pub(super) struct Needs {
    /// Length of the line, metres.
    pub length: f64,
    /// Heights that are drawn, metres.
    pub heights: Option<[f64; 2]>,
    /// Denominators of the scales.
    pub scales: [f64; 2],
    /// Columns of the table and the least width of one.
    pub columns: usize,
    pub column: f64,
    /// Rows of the table.
    pub rows: usize,
    /// Room for labels above the highest ground, millimetres.
    pub headroom: f64,
}

/// A page.
pub(super) struct Sheet {
    pub svg: Svg,
    pub graph: Graph,
    /// Upper left corner of the table.
    pub table: [f64; 2],
    /// Right end of the table.
    pub right: f64,
    size: [f64; 2],
    scales: [f64; 2],
}

impl Sheet {
    /// Lays out a page: A4 or A3 landscape, longer or higher where that is too small.
    pub(super) fn new(needs: &Needs) -> Self {
        let per_metre = needs.scales.map(|scale| 1000.0 / scale);
        let [low, high] = needs.heights.unwrap_or([0.0, 1.0]);
        // Whole and half metres at the ends, and something below the lowest pipe.
        let step = if high - low > 20.0 { 1.0 } else { 0.5 };
        let low = ((low - 4.0 / per_metre[1]) / step).floor() * step;
        let high = (high / step).ceil() * step;
        let across = (needs.length * per_metre[0]).max(needs.columns.max(2) as f64 * needs.column);
        let up = (high - low) * per_metre[1];
        let wanted = [
            BINDING + MARGIN + INSET * 2.0 + HEADS + AXIS + across + 10.0,
            MARGIN * 2.0
                + HEADING
                + needs.headroom
                + up
                + LEADERS
                + needs.rows as f64 * ROW
                + 6.0
                + STRIP,
        ];
        let mut size = [420.0, 297.0];
        if wanted[0] <= 297.0 && wanted[1] <= 210.0 {
            size = [297.0, 210.0];
        }
        // Longer by half an A3, as GB/T 14689 lengthens sheets.
        while size[0] < wanted[0] {
            size[0] += 210.0;
        }
        size[1] = size[1].max(wanted[1].ceil());
        // What the page has to spare is split around the graph and the table.
        let spare = [0, 1].map(|i: usize| (size[i] - wanted[i]).max(0.0));
        let table_left = BINDING + INSET + spare[0] / 2.0;
        let left = table_left + HEADS;
        let right = left + AXIS + across + 10.0;
        let below = (spare[1] * 0.4).min(40.0);
        let bottom = size[1] - MARGIN - STRIP - 6.0 - needs.rows as f64 * ROW - LEADERS - below;
        let top = bottom - up - needs.headroom - (spare[1] - below) * 0.6;
        let graph = Graph { area: [left, top, right, bottom], per_metre, low, high };
        let table = [table_left, bottom + LEADERS];
        Self { svg: Svg::new(size), graph, table, right, size, scales: needs.scales }
    }

    /// Returns the room for labels in the graph.
    pub(super) fn room(&self) -> [f64; 4] {
        let [left, top, right, bottom] = self.graph.area;
        [left + 1.0, top.max(MARGIN + HEADING), right, bottom + LEADERS * 0.3]
    }

    /// Draws the elevation axis with its grid.
    pub(super) fn axis(&mut self, language: Language) {
        let graph = self.graph;
        let [left, _, right, _] = graph.area;
        let steps = [0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0];
        let step = steps.iter().find(|step| **step * graph.per_metre[1] >= 4.5).unwrap_or(&500.0);
        let digits = usize::from(*step < 1.0);
        let first = (graph.low / step).ceil() as i64;
        let last = ((graph.high / step).floor() as i64).min(first + 400);
        let x = left + 1.0;
        for at in first..=last {
            let height = at as f64 * step;
            let y = graph.y(height);
            self.svg.line([x, y], [right, y], &stroke("#dcdfe3", 0.12, &[]));
            self.svg.line([x - 1.2, y], [x, y], &stroke("#111", 0.18, &[]));
            self.svg.text([x - 3.6, y], &format!("{height:.digits$}"), TEXT, Anchor::End, "");
            if at < last {
                let fill = if at.rem_euclid(2) == 0 { "#111" } else { "#fff" };
                let next = graph.y(height + step);
                let style = format!("fill=\"{fill}\" {}", stroke("#111", 0.15, &[]));
                self.svg.rect([x - 2.6, next], [1.4, y - next], &style);
            }
        }
        let (top, bottom) = (graph.y(graph.high), graph.y(graph.low));
        self.svg.line([x, top], [x, bottom], &stroke("#111", 0.25, &[]));
        let unit = language.of("高程(m)", "Elevation (m)");
        self.svg.text([x - 2.0, top - 4.5], unit, TEXT, Anchor::Middle, "");
    }

    /// Draws the line of the ground, hatched below.
    pub(super) fn ground(&mut self, ground: &[[f64; 2]]) -> Vec<[f64; 2]> {
        let points: Vec<[f64; 2]> = ground.iter().map(|at| self.graph.at(*at)).collect();
        if points.len() < 2 {
            return points;
        }
        let hatch = stroke("#6b5b45", 0.13, &[]);
        let (mut along, mut next) = (0.0, 1.0);
        let mut count = 0;
        for pair in points.windows(2) {
            let [a, b] = [pair[0], pair[1]];
            let length = (b[0] - a[0]).hypot(b[1] - a[1]);
            while next <= along + length && count < 20_000 {
                let t = (next - along) / length.max(1e-9);
                let at = [a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t];
                self.svg.line(at, [at[0] - 1.5, at[1] + 1.9], &hatch);
                // In threes, as ground is drawn.
                count += 1;
                next += if count % 3 == 0 { 5.0 } else { 0.9 };
            }
            along += length;
        }
        self.svg.polyline(&points, &stroke("#3d3121", 0.45, &[]));
        points
    }

    /// Draws the heads and lines of a table; the last is the bottom line.
    pub(super) fn heads(&mut self, heads: &[&str]) {
        let [left, top] = self.table;
        let bottom = top + heads.len() as f64 * ROW;
        for (at, head) in heads.iter().enumerate() {
            let y = top + at as f64 * ROW;
            self.svg.line([left, y], [self.right, y], &stroke("#111", 0.18, &[]));
            self.svg.fitted([left + HEADS / 2.0, y + ROW / 2.0], head, 2.9, HEADS - 2.0);
        }
        let size = [self.right - left, bottom - top];
        self.svg.rect([left, top], size, &format!("fill=\"none\" {}", stroke("#111", 0.35, &[])));
        let x = left + HEADS;
        self.svg.line([x, top], [x, bottom], &stroke("#111", 0.35, &[]));
    }

    /// Returns the middle of a row.
    pub(super) fn row(&self, row: usize) -> f64 {
        self.table[1] + (row as f64 + 0.5) * ROW
    }

    /// Draws a line between columns, over some rows.
    pub(super) fn rule(&mut self, x: f64, rows: std::ops::Range<usize>) {
        let y = [rows.start, rows.end].map(|row| self.table[1] + row as f64 * ROW);
        self.svg.line([x, y[0]], [x, y[1]], &stroke("#111", 0.13, &[]));
    }

    /// Draws frame, heading, title block, legend, scale bar and notes.
    pub(super) fn finish(
        mut self,
        kind: &str,
        notes: &[String],
        classes: &[PipeClass],
        options: &DrawingOptions,
    ) -> String {
        let language = options.language;
        let [width, height] = self.size;
        let svg = &mut self.svg;
        let edge = format!("fill=\"none\" {}", stroke("#111", 0.1, &[]));
        svg.rect([0.05, 0.05], [width - 0.1, height - 0.1], &edge);
        let frame = [width - BINDING - MARGIN, height - MARGIN * 2.0];
        let style = format!("fill=\"none\" {}", stroke("#111", 0.7, &[]));
        svg.rect([BINDING, MARGIN], frame, &style);

        let title = options.title.as_deref().map_or(kind, str::trim);
        let scales = if self.scales[0] == self.scales[1] {
            format!("1:{}", self.scales[0])
        } else {
            let [h, v] = self.scales;
            match language {
                Language::Zh => format!("横 1:{h}  纵 1:{v}"),
                Language::En => format!("H 1:{h}  V 1:{v}"),
            }
        };
        let middle = f64::midpoint(BINDING, width - MARGIN);
        svg.text([middle, MARGIN + 8.0], title, 5.0, Anchor::Middle, "font-weight=\"bold\"");
        let half = text_width(title, 5.0) / 2.0 + 3.0;
        let y = MARGIN + 11.8;
        svg.line([middle - half, y], [middle + half, y], &stroke("#111", 0.5, &[]));
        svg.line([middle - half, y + 0.9], [middle + half, y + 0.9], &stroke("#111", 0.15, &[]));
        svg.text([middle, y + 3.8], &scales, 3.0, Anchor::Middle, "");

        let [right, bottom] = [width - MARGIN, height - MARGIN];
        let block = title_block(svg, [right, bottom], title, &scales, options);
        let left = BINDING + INSET;
        let y = bottom - STRIP + 9.0;
        scale_bar(svg, [left, y], self.scales[0], language);
        let mut x = left;
        let y = bottom - STRIP + 16.0;
        for class in classes {
            let [fill, dark] = colours(*class);
            let system = onemap_model::PipeSystem::find(class.code());
            let name = system.map_or("", |system| language.of(system.zh, system.en));
            let style =
                format!("fill=\"{fill}\" fill-opacity=\"0.75\" {}", stroke(&dark, 0.3, &[]));
            svg.ellipse([x + 1.5, y], [1.5, 1.5], &style);
            svg.text([x + 4.2, y], name, TEXT, Anchor::Start, "");
            x += 8.0 + text_width(name, TEXT);
        }
        let size = 2.3;
        let room = block - left - 6.0;
        for (at, note) in notes.iter().enumerate() {
            let fits = (room / text_width(note, 1.0).max(0.1)).min(size);
            let y = bottom - STRIP + 21.5 + at as f64 * 3.6;
            svg.text([left, y], note, fits, Anchor::Start, "fill=\"#444\"");
        }
        self.svg.finish(title)
    }
}

/// Draws the title block; returns its left edge.
fn title_block(
    svg: &mut Svg,
    [right, bottom]: [f64; 2],
    title: &str,
    scales: &str,
    options: &DrawingOptions,
) -> f64 {
    let language = options.language;
    let (width, row) = (130.0, 7.0);
    let (left, top) = (right - width, bottom - row * 4.0);
    let thin = stroke("#111", 0.18, &[]);
    svg.rect(
        [left, top],
        [width, row * 4.0],
        &format!("fill=\"#fff\" {}", stroke("#111", 0.5, &[])),
    );
    for at in 1..4 {
        let y = top + row * f64::from(at);
        svg.line([left, y], [right, y], &thin);
    }
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let cells = [
        (0, 0.0, 18.0, language.of("工程名称", "Project"), 112.0, text(&options.project)),
        (1, 0.0, 18.0, language.of("图名", "Title"), 112.0, title.to_owned()),
        (2, 0.0, 18.0, language.of("比例", "Scale"), 47.0, scales.to_owned()),
        (2, 65.0, 18.0, language.of("图号", "Drawing"), 47.0, text(&options.number)),
        (3, 0.0, 18.0, language.of("制图", "Drawn"), 14.0, String::new()),
        (3, 32.0, 18.0, language.of("校核", "Checked"), 15.0, String::new()),
        (3, 65.0, 18.0, language.of("日期", "Date"), 47.0, text(&options.date)),
    ];
    for (at, x, head, name, cell, value) in cells {
        let y = top + row * (f64::from(at) + 0.5);
        let x = left + x;
        svg.fitted([x + head / 2.0, y], name, TEXT, head - 2.0);
        svg.fitted([x + head + cell / 2.0, y], &value, 3.0, cell - 2.0);
        for x in [x, x + head] {
            if x > left {
                svg.line([x, y - row / 2.0], [x, y + row / 2.0], &thin);
            }
        }
    }
    left
}

fn scale_bar(svg: &mut Svg, [left, y]: [f64; 2], scale: f64, language: Language) {
    // Four fields of a round length, about 12 mm each.
    let metres = scale * 0.012;
    let power = 10_f64.powf(metres.log10().floor());
    let field = [1.0, 2.0, 5.0, 10.0].iter().map(|f| f * power).rfind(|f| *f <= metres * 1.001);
    let field = field.unwrap_or(power);
    let width = field * 1000.0 / scale;
    for at in 0..4 {
        let fill = if at % 2 == 0 { "#111" } else { "#fff" };
        let style = format!("fill=\"{fill}\" {}", stroke("#111", 0.15, &[]));
        svg.rect([left + f64::from(at) * width, y], [width, 1.3], &style);
    }
    let digits = usize::from(field < 1.0);
    for at in [0.0, 2.0, 4.0] {
        let text = format!("{:.digits$}", at * field);
        svg.text([left + at * width, y - 2.2], &text, 2.3, Anchor::Middle, "");
    }
    let unit = language.of("m（水平）", "m (horizontal)");
    svg.text([left + 4.0 * width + 3.5, y + 0.6], unit, 2.3, Anchor::Start, "");
}
