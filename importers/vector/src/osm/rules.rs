//! Which object goes to which layer: the table of tag rules.
//!
//! | layer | from | rule |
//! |---|---|---|
//! | `roads` | ways | `highway=*`, but not plazas (`area=yes`) and closed `services`, `rest_area`, `platform` |
//! | `railways` | ways | `railway=*` that is a track, not a station, platform or the like |
//! | `waterways` | ways | `waterway=*` that is a line, `natural=coastline` |
//! | `buildings` | areas | `building=*` |
//! | `water` | areas | `natural=water\|bay\|strait`, `landuse=reservoir\|basin\|salt_pond`, `waterway=riverbank\|dock`, `leisure=swimming_pool` |
//! | `green` | areas | parks, gardens, woods, grass and the like: see [`GREEN`] |
//! | `landuse` | areas | any other `landuse=*`; grounds of schools, hospitals, sports, parking, ...: see [`GROUNDS`] |
//! | `boundaries` | relations and closed ways | `boundary=*` |
//! | `boundary_lines` | ways | `boundary=administrative`, and members of such relations |
//! | `pois` | nodes; named areas as a point inside | `shop`, `amenity`, `tourism`, ...: see [`POIS`] |
//! | `places` | nodes; named areas as a point inside | `place=*` |
//!
//! An area is a closed way or a relation of type `multipolygon` or `boundary`. It goes to one of `water`,
//! `green` and `landuse`, in this order; besides that an object goes to every layer whose rule it meets. A
//! value of `no` meets no rule.

use super::element::Tags;

/// The default layers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Layer {
    Roads,
    Railways,
    Waterways,
    Buildings,
    Water,
    Green,
    Landuse,
    Boundaries,
    BoundaryLines,
    Pois,
    Places,
}

impl Layer {
    /// All of them.
    pub(super) const ALL: [Self; 11] = [
        Self::Roads,
        Self::Railways,
        Self::Waterways,
        Self::Buildings,
        Self::Water,
        Self::Green,
        Self::Landuse,
        Self::Boundaries,
        Self::BoundaryLines,
        Self::Pois,
        Self::Places,
    ];
}

/// What shape the object gets in the layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// The node.
    Point,
    /// The way as a line.
    Line,
    /// The closed way or relation as polygons.
    Area,
    /// A point inside the closed way or relation.
    PointInside,
}

/// A layer that an object goes to, and the key of the tag that says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Hit {
    pub(super) layer: Layer,
    pub(super) key: &'static str,
    pub(super) form: Form,
}

/// A key, and which of its values count.
struct Rule {
    key: &'static str,
    values: Values,
}

enum Values {
    Any,
    Only(&'static [&'static str]),
    Except(&'static [&'static str]),
}

const fn any(key: &'static str) -> Rule {
    Rule { key, values: Values::Any }
}

const fn only(key: &'static str, values: &'static [&'static str]) -> Rule {
    Rule { key, values: Values::Only(values) }
}

const fn except(key: &'static str, values: &'static [&'static str]) -> Rule {
    Rule { key, values: Values::Except(values) }
}

/// Closed ways with these are areas, not roads.
const HIGHWAY_AREAS: &[&str] = &["services", "rest_area", "platform"];

/// Values of `railway` that are no track.
const RAILWAY_STATIC: &[&str] = &[
    "station",
    "halt",
    "platform",
    "platform_edge",
    "tram_stop",
    "subway_entrance",
    "stop",
    "switch",
    "signal",
    "level_crossing",
    "crossing",
    "buffer_stop",
    "turntable",
    "traverser",
    "roundhouse",
    "yard",
    "workshop",
    "wash",
    "museum",
    "signal_box",
    "ventilation_shaft",
    "facility",
    "depot",
    "service_station",
    "crossing_box",
    "container_terminal",
];

/// Values of `waterway` that are areas or points.
const WATERWAY_STATIC: &[&str] =
    &["riverbank", "dock", "boatyard", "fuel", "water_point", "turning_point", "lock_gate"];

const WATER: &[Rule] = &[
    only("natural", &["water", "bay", "strait"]),
    only("landuse", &["reservoir", "basin", "salt_pond"]),
    only("waterway", &["riverbank", "dock"]),
    only("leisure", &["swimming_pool"]),
];

const GREEN: &[Rule] = &[
    only(
        "leisure",
        &[
            "park",
            "garden",
            "nature_reserve",
            "golf_course",
            "dog_park",
            "common",
            "recreation_ground",
        ],
    ),
    only("natural", &["wood", "scrub", "grassland", "heath", "shrubbery", "grass"]),
    only(
        "landuse",
        &[
            "forest",
            "grass",
            "meadow",
            "village_green",
            "orchard",
            "vineyard",
            "plant_nursery",
            "flowerbed",
            "recreation_ground",
        ],
    ),
];

/// Grounds that are land use whether or not the way says `landuse`.
const GROUNDS: &[Rule] = &[
    except("landuse", &[]),
    only(
        "natural",
        &[
            "beach",
            "sand",
            "bare_rock",
            "rock",
            "scree",
            "shingle",
            "mud",
            "wetland",
            "glacier",
            "fell",
            "tundra",
            "moor",
            "dune",
            "blockfield",
        ],
    ),
    only(
        "amenity",
        &[
            "school",
            "university",
            "college",
            "kindergarten",
            "hospital",
            "clinic",
            "parking",
            "bicycle_parking",
            "motorcycle_parking",
            "bus_station",
            "ferry_terminal",
            "marketplace",
            "prison",
            "grave_yard",
            "place_of_worship",
            "fuel",
            "courthouse",
            "townhall",
            "fire_station",
            "police",
            "research_institute",
            "monastery",
            "recycling",
            "fountain",
            "public_bath",
            "social_facility",
            "community_centre",
        ],
    ),
    only(
        "leisure",
        &[
            "pitch",
            "playground",
            "sports_centre",
            "stadium",
            "track",
            "marina",
            "water_park",
            "fitness_station",
            "schoolyard",
            "horse_riding",
            "ice_rink",
            "miniature_golf",
            "resort",
            "beach_resort",
            "swimming_area",
        ],
    ),
    only(
        "tourism",
        &[
            "zoo",
            "theme_park",
            "camp_site",
            "caravan_site",
            "attraction",
            "picnic_site",
            "aquarium",
        ],
    ),
    only(
        "aeroway",
        &["aerodrome", "apron", "helipad", "heliport", "runway", "taxiway", "terminal"],
    ),
    only("power", &["plant", "substation", "generator"]),
    only(
        "man_made",
        &[
            "pier",
            "breakwater",
            "groyne",
            "bridge",
            "wastewater_plant",
            "water_works",
            "works",
            "reservoir_covered",
        ],
    ),
    only("place", &["square"]),
    only("public_transport", &["platform", "station"]),
    except("military", &[]),
];

/// Of these an area that is a building too is no ground: the building is drawn already.
const GROUNDS_BESIDE_BUILDINGS: &[&str] = &["landuse", "natural"];

/// Areas in the water or green by these keys must be closed: an open way is a mistake, and rejected. Open ways
/// with other keys are lines of some kind, and of no default layer.
const AREA_ONLY: &[&str] = &["building", "landuse"];

const POIS: &[Rule] = &[
    except("amenity", &["parking_space"]),
    any("shop"),
    any("tourism"),
    any("office"),
    any("healthcare"),
    any("historic"),
    any("craft"),
    except("leisure", &["common"]),
    only(
        "emergency",
        &[
            "fire_hydrant",
            "defibrillator",
            "phone",
            "assembly_point",
            "siren",
            "ambulance_station",
            "fire_extinguisher",
            "life_ring",
            "lifeguard",
            "first_aid_kit",
            "water_tank",
            "suction_point",
        ],
    ),
    only("railway", &["station", "halt", "tram_stop", "subway_entrance"]),
    only("highway", &["bus_stop"]),
    only("public_transport", &["station"]),
    only("aeroway", &["aerodrome", "terminal", "heliport", "helipad", "gate"]),
    only("aerialway", &["station"]),
    only(
        "man_made",
        &[
            "tower",
            "water_tower",
            "lighthouse",
            "chimney",
            "observatory",
            "telescope",
            "windmill",
            "monitoring_station",
        ],
    ),
    only(
        "natural",
        &["peak", "volcano", "spring", "cave_entrance", "saddle", "hot_spring", "geyser"],
    ),
];

impl Rule {
    fn meets(&self, tags: Tags<'_>) -> bool {
        tags.get(self.key).is_some_and(|value| {
            value != "no"
                && match self.values {
                    Values::Any => true,
                    Values::Only(values) => values.contains(&value),
                    Values::Except(values) => !values.contains(&value),
                }
        })
    }
}

fn first(rules: &[Rule], tags: Tags<'_>) -> Option<&'static str> {
    rules.iter().find(|rule| rule.meets(tags)).map(|rule| rule.key)
}

/// Finds the layers of a node.
pub(super) fn of_node(tags: Tags<'_>, hits: &mut Vec<Hit>) {
    hits.clear();
    if let Some(key) = first(POIS, tags) {
        hits.push(Hit { layer: Layer::Pois, key, form: Form::Point });
    }
    if tags.has("place") {
        hits.push(Hit { layer: Layer::Places, key: "place", form: Form::Point });
    }
}

/// What else decides about a way.
#[derive(Debug, Clone, Copy)]
pub(super) struct WayFacts {
    /// It ends where it begins, and has an inside.
    pub(super) is_closed: bool,
    /// It is a member of an administrative boundary.
    pub(super) in_boundary: bool,
}

/// Finds the layers of a way.
pub(super) fn of_way(tags: Tags<'_>, facts: WayFacts, hits: &mut Vec<Hit>) {
    hits.clear();
    let mut line = |layer, key| hits.push(Hit { layer, key, form: Form::Line });
    let is_area = tags.get("area") == Some("yes");
    let highway = tags.get("highway").filter(|value| *value != "no");
    let plaza =
        facts.is_closed && highway.is_some_and(|value| is_area || HIGHWAY_AREAS.contains(&value));
    if highway.is_some() && !plaza {
        line(Layer::Roads, "highway");
    }
    let railway = tags.get("railway").filter(|value| *value != "no");
    if railway.is_some_and(|value| !RAILWAY_STATIC.contains(&value)) {
        line(Layer::Railways, "railway");
    }
    if tags.get("natural") == Some("coastline") {
        line(Layer::Waterways, "natural");
    }
    let waterway = tags.get("waterway").filter(|value| *value != "no");
    if waterway.is_some_and(|value| !WATERWAY_STATIC.contains(&value)) {
        line(Layer::Waterways, "waterway");
    }
    let is_administrative = tags.get("boundary") == Some("administrative");
    if is_administrative || facts.in_boundary {
        line(Layer::BoundaryLines, "boundary");
    }
    if facts.is_closed {
        areas(tags, plaza, hits);
        if tags.has("boundary") && !facts.in_boundary {
            hits.push(Hit { layer: Layer::Boundaries, key: "boundary", form: Form::Area });
        }
        return;
    }
    for key in AREA_ONLY {
        if tags.has(key) {
            let layer = match *key {
                "building" => Layer::Buildings,
                _ => ground(tags).map_or(Layer::Landuse, |(layer, _)| layer),
            };
            hits.push(Hit { layer, key, form: Form::Area });
        }
    }
}

/// Finds the layers of a relation of type `multipolygon` or `boundary`.
pub(super) fn of_area_relation(tags: Tags<'_>, hits: &mut Vec<Hit>) {
    hits.clear();
    areas(tags, tags.has("highway"), hits);
    if tags.has("boundary") {
        hits.push(Hit { layer: Layer::Boundaries, key: "boundary", form: Form::Area });
    }
}

fn areas(tags: Tags<'_>, plaza: bool, hits: &mut Vec<Hit>) {
    let is_building = tags.has("building");
    if is_building {
        hits.push(Hit { layer: Layer::Buildings, key: "building", form: Form::Area });
    }
    let railway = tags.get("railway").is_some_and(|value| RAILWAY_STATIC.contains(&value));
    let found = ground(tags)
        .or_else(|| plaza.then_some((Layer::Landuse, "highway")))
        .or_else(|| railway.then_some((Layer::Landuse, "railway")));
    if let Some((layer, key)) = found
        && (!is_building || GROUNDS_BESIDE_BUILDINGS.contains(&key))
    {
        hits.push(Hit { layer, key, form: Form::Area });
    }
    if tags.get("name").is_none() {
        return;
    }
    if let Some(key) = first(POIS, tags) {
        hits.push(Hit { layer: Layer::Pois, key, form: Form::PointInside });
    }
    // A boundary has a node of its own for its place.
    if tags.has("place") && !tags.has("boundary") {
        hits.push(Hit { layer: Layer::Places, key: "place", form: Form::PointInside });
    }
}

/// Finds what covers the ground.
fn ground(tags: Tags<'_>) -> Option<(Layer, &'static str)> {
    let of = |layer, rules| first(rules, tags).map(|key| (layer, key));
    of(Layer::Water, WATER)
        .or_else(|| of(Layer::Green, GREEN))
        .or_else(|| of(Layer::Landuse, GROUNDS))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn way(tags: &[(&str, &str)], is_closed: bool) -> Vec<(Layer, Form)> {
        let mut hits = Vec::new();
        of_way(Tags(tags), WayFacts { is_closed, in_boundary: false }, &mut hits);
        hits.iter().map(|hit| (hit.layer, hit.form)).collect()
    }

    #[test]
    fn a_closed_road_is_a_line_unless_it_says_that_it_is_an_area() {
        assert_eq!(way(&[("highway", "residential")], true), [(Layer::Roads, Form::Line)]);
        let plaza = [("highway", "pedestrian"), ("area", "yes")];
        assert_eq!(way(&plaza, true), [(Layer::Landuse, Form::Area)]);
        assert_eq!(way(&plaza, false), [(Layer::Roads, Form::Line)]);
    }

    #[test]
    fn a_named_school_building_is_a_building_and_a_place_of_interest_and_no_ground() {
        let school = [("building", "yes"), ("amenity", "school"), ("name", "实验小学")];
        assert_eq!(
            way(&school, true),
            [(Layer::Buildings, Form::Area), (Layer::Pois, Form::PointInside)]
        );
        assert_eq!(
            way(&school[1..], true),
            [(Layer::Landuse, Form::Area), (Layer::Pois, Form::PointInside)]
        );
    }

    #[test]
    fn an_open_way_that_must_be_an_area_is_still_matched_so_that_it_is_rejected() {
        assert_eq!(way(&[("building", "yes")], false), [(Layer::Buildings, Form::Area)]);
        assert_eq!(way(&[("landuse", "forest")], false), [(Layer::Green, Form::Area)]);
        assert_eq!(way(&[("natural", "cliff")], false), []);
        assert_eq!(way(&[("building", "no")], true), []);
    }

    #[test]
    fn water_goes_before_green_and_green_before_land_use() {
        let pond = [("natural", "water"), ("landuse", "recreation_ground")];
        assert_eq!(way(&pond, true), [(Layer::Water, Form::Area)]);
        assert_eq!(way(&pond[1..], true), [(Layer::Green, Form::Area)]);
        assert_eq!(way(&[("landuse", "residential")], true), [(Layer::Landuse, Form::Area)]);
    }

    #[test]
    fn a_node_can_be_a_place_and_a_place_of_interest() {
        let mut hits = Vec::new();
        of_node(Tags(&[("place", "square"), ("tourism", "attraction")]), &mut hits);
        assert_eq!(
            hits.iter().map(|hit| hit.layer).collect::<Vec<_>>(),
            [Layer::Pois, Layer::Places]
        );
        of_node(Tags(&[("highway", "crossing")]), &mut hits);
        assert_eq!(hits, []);
    }
}
