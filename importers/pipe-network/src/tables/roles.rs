//! What the headers of tables mean.

use onemap_bounded::text::normalise_width;

use super::headers::{ALIASES, FROM_WORDS, LEVELS, NAMES, TO_WORDS};
use crate::draft::Level;

/// One end of a line, or the point of the row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum At {
    Row,
    From,
    To,
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Role {
    /// Number of the point, or of the points at a line's ends.
    Code(At),
    /// Number of the point at the other end of a line, in tables of one row for each end.
    Linked,
    /// Number of a line.
    Link,
    Northing,
    Easting,
    /// Coordinates of a line's ends in the line's own row.
    EndNorthing(At),
    EndEasting(At),
    Ground(At),
    /// Height of the pipe; the level is known where the header says it.
    Elevation(At),
    Top(At),
    Invert(At),
    Depth(At),
    WellDepth,
    Bottom,
    Feature,
    Appurtenance,
    FeatureCode,
    Class,
    Section,
    Shape,
    Width,
    Height,
    Diameter,
    /// Size of the casing around a pipe: 套管.
    Casing,
    CasingMaterial,
    Holes,
    HolesUsed,
    Cables,
    Material,
    Laying,
    Pressure,
    Flow,
    State,
    /// Whether a valve is shut.
    Closed,
    /// Whether it can be turned.
    Operable,
    Built,
    Owner,
    Road,
    Length,
    /// Not wanted.
    Ignore,
}

impl Role {
    /// Reads the name of a role in a mapping file.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        NAMES.iter().find(|(known, _)| *known == name).map(|(_, role)| *role)
    }

    /// Lists the names.
    pub(crate) fn names() -> String {
        NAMES.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
    }

    /// Finds the role of a header; the lower the number, the better the name fits.
    pub(crate) fn of_header(header: &str) -> Option<(Self, usize)> {
        let plain = plain_header(header);
        // 埋深(起点): what stands in brackets may be the end.
        if header.contains(['(', '（'])
            && let Some(found) = end_role(header, &plain)
        {
            return Some(found);
        }
        for (role, names) in ALIASES {
            if let Some(rank) = names.split(' ').position(|name| name == plain) {
                return Some((*role, rank));
            }
        }
        if let Some((role, rank)) = level(&plain, At::Row) {
            return Some((role, rank));
        }
        end_role(header, &plain)
    }

    /// Tells what the heights in a column are those of, where its header says so.
    pub(crate) fn level_of_header(header: &str) -> Option<Level> {
        let plain = plain_header(header);
        if ["管顶", "外顶", "顶高程", "顶埋深", "top"].iter().any(|word| plain.contains(word))
        {
            Some(Level::Top)
        } else if ["管底", "内底", "沟底", "底高程", "底埋深", "invert", "bob"]
            .iter()
            .any(|word| plain.contains(word))
        {
            Some(Level::Invert)
        } else if plain.contains("中心") || plain.contains("centre") || plain.contains("center") {
            Some(Level::Centre)
        } else {
            None
        }
    }
}

fn level(plain: &str, at: At) -> Option<(Role, usize)> {
    let is_of_row =
        |role: Role| !matches!(role, Role::Code(_) | Role::EndNorthing(_) | Role::EndEasting(_));
    let known = LEVELS.iter().filter(|(make, _)| at != At::Row || is_of_row(make(at)));
    known.into_iter().find_map(|(make, names)| {
        names.split(' ').position(|name| name == plain).map(|rank| (make(at), rank))
    })
}

/// Reads headers such as 起点埋深, `start_depth`, `埋深(起点)`, `invert_us`.
fn end_role(header: &str, plain: &str) -> Option<(Role, usize)> {
    let lower = normalise_width(header).trim().to_lowercase();
    let parts: Vec<&str> =
        lower.split(['_', '-', ' ', '.', '(', ')', '（', '）']).filter(|p| !p.is_empty()).collect();
    for (at, words) in [(At::From, FROM_WORDS), (At::To, TO_WORDS)] {
        for word in words.split(' ') {
            if word.len() > 1 {
                if let Some(rest) = plain.strip_prefix(word)
                    && let Some(found) = level(rest, at)
                {
                    return Some(found);
                }
                if let Some(rest) = plain.strip_suffix(word)
                    && let Some(found) = level(rest, at)
                {
                    return Some(found);
                }
            }
            // `S_DEPTH`, `DEPTH_S`, `埋深(起点)`.
            if let [first, rest @ ..] = parts.as_slice()
                && *first == word
                && let Some(found) = level(&plain_header(&rest.concat()), at)
            {
                return Some(found);
            }
            if let [rest @ .., last] = parts.as_slice()
                && *last == word
                && let Some(found) = level(&plain_header(&rest.concat()), at)
            {
                return Some(found);
            }
        }
        if plain.chars().count() > 1 && words.split(' ').any(|word| word == plain) {
            return Some((Role::Code(at), 99));
        }
    }
    None
}

/// Returns a header without spaces, underscores, and units in brackets, in lower case and half width.
pub(crate) fn plain_header(header: &str) -> String {
    let narrow = normalise_width(header).trim().to_lowercase();
    let base = narrow
        .split(['(', '[', '{', '（'])
        .next()
        .filter(|base| !base.trim().is_empty())
        .unwrap_or(&narrow);
    let plain: String = base
        .chars()
        .filter(|c| !matches!(c, ' ' | '_' | '-' | '.' | '/' | ':' | '\t' | '\n' | '\r' | '、'))
        .collect();
    plain
        .strip_suffix("mm")
        .filter(|rest| !rest.is_empty() && !rest.is_ascii())
        .map_or(plain.clone(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_of_survey_offices_and_engineers_are_understood() {
        use At::{From, Row, To};
        for (headers, expected) in [
            (
                &["物探点号", "图上点号", "管线点预编号", "EXP_NO", "SURVEY_ID", "点号", "CODE"][..],
                Role::Code(Row),
            ),
            (&["连接点号", "LJDH", "LinkPoint"], Role::Linked),
            (
                &[
                    "起点点号",
                    "起始点号",
                    "起点",
                    "BEGINPUT",
                    "from_node",
                    "S_POINT",
                    "us_node",
                    "起点物探点号",
                    "START_ID",
                    "fnode",
                    "beginknoop",
                ],
                Role::Code(From),
            ),
            (
                &[
                    "终点点号",
                    "终止点号",
                    "EINDPUT",
                    "to_node",
                    "E_Point",
                    "ds_node",
                    "终点物探点号",
                ],
                Role::Code(To),
            ),
            (&["X", "X坐标", "纵坐标(X)", "Ｘ"], Role::Northing),
            (&["Y", "Y坐标(m)", "横坐标"], Role::Easting),
            (&["地面高程", "地面高程(m)", "SURF_H"], Role::Ground(Row)),
            (&["起点地面高程"], Role::Ground(From)),
            (&["管顶高程"], Role::Top(Row)),
            (&["管底高程", "管内底高程"], Role::Invert(Row)),
            (&["起点管顶高程"], Role::Top(From)),
            (&["终点管底高程", "BOB_ACTU_1"], Role::Invert(To)),
            (&["起点高程", "起点管线高程", "S_ELEV"], Role::Elevation(From)),
            (&["埋深", "B_DEPTH", "埋深(m)"], Role::Depth(Row)),
            (&["起点埋深", "S_DEEP", "start_depth", "埋深(起点)", "QDMS"], Role::Depth(From)),
            (&["终点埋深", "depth_to", "E_DEPTH"], Role::Depth(To)),
            (&["管径或断面", "管径(mm)", "断面尺寸", "沟截面宽高"], Role::Section),
            (&["压力(电压)", "压力", "电压值"], Role::Pressure),
            (&["附属物", "SUBSID"], Role::Appurtenance),
            (&["建设年代", "埋设年代", "AANLEGJAAR"], Role::Built),
            (&["套管管径(mm)", "套管", "保护管", "保护套管管径", "casing_diameter"], Role::Casing),
            (&["套管材质", "保护管材质"], Role::CasingMaterial),
        ] {
            for header in headers {
                let plain = plain_header(header);
                let found = Role::of_header(header).map(|(role, _)| role);
                assert_eq!(found, Some(expected), "{header} ({plain})");
            }
        }
        assert_eq!(Role::of_header("备注"), None);
    }
}
