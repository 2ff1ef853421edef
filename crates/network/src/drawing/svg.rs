//! Writing SVG, in millimetres of paper.

use std::fmt::Write as _;

/// A page that is being written. Places and sizes are millimetres from its upper left corner.
pub(super) struct Svg {
    body: String,
    size: [f64; 2],
}

/// Where a text is held.
#[derive(Clone, Copy)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

const FONTS: &str = "'Noto Sans CJK SC','Noto Sans SC','Source Han Sans SC','Microsoft YaHei','SimHei','PingFang SC',sans-serif";

/// Writes a length in tenths of millimetres.
fn n(x: f64) -> String {
    let tenths = (x * 100.0).round() / 10.0 + 0.0;
    if tenths.is_finite() { tenths.to_string() } else { "0".to_owned() }
}

/// Escapes text; what XML does not allow at all is left out.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars().take(200) {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => {}
            c => out.push(c),
        }
    }
    out
}

/// Estimates how wide a text is at a size, millimetres.
pub(super) fn text_width(text: &str, size: f64) -> f64 {
    let em = |c: char| match c {
        '0'..='9' | 'a'..='z' => 0.56,
        'A'..='Z' => 0.67,
        ' ' | '.' | ',' | ':' | '/' | '-' | '+' | '(' | ')' => 0.35,
        c if (c as u32) < 0x2000 => 0.6,
        _ => 1.0,
    };
    text.chars().map(em).sum::<f64>() * size
}

impl Svg {
    pub(super) fn new(size: [f64; 2]) -> Self {
        Self { body: String::new(), size }
    }

    /// Adds an element with attributes as they are.
    fn element(&mut self, name: &str, attributes: &str, style: &str) {
        let _ = writeln!(self.body, "<{name} {attributes} {style}/>");
    }

    pub(super) fn line(&mut self, a: [f64; 2], b: [f64; 2], style: &str) {
        let ends =
            format!("x1=\"{}\" y1=\"{}\" x2=\"{}\" y2=\"{}\"", n(a[0]), n(a[1]), n(b[0]), n(b[1]));
        self.element("line", &ends, style);
    }

    pub(super) fn rect(&mut self, at: [f64; 2], size: [f64; 2], style: &str) {
        let [x, y] = at;
        let box_ = format!(
            "x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"",
            n(x),
            n(y),
            n(size[0].max(0.0)),
            n(size[1].max(0.0))
        );
        self.element("rect", &box_, style);
    }

    pub(super) fn ellipse(&mut self, centre: [f64; 2], half: [f64; 2], style: &str) {
        let [x, y] = centre;
        let shape =
            format!("cx=\"{}\" cy=\"{}\" rx=\"{}\" ry=\"{}\"", n(x), n(y), n(half[0]), n(half[1]));
        self.element("ellipse", &shape, style);
    }

    fn points(points: &[[f64; 2]]) -> String {
        let mut text = String::with_capacity(points.len() * 14);
        for [x, y] in points {
            let _ = write!(text, "{},{} ", n(*x), n(*y));
        }
        format!("points=\"{}\"", text.trim_end())
    }

    pub(super) fn polyline(&mut self, points: &[[f64; 2]], style: &str) {
        self.element("polyline", &Self::points(points), &format!("fill=\"none\" {style}"));
    }

    pub(super) fn polygon(&mut self, points: &[[f64; 2]], style: &str) {
        self.element("polygon", &Self::points(points), style);
    }

    /// Writes a text, its middle at the height of the place.
    pub(super) fn text(
        &mut self,
        at: [f64; 2],
        text: &str,
        size: f64,
        anchor: Anchor,
        style: &str,
    ) {
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let [x, y] = [at[0], at[1] + size * 0.36];
        let _ = writeln!(
            self.body,
            "<text x=\"{}\" y=\"{}\" font-size=\"{}\" text-anchor=\"{anchor}\" {style}>{}</text>",
            n(x),
            n(y),
            n(size),
            escaped(text)
        );
    }

    /// Writes a text into a width, smaller where it does not fit.
    pub(super) fn fitted(&mut self, at: [f64; 2], text: &str, size: f64, width: f64) {
        let fits = (width / text_width(text, 1.0).max(0.1)).min(size).max(0.8);
        self.text(at, text, fits, Anchor::Middle, "");
    }

    /// Closes the page.
    pub(super) fn finish(self, title: &str) -> String {
        let [width, height] = self.size;
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}mm\" height=\"{height}mm\" \
             viewBox=\"0 0 {} {}\" font-family=\"{FONTS}\" fill=\"#111\">\n<title>{}</title>\n\
             <rect x=\"0\" y=\"0\" width=\"{}\" height=\"{}\" fill=\"#fff\"/>\n{}</svg>\n",
            n(width),
            n(height),
            escaped(title),
            n(width),
            n(height),
            self.body
        )
    }
}

/// Makes the attributes of a stroke: colour, width in millimetres, dashes in millimetres.
pub(super) fn stroke(colour: &str, width: f64, dashes: &[f64]) -> String {
    let mut style = format!("stroke=\"{colour}\" stroke-width=\"{}\"", n(width));
    if !dashes.is_empty() {
        let dashes: Vec<String> = dashes.iter().map(|dash| n(*dash)).collect();
        let _ = write!(style, " stroke-dasharray=\"{}\"", dashes.join(" "));
    }
    style
}

/// Colours of a class: fill, and an outline dark enough for white paper.
pub(super) fn colours(class: onemap_model::PipeClass) -> [String; 2] {
    let [r, g, b] = class.colour();
    let luminance = 0.2126 * f64::from(r) + 0.7152 * f64::from(g) + 0.0722 * f64::from(b);
    // Down to a luminance that has a contrast of some 4.5 against white.
    let dark = (100.0 / luminance.max(1.0)).min(0.75);
    let hex = |part: f64| {
        let [r, g, b] = [r, g, b].map(|x| (f64::from(x) * part).round() as u8);
        format!("#{r:02x}{g:02x}{b:02x}")
    };
    [hex(1.0), hex(dark)]
}
