//! Surveys of one neighbourhood with faults on purpose, the same without them, and the list of the faults.

use serde_json::{Value, json};

use super::{Cell, Table, book, cables::wide, round, sewer, text, water};
use crate::city::City;
use crate::geom::{Pt, pt};
use crate::underground::{Net, System, Underground};
use crate::write::{File, WriteError};

/// Middle and radius of the neighbourhood in local metres.
const NEIGHBOURHOOD: (Pt, f64) = (pt(320.0, 640.0), 300.0);

/// Forms the clean and the faulty workbooks, and `pipe_faults.json`.
pub(super) fn files(city: &City, under: &Underground) -> Result<Vec<File>, WriteError> {
    let water = part(under.net(System::Water));
    let (foul, storm) = (part(under.net(System::Foul)), part(under.net(System::Storm)));
    let mut list = Faults::default();
    let clean_water = water::tables(city, &water);
    let faulty_water = water_faults(clean_water.clone(), &mut list);
    let clean_sewer = [sewer::table(city, &foul, "W"), sewer::table(city, &storm, "Y")];
    let faulty_sewer = sewer_faults(clean_sewer.clone(), &mut list);
    let title = "管线普查成果 (局部)";
    let mut bytes = serde_json::to_vec_pretty(&json!({
        "about": "Faults that were put into the surveys on purpose. `record` counts the rows below the header from 1; `kind` is the code of the check that finds it; what is no error must not be reported.",
        "clean": { "water_survey_faults.xlsx": "water_survey_part.xlsx", "sewer_survey_faults.xlsx": "sewer_survey_part.xlsx" },
        "faults": list.found,
    }))?;
    bytes.push(b'\n');
    Ok(vec![
        ("city/water_survey_part.xlsx".to_owned(), book(title, &clean_water)?),
        ("city/water_survey_faults.xlsx".to_owned(), book(title, &faulty_water)?),
        ("city/sewer_survey_part.xlsx".to_owned(), book(title, &clean_sewer)?),
        ("city/sewer_survey_faults.xlsx".to_owned(), book(title, &faulty_sewer)?),
        ("city/pipe_faults.json".to_owned(), bytes),
    ])
}

/// Cuts the neighbourhood out of a network: the largest connected part within it.
fn part(net: &Net) -> Net {
    let (middle, radius) = NEIGHBOURHOOD;
    let inside: Vec<bool> = net.nodes.iter().map(|n| (n.at - middle).len() < radius).collect();
    let mut next: Vec<Vec<usize>> = vec![Vec::new(); net.nodes.len()];
    for link in &net.links {
        if inside[link.from] && inside[link.to] {
            next[link.from].push(link.to);
            next[link.to].push(link.from);
        }
    }
    let mut seen = vec![false; net.nodes.len()];
    let mut best: Vec<usize> = Vec::new();
    for start in 0..net.nodes.len() {
        if seen[start] || !inside[start] {
            continue;
        }
        seen[start] = true;
        let (mut group, mut stack) = (Vec::new(), vec![start]);
        while let Some(n) = stack.pop() {
            group.push(n);
            for &m in &next[n] {
                if !seen[m] {
                    seen[m] = true;
                    stack.push(m);
                }
            }
        }
        if group.len() > best.len() {
            best = group;
        }
    }
    best.sort_unstable();
    let place = |n: usize| best.binary_search(&n).ok();
    Net {
        system: net.system,
        nodes: best.iter().map(|n| net.nodes[*n].clone()).collect(),
        links: net
            .links
            .iter()
            .filter_map(|l| {
                let (from, to) = (place(l.from)?, place(l.to)?);
                let mut link = l.clone();
                (link.from, link.to) = (from, to);
                Some(link)
            })
            .collect(),
    }
}

#[derive(Default)]
struct Faults {
    found: Vec<Value>,
    file: &'static str,
}

impl Faults {
    /// Notes a fault in a row (from 0) of a table.
    fn note(&mut self, table: &Table, row: usize, kind: &str, what: &str) {
        let line = table.header.iter().any(|h| h == "起点点号" || h == "连接点号");
        let (a, b) = if table.header[0] == "起点点号" {
            ("起点点号", "终点点号")
        } else {
            ("物探点号", "连接点号")
        };
        let feature = if line {
            json!({ "from": table.text(row, a), "to": table.text(row, b) })
        } else {
            json!(table.text(row, "物探点号"))
        };
        let error = !kind.starts_with("no-error");
        self.found.push(json!({
            "file": self.file, "table": table.name, "record": row + 1,
            (if line { "line" } else { "point" }): feature,
            "kind": kind, "error": error, "what": what,
        }));
    }
}

/// Picks rows one after another, none twice, well spread.
struct Picker {
    used: Vec<bool>,
    at: usize,
}

impl Picker {
    fn new(rows: usize) -> Self {
        Self { used: vec![false; rows], at: rows / 9 }
    }

    fn pick(&mut self, wanted: impl Fn(usize) -> bool) -> usize {
        let n = self.used.len();
        let found =
            (0..n).map(|k| (self.at + k) % n).find(|k| !self.used[*k] && wanted(*k)).unwrap_or(0);
        self.used[found] = true;
        self.at = (found + n / 23 + 1) % n;
        found
    }
}

/// Moves both depth and height of a line's end, so that their sum stays.
fn lower(lines: &mut Table, row: usize, end: &str, by: f64) {
    let (depth, height) = (format!("{end}埋深"), format!("{end}管顶高程"));
    let (d, h) = (lines.number(row, &depth), lines.number(row, &height));
    lines.set(row, &depth, Cell::Number(round(d + by)));
    lines.set(row, &height, Cell::Number(round(h - by)));
}

fn water_faults([mut points, mut lines]: [Table; 2], list: &mut Faults) -> [Table; 2] {
    list.file = "water_survey_faults.xlsx";
    let clean = points.clone();
    let thing = |k: usize| clean.text(k, "附属物");
    let mut point = Picker::new(points.rows.len());
    let mut line = Picker::new(lines.rows.len());
    let old_lines = lines.clone();
    let row_of = |code: &str| {
        (0..clean.rows.len()).find(|k| clean.text(*k, "物探点号") == code).unwrap_or(0)
    };
    let plain_line = |k: usize| old_lines.text(k, "起点点号") != old_lines.text(k, "终点点号");
    // Lines that end at a meter or hydrant: nothing else hangs on their ends.
    let leaf = |k: usize| {
        let end = row_of(&old_lines.text(k, "终点点号"));
        matches!(thing(end).as_str(), "水表" | "消防栓")
    };

    // Cells of points.
    let k = point.pick(|k| thing(k) == "阀门");
    points.set(k, "特征", text("三通"));
    list.note(&points, k, "both-kinds", "特征 and 附属物 are both filled in");
    let k = point.pick(|k| clean.text(k, "特征") == "直线点");
    points.set(k, "特征", text("三通"));
    list.note(&points, k, "degree", "三通 where two pipes meet");
    let k = point.pick(|k| thing(k) == "水表");
    points.set(k, "要素代码", text("52022201"));
    list.note(&points, k, "class-code", "feature code of a foul sewer");
    let k = point.pick(|k| thing(k) == "水表");
    let (x, y) = (points.number(k, "X"), points.number(k, "Y"));
    points.set(k, "X", Cell::Number(y));
    points.set(k, "Y", Cell::Number(x));
    list.note(&points, k, "swapped-coordinates", "X is the easting, Y the northing");
    let k = point.pick(|k| thing(k) == "水表");
    let x = points.number(k, "X");
    points.set(k, "X", Cell::Number(x + 600_000.0));
    list.note(&points, k, "far-away", "X is 600 km too large");
    let k = point.pick(|k| thing(k) == "水表");
    points.set(k, "X", Cell::Empty);
    points.set(k, "Y", Cell::Empty);
    list.note(&points, k, "no-coordinates", "X and Y are empty");
    let k = point.pick(|k| thing(k) == "消防栓");
    let x = points.number(k, "X");
    points.set(k, "X", text(format!("{x:.0}?12")));
    list.note(&points, k, "not-a-number", "X holds a question mark");
    let k = point.pick(|k| thing(k) == "阀门");
    points.set(k, "井深", Cell::Number(0.35));
    list.note(&points, k, "shallow-manhole", "the chamber is less deep than its pipe");
    let k = point.pick(|k| thing(k) == "水表");
    let ground = points.number(k, "地面高程");
    points.set(k, "地面高程", Cell::Number(round(ground + 1.0)));
    list.note(
        &points,
        k,
        "level-sum",
        "the ground is one metre too high for depth and height of its pipe",
    );

    // Cells of lines.
    let k = line.pick(plain_line);
    let depth = lines.number(k, "起点埋深");
    lines.set(k, "起点埋深", Cell::Number(round(depth + 0.4)));
    list.note(&lines, k, "level-sum", "起点埋深 is 0.40 m too large");
    let k = line.pick(leaf);
    let by = 12.0 - lines.number(k, "终点埋深");
    lower(&mut lines, k, "终点", by);
    let by = 12.0 - lines.number(k, "起点埋深");
    lower(&mut lines, k, "起点", by);
    list.note(&lines, k, "depth-limit", "12 m deep");
    let span = |k: usize| {
        let (a, b) =
            (row_of(&old_lines.text(k, "起点点号")), row_of(&old_lines.text(k, "终点点号")));
        let d = pt(clean.number(a, "Y"), clean.number(a, "X"))
            - pt(clean.number(b, "Y"), clean.number(b, "X"));
        d.len()
    };
    let short = |k: usize| (1.2..3.0).contains(&span(k));
    let long = |k: usize| span(k) > 12.0;
    let k = line.pick(|k| leaf(k) && short(k));
    lower(&mut lines, k, "终点", 4.5);
    list.note(&lines, k, "slope-limit", "falls 4.5 m within 3 m");
    let k = line.pick(leaf);
    let by = -0.6 - lines.number(k, "终点埋深");
    lower(&mut lines, k, "终点", by);
    list.note(&lines, k, "depth-sign", "直埋 with a negative depth");
    for (column, value, kind, what) in [
        ("管径", text("圆管"), "bad-section", "管径 is no size"),
        ("管径", text("30000"), "section-limit", "管径 is 30 m"),
        ("材质", text("纸"), "unknown-material", "材质 is none of the standard"),
        ("埋设方式", text("悬挂"), "unknown-laying", "埋设方式 is none of the standard"),
        ("使用状态", text("不详"), "unknown-state", "使用状态 is none of the standard"),
        ("终点埋深", text("一米五"), "not-a-number", "终点埋深 in words"),
        ("建设年代", text("2206"), "bad-date", "built in 2206"),
    ] {
        let k = line.pick(leaf);
        lines.set(k, column, value);
        list.note(&lines, k, kind, what);
    }
    for column in ["起点埋深", "建设年代", "管径"] {
        let k = line.pick(plain_line);
        let value = lines.text(k, column);
        lines.set(k, column, text(wide(&value)));
        list.note(&lines, k, "no-error-full-width", &format!("{column} in full-width digits"));
    }

    // Rows too many.
    let k = line.pick(leaf);
    lines.rows.push(old_lines.rows[k].clone());
    list.note(&lines, lines.rows.len() - 1, "duplicate-line", "the line a second time");
    let k = line.pick(leaf);
    let mut row = old_lines.rows[k].clone();
    for (a, b) in [(0, 1), (2, 3), (4, 5)] {
        row.swap(a, b);
    }
    lines.rows.push(row);
    list.note(
        &lines,
        lines.rows.len() - 1,
        "reversed-line",
        "the line a second time, the other way round",
    );
    let valves: Vec<usize> = (0..clean.rows.len()).filter(|k| thing(*k) == "阀门").collect();
    let free: Vec<usize> = valves.iter().copied().filter(|k| !point.used[*k]).collect();
    let mut stands = free.iter().copied();
    let mut stand = || stands.next().unwrap_or(0);
    let proto = old_lines.rows[line.pick(leaf)].clone();
    let add_line = |lines: &mut Table, from: (&str, f64), to: (&str, f64)| {
        // One metre and a half below the ground at both ends.
        let mut row = proto.clone();
        row[0] = text(from.0);
        row[1] = text(to.0);
        (row[2], row[3]) = (Cell::Number(1.5), Cell::Number(1.5));
        (row[4], row[5]) = (Cell::Number(round(from.1 - 1.5)), Cell::Number(round(to.1 - 1.5)));
        lines.rows.push(row);
        lines.rows.len() - 1
    };
    let named = |k: usize| (clean.text(k, "物探点号"), clean.number(k, "地面高程"));
    let (code, ground) = named(stand());
    let k = add_line(&mut lines, (&code, ground), ("JS99901", ground));
    list.note(&lines, k, "missing-end", "JS99901 is in no table of points");
    let (code, ground) = named(stand());
    let k = add_line(&mut lines, (&code, ground), (&code, ground));
    list.note(&lines, k, "start-is-end", "it ends where it begins");
    let (code, ground) = named(stand());
    let k = add_line(&mut lines, (&code, ground), ("", ground));
    list.note(&lines, k, "missing-value", "终点点号 is empty");
    let first = stand();
    let at = |k: usize| pt(clean.number(k, "Y"), clean.number(k, "X"));
    let far = valves
        .iter()
        .copied()
        .find(|k| (90.0..220.0).contains(&(at(*k) - at(first)).len()) && free.contains(k))
        .unwrap_or(first);
    let ((a, za), (b, zb)) = (named(first), named(far));
    let k = add_line(&mut lines, (&a, za), (&b, zb));
    list.note(&lines, k, "too-long", "more than 75 m between two points");

    // Points too many.
    let add_point = |points: &mut Table, like: usize, code: &str, by: Pt| {
        let mut row = clean.rows[like].clone();
        row[0] = text(code);
        row[1] = text("预留口");
        row[2] = Cell::Empty;
        row[3] = Cell::Number(clean.number(like, "X") + by.y);
        row[4] = Cell::Number(clean.number(like, "Y") + by.x);
        row[6] = Cell::Empty;
        row[7] = text("51042101");
        points.rows.push(row);
        points.rows.len() - 1
    };
    let like = stand();
    let k = add_point(&mut points, like, "JS99902", pt(7.0, 4.0));
    list.note(&points, k, "unused-point", "no line ends here");
    let like = point.pick(|k| thing(k) == "消防栓");
    let code = clean.text(like, "物探点号");
    let k = add_point(&mut points, like, &code, pt(3.0, 2.0));
    list.note(&points, k, "duplicate-point", "the number of another point");
    let like = stand();
    let k = add_point(&mut points, like, "JS99903", pt(0.0, 0.0));
    list.note(&points, k, "same-place", "X, Y and height of another point");
    let near = valves
        .iter()
        .copied()
        .filter(|n| *n != like)
        .min_by(|a, b| (at(*a) - at(like)).len().total_cmp(&(at(*b) - at(like)).len()))
        .unwrap_or(like);
    let (code, ground) = named(near);
    add_line(&mut lines, ("JS99903", clean.number(like, "地面高程")), (&code, ground));
    let like = stand();
    add_point(&mut points, like, "JS99904", pt(0.02, 0.02));
    let (code, ground) = named(like);
    let k = add_line(&mut lines, (&code, ground), ("JS99904", ground));
    list.note(&lines, k, "too-short", "three centimetres long");
    // Away from a valve in nearly the direction of the pipe that is there.
    let k = line.pick(|k| thing(row_of(&old_lines.text(k, "起点点号"))) == "阀门" && long(k));
    let (from, to) =
        (row_of(&old_lines.text(k, "起点点号")), row_of(&old_lines.text(k, "终点点号")));
    let away = (at(to) - at(from)).unit().turn(0.06) * 9.0;
    add_point(&mut points, from, "JS99905", away);
    let (code, ground) = named(from);
    let k = add_line(&mut lines, (&code, ground), ("JS99905", ground));
    list.note(&lines, k, "angle", "leaves the valve beside another pipe, three degrees apart");
    let like = stand();
    let ground = clean.number(like, "地面高程");
    for (code, by) in [("JS99906", 30.0), ("JS99907", 50.0), ("JS99908", 70.0)] {
        add_point(&mut points, like, code, pt(by, 400.0));
    }
    let last = points.rows.len() - 2;
    points.set(last, "特征", text("直线点"));
    let k = add_line(&mut lines, ("JS99906", ground), ("JS99907", ground));
    list.note(&lines, k, "separate-part", "two pipes that are joined to nothing else");
    add_line(&mut lines, ("JS99907", ground), ("JS99908", ground));

    // Headers.
    lines.header.push(String::new());
    lines.header.push("备注".to_owned());
    for row in &mut lines.rows {
        row.push(Cell::Empty);
        row.push(Cell::Empty);
    }
    let (blank, twice) = (lines.header.len() - 2, lines.header.len() - 1);
    lines.rows[3][blank] = text("?");
    lines.rows[4][twice] = text("见图");
    for (kind, what) in [
        ("empty-header", "a column of JSLINE has values but no header"),
        ("duplicate-header", "JSLINE has two columns 备注"),
    ] {
        list.found.push(json!({
            "file": list.file, "table": "JSLINE", "record": 0, "kind": kind, "error": true, "what": what,
        }));
    }
    [points, lines]
}

fn sewer_faults([mut foul, mut storm]: [Table; 2], list: &mut Faults) -> [Table; 2] {
    list.file = "sewer_survey_faults.xlsx";
    let clean = foul.clone();
    let mut row = Picker::new(foul.rows.len());
    let back = |table: &Table, k: usize| {
        let (a, b) = (table.text(k, "物探点号"), table.text(k, "连接点号"));
        (0..table.rows.len())
            .find(|j| table.text(*j, "物探点号") == b && table.text(*j, "连接点号") == a)
            .unwrap_or(k)
    };
    let away = |k: usize| clean.text(k, "流向") == sewer::flow(true);
    let count =
        |code: &str| (0..clean.rows.len()).filter(|k| clean.text(*k, "物探点号") == code).count();
    let house = |k: usize| clean.text(k, "附属物") == "化粪池";

    // The lower end of a pipe lies half a metre above its upper end.
    let k = row.pick(|k| {
        away(k)
            && !house(k)
            && clean.number(k, "埋深") > 2.4
            && count(&clean.text(k, "连接点号")) > 1
    });
    let j = back(&foul, k);
    let (upper, ground) = (foul.number(k, "管底高程"), foul.number(j, "地面高程"));
    foul.set(j, "管底高程", Cell::Number(round(upper + 0.5)));
    foul.set(j, "埋深", Cell::Number(round(ground - upper - 0.5)));
    list.note(&foul, k, "back-fall", "rises half a metre in the direction of flow");
    let k = row.pick(|k| !house(k) && count(&clean.text(k, "物探点号")) > 1);
    let (ground, depth) = (foul.number(k, "地面高程"), foul.number(k, "埋深"));
    foul.set(k, "地面高程", Cell::Number(round(ground + 0.3)));
    foul.set(k, "埋深", Cell::Number(round(depth + 0.3)));
    list.note(
        &foul,
        k,
        "point-disagrees",
        "the ground is 0.30 m higher than in the other rows of the point",
    );
    let k = row.pick(house);
    foul.set(k, "埋深", Cell::Number(9.99));
    list.note(&foul, k, "level-sum", "埋深 is not ground less height");
    let k = row.pick(|k| !house(k));
    foul.set(k, "材质", text("竹"));
    list.note(&foul, k, "unknown-material", "材质 is none of the standard");
    let k = row.pick(|k| !house(k));
    foul.set(k, "管径或断面", text("d"));
    list.note(&foul, k, "bad-section", "管径或断面 has no number");
    let k = row.pick(house);
    foul.set(k, "埋深", text("2.1O"));
    list.note(&foul, k, "not-a-number", "the letter O for a zero");
    let k = row.pick(|k| !house(k) && count(&clean.text(k, "物探点号")) > 1);
    let mut extra = clean.rows[k].clone();
    extra[1] = text("WS99901");
    foul.rows.push(extra);
    list.note(&foul, foul.rows.len() - 1, "missing-end", "WS99901 has no row of its own");
    let k = row.pick(|k| !house(k));
    let mut extra = clean.rows[k].clone();
    extra[1] = extra[0].clone();
    foul.rows.push(extra);
    list.note(&foul, foul.rows.len() - 1, "start-is-end", "joined to itself");
    let k = row.pick(house);
    foul.rows.push(clean.rows[k].clone());
    list.note(&foul, foul.rows.len() - 1, "duplicate-line", "the same row a second time");
    let k = row.pick(|k| !house(k));
    let mut extra = clean.rows[k].clone();
    let x = clean.number(k, "X");
    (extra[0], extra[1]) = (text("WS99902"), Cell::Empty);
    extra[4] = Cell::Number(x + 11.0);
    foul.rows.push(extra);
    list.note(&foul, foul.rows.len() - 1, "unused-point", "joined to nothing");
    let k = row.pick(|k| !house(k));
    let value = foul.text(k, "埋深");
    foul.set(k, "埋深", text(wide(&value)));
    list.note(&foul, k, "no-error-full-width", "埋深 in full-width digits");

    let clean = storm.clone();
    let mut row = Picker::new(storm.rows.len());
    let inlet = |k: usize| clean.text(k, "附属物") == "雨水篦";
    let k = row.pick(|k| !inlet(k) && clean.number(k, "井深") > 1.0);
    let code = clean.text(k, "物探点号");
    for j in 0..storm.rows.len() {
        if storm.text(j, "物探点号") == code {
            storm.set(j, "井深", Cell::Number(0.3));
        }
    }
    list.note(&storm, k, "shallow-manhole", "less deep than its pipes");
    let k = row.pick(inlet);
    let (x, y) = (storm.number(k, "X"), storm.number(k, "Y"));
    storm.set(k, "X", Cell::Number(y));
    storm.set(k, "Y", Cell::Number(x));
    list.note(&storm, k, "swapped-coordinates", "X is the easting, Y the northing");
    let k = row.pick(inlet);
    let (ground, j) = (storm.number(k, "地面高程"), back(&clean, k));
    storm.set(k, "管底高程", Cell::Number(round(ground - 11.0)));
    storm.set(k, "埋深", Cell::Number(11.0));
    storm.set(k, "流向", Cell::Empty);
    storm.set(j, "流向", Cell::Empty);
    list.note(&storm, k, "depth-limit", "11 m deep");
    let k = row.pick(inlet);
    let j = back(&clean, k);
    for at in [k, j] {
        storm.set(at, "建设年代", Cell::Number(1066.0));
    }
    list.note(&storm, k.min(j), "bad-date", "built in 1066");
    [foul, storm]
}
