//! What columns mean by their names.

use onemap_bounded::text::normalise_width;

/// What a column may hold of a record's place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// Longitude, degrees.
    Longitude,
    /// Latitude, degrees.
    Latitude,
    /// Easting, by a name that says so.
    Easting,
    /// Northing, by a name that says so.
    Northing,
    /// X of a Chinese survey table: the northing.
    SurveyX,
    /// Y of a Chinese survey table: the easting.
    SurveyY,
    /// A bare `x`.
    X,
    /// A bare `y`.
    Y,
    /// Height, metres.
    Height,
    /// A geometry as text.
    Shape,
}

/// Tells the role of a column by its name.
pub(super) fn role(name: &str) -> Option<Role> {
    let name = normalise_width(name).trim().to_lowercase();
    let base = name.split(['(', '[', '{', '/']).next().unwrap_or(&name).trim();
    let bare: String = base.chars().filter(|c| !matches!(c, ' ' | '_' | '-' | '.' | '°')).collect();
    let has_word = |words: &[&str]| {
        base.split(|c: char| !c.is_ascii_alphanumeric()).any(|part| words.contains(&part))
    };
    let both = name.contains("经纬") || name.contains("纬经");
    if both {
        return None;
    }
    if bare.contains("经度")
        || bare.contains("东经")
        || has_word(&["lon", "lng", "longitude"])
        || bare == "long"
    {
        return Some(Role::Longitude);
    }
    if bare.contains("纬度") || bare.contains("北纬") || has_word(&["lat", "latitude"]) {
        return Some(Role::Latitude);
    }
    // 纵坐标 is the vertical axis of the map, 横坐标 the horizontal one.
    if bare == "纵" || bare.contains("纵坐标") {
        return Some(Role::SurveyX);
    }
    if bare == "横" || bare.contains("横坐标") {
        return Some(Role::SurveyY);
    }
    if bare.contains("北坐标") || bare.contains("坐标北") || has_word(&["northing"]) {
        return Some(Role::Northing);
    }
    if bare.contains("东坐标") || bare.contains("坐标东") || has_word(&["easting"]) {
        return Some(Role::Easting);
    }
    if bare.contains("坐标") {
        let without = bare.replace("坐标", "");
        let axis = without.trim_start_matches(|c: char| !c.is_ascii());
        return match axis {
            "x" => Some(Role::SurveyX),
            "y" => Some(Role::SurveyY),
            "z" | "h" => Some(Role::Height),
            _ => None,
        };
    }
    match bare.as_str() {
        "x" | "xcoord" | "xcoordinate" | "coordx" | "pointx" | "centerx" | "centroidx" => {
            Some(Role::X)
        }
        "y" | "ycoord" | "ycoordinate" | "coordy" | "pointy" | "centery" | "centroidy" => {
            Some(Role::Y)
        }
        "z" | "zcoord" | "coordz" | "pointz" | "elevation" | "elev" | "ele" | "altitude"
        | "alt" | "高程" | "地面高程" | "海拔" | "海拔高度" | "标高" | "地面标高" => {
            Some(Role::Height)
        }
        "wkt" | "geom" | "thegeom" | "geometry" | "shape" | "wkbgeometry" | "wkbgeom"
        | "geomwkt" | "wktgeom" | "geometrywkt" | "shapewkt" | "geojson" | "geo" | "wkb"
        | "ewkt" | "ewkb" | "几何" | "图形" | "几何图形" | "空间数据" | "空间信息" => {
            Some(Role::Shape)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_departments_tell_their_role() {
        for (names, expected) in [
            (
                &[
                    "lon",
                    "LNG",
                    "Longitude",
                    "gps_lon",
                    "经度",
                    "X经度",
                    "东经",
                    "经度(°)",
                    "中心点经度",
                    "经 度",
                ][..],
                Some(Role::Longitude),
            ),
            (
                &["lat", "Latitude", "纬度", "北纬", "Y纬度（度）", "wgs84_lat"],
                Some(Role::Latitude),
            ),
            (
                &[
                    "X坐标",
                    "x 坐标(m)",
                    "坐标X",
                    "Ｘ坐标",
                    "纵坐标(X)",
                    "纵坐标",
                    "纵坐标X（m）",
                    "界址点X坐标",
                ],
                Some(Role::SurveyX),
            ),
            (&["Y坐标", "横坐标(Y)", "坐标Y（米）"], Some(Role::SurveyY)),
            (&["北坐标", "Northing", "northing_m", "北坐标X"], Some(Role::Northing)),
            (&["东坐标(Y)", "easting"], Some(Role::Easting)),
            (&["x", "X", "x(m)", "POINT_X"], Some(Role::X)),
            (&["高程", "高程(m)", "Z", "Z坐标", "elevation"], Some(Role::Height)),
            (&["wkt", "the_geom", "Geometry", "几何"], Some(Role::Shape)),
            (
                &[
                    "名称",
                    "经纬度",
                    "along",
                    "plate",
                    "height",
                    "高度",
                    "安装高度",
                    "方位角",
                    "管底高程",
                    "坐标系",
                    "long_name",
                    "纵坡",
                    "east_side",
                    "status",
                ],
                None,
            ),
        ] {
            for name in names {
                assert_eq!(role(name), expected, "{name}");
            }
        }
    }
}
