//! Which way lines flow: as the source says, else by their inverts.

use onemap_model::Note;

use crate::draft::{Draft, Level};

/// Heights nearer than this do not tell a direction, metres.
const FLAT_M: f64 = 0.0005;

/// Sets the flow of links. `written` is what the source has, link by link.
pub(super) fn set(draft: &mut Draft, written: &[Option<String>]) {
    let falls: Vec<i8> = draft
        .links
        .iter()
        .map(|link| {
            let is_gravity = match link.system {
                Some(system) => system.class.is_gravity(),
                None => {
                    draft.class.is_some_and(onemap_model::PipeClass::is_gravity)
                        || link.level == Some(Level::Invert)
                }
            };
            match link.from.elevation.zip(link.to.elevation) {
                Some((from, to)) if is_gravity && from - to > FLAT_M => 1,
                Some((from, to)) if is_gravity && to - from > FLAT_M => -1,
                _ => 0,
            }
        })
        .collect();
    let coding = Coding::of(written, &falls, &mut draft.notes);
    for ((link, written), fall) in draft.links.iter_mut().zip(written).zip(&falls) {
        let given =
            written.as_deref().and_then(|text| coding.read(text, &link.from.node, &link.to.node));
        link.flow = match (given, *fall) {
            (Some(flow), _) => Some((flow, "given")),
            (None, 0) => None,
            (None, fall) => Some((fall, "inverts")),
        };
    }
}

/// What numbers mean in a column of directions.
#[derive(Debug, Clone, Copy)]
enum Coding {
    /// 0 forwards, 1 backwards, 2 both.
    ZeroIsForwards,
    /// 1 forwards, 2 backwards, 0 unknown.
    OneIsForwards,
    /// 1 forwards, -1 backwards, 0 neither.
    Signed,
}

impl Coding {
    fn of(written: &[Option<String>], falls: &[i8], notes: &mut Vec<Note>) -> Self {
        let has = |word: &str| written.iter().flatten().any(|text| text.trim() == word);
        if has("-1") {
            return Self::Signed;
        }
        if has("2") && !has("0") || (has("1") && !has("0")) {
            return Self::OneIsForwards;
        }
        if !has("0") {
            return Self::OneIsForwards;
        }
        // Lines that fall say which of the two numbers is forwards.
        let zero_forwards = written.iter().zip(falls).fold(0i64, |sum, (text, fall)| {
            match text.as_deref().map(str::trim) {
                Some("0") => sum + i64::from(*fall),
                Some("1") => sum - i64::from(*fall),
                _ => sum,
            }
        });
        let coding = if zero_forwards >= 0 { Self::ZeroIsForwards } else { Self::OneIsForwards };
        let (zero, one) = match coding {
            Self::ZeroIsForwards => ("from the first point to the last", "the other way"),
            _ => ("not known", "from the first point to the last"),
        };
        notes.push(Note::assumed(format!(
            "the flow 0 is taken as {zero}, 1 as {one}; say otherwise with --map"
        )));
        coding
    }

    fn read(self, text: &str, from: &str, to: &str) -> Option<i8> {
        let text = text.trim();
        match (self, text) {
            (Self::ZeroIsForwards, "0") | (Self::OneIsForwards | Self::Signed, "1" | "+1") => {
                return Some(1);
            }
            (Self::ZeroIsForwards, "1") | (Self::OneIsForwards, "2") | (Self::Signed, "-1") => {
                return Some(-1);
            }
            (Self::ZeroIsForwards, "2") | (Self::Signed, "0") => return Some(0),
            _ => {}
        }
        let lower = text.to_lowercase();
        if ["双向", "无", "both"].contains(&lower.as_str()) {
            return Some(0);
        }
        if [
            "+",
            "正",
            "正向",
            "顺",
            "顺向",
            "同向",
            "顺流",
            "起点到终点",
            "起->终",
            "起→终",
            "起点→终点",
            "forward",
            "→",
            "->",
            ">",
        ]
        .contains(&lower.as_str())
        {
            return Some(1);
        }
        if [
            "-",
            "反",
            "反向",
            "逆",
            "逆向",
            "逆流",
            "终点到起点",
            "终->起",
            "终→起",
            "终点→起点",
            "backward",
            "reverse",
            "←",
            "<-",
            "<",
        ]
        .contains(&lower.as_str())
        {
            return Some(-1);
        }
        // The number of the point that it flows to, or `A->B`.
        let target = text.rsplit(['→', '>', '到', '~']).next().unwrap_or(text).trim();
        match target {
            _ if target == to => Some(1),
            _ if target == from => Some(-1),
            _ => None,
        }
    }
}
