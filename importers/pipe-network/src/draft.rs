//! A network as a reader leaves it: nodes, links and areas with their source's names, before it is checked and emitted.

use onemap_model::{Element, PipeClass, Value};

/// Where something stands in the source, for findings and rejects.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Origin {
    /// Position of the table, sheet or section among [`Draft::tables`].
    pub table: u32,
    /// Record or line in it, from 1.
    pub record: u64,
}

/// What the heights of a link are those of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Level {
    /// The outer top of the pipe or duct.
    Top,
    /// The inner bottom.
    Invert,
    /// The centre line.
    Centre,
}

/// Inner section of a link, metres.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Section {
    /// A round one.
    Round {
        /// Inner diameter.
        diameter: f64,
    },
    /// Any other, in its box.
    Box {
        /// Word for the shape, by [`onemap_model::network_field::SHAPE`].
        shape: &'static str,
        /// Greatest width.
        width: f64,
        /// Greatest height.
        height: f64,
    },
}

/// A node.
#[derive(Debug, Clone, Default)]
pub(crate) struct Node {
    pub origin: Origin,
    /// Id in the source.
    pub code: String,
    pub element: Option<Element>,
    /// Easting or longitude, northing or latitude, in the source's CRS.
    pub at: [f64; 2],
    /// Class and subclass, by code.
    pub system: Option<&'static onemap_model::PipeSystem>,
    /// Height of the ground, metres.
    pub ground: Option<f64>,
    /// Height of the bottom, metres.
    pub bottom: Option<f64>,
    /// Height of the node itself where the source has one (EPANET's elevation, SWMM's invert), metres.
    pub z: Option<f64>,
    /// What the surveyor called it, and what stands there.
    pub feature: Option<String>,
    pub appurtenance: Option<String>,
    pub closed: Option<bool>,
    pub operable: Option<bool>,
    /// Link that a valve given as a position sits on, and the node that it can cut off.
    pub on_link: Option<(String, String)>,
    /// Other values of the source, by position among [`Draft::node_fields`].
    pub extra: Vec<(u32, Value)>,
}

/// One end of a link.
#[derive(Debug, Clone, Default)]
pub(crate) struct End {
    /// Record that tells of this end, where it is not the link's own.
    pub origin: Option<Origin>,
    /// Code of the node.
    pub node: String,
    pub ground: Option<f64>,
    /// Surveyed height, see [`Link::level`], metres.
    pub elevation: Option<f64>,
    /// Its depth below the ground, metres; negative above.
    pub depth: Option<f64>,
}

/// A link.
#[derive(Debug, Clone, Default)]
pub(crate) struct Link {
    pub origin: Origin,
    /// Id in the source; made of the ends' where the source has none.
    pub code: String,
    pub element: Option<Element>,
    pub from: End,
    pub to: End,
    /// Corners between the ends, in the source's CRS; with a height where the source has one there.
    pub corners: Vec<([f64; 2], Option<f64>)>,
    pub system: Option<&'static onemap_model::PipeSystem>,
    pub level: Option<Level>,
    /// Size as delivered.
    pub section_text: Option<String>,
    pub section: Option<Section>,
    /// Outer diameter of the casing around it, metres, and its material.
    pub casing: Option<f64>,
    pub casing_material: Option<String>,
    pub holes: Option<i64>,
    pub holes_used: Option<i64>,
    pub cables: Option<i64>,
    pub material: Option<String>,
    pub laying: Option<String>,
    pub pressure: Option<String>,
    /// 1 from `from` to `to`, -1 the other way, 0 both or neither; and why.
    pub flow: Option<(i8, &'static str)>,
    pub one_way: Option<bool>,
    pub closed: Option<bool>,
    pub length: Option<f64>,
    pub built: Option<String>,
    pub owner: Option<String>,
    pub road: Option<String>,
    /// State of life by its word in the source (在用, 废弃), read by the ingest's rule for states.
    pub state: Option<String>,
    /// Other values of the source, by position among [`Draft::link_fields`].
    pub extra: Vec<(u32, Value)>,
}

/// An area that drains to a node.
#[derive(Debug, Clone, Default)]
pub(crate) struct Area {
    pub origin: Origin,
    pub code: String,
    /// Closed rings, the first outside.
    pub rings: Vec<Vec<[f64; 2]>>,
    /// Node that it drains to.
    pub to: Option<String>,
    /// Other values, by position among [`Draft::node_fields`].
    pub extra: Vec<(u32, Value)>,
}

/// A record that the reader could not understand.
#[derive(Debug, Clone)]
pub(crate) struct Refused {
    pub origin: Origin,
    pub code: Option<String>,
    pub reason: String,
}

/// What a check found, before its rule is looked up.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Found {
    /// Code of the rule, one of [`crate::codes`].
    pub code: &'static str,
    pub origin: Origin,
    pub feature: Option<String>,
    pub at: Option<[f64; 2]>,
    /// What is wrong, with the values.
    pub text: String,
}

/// A network as read.
#[derive(Debug, Clone, Default)]
pub(crate) struct Draft {
    /// Name of the layer: file stem.
    pub name: String,
    /// Name of the format for the report.
    pub format: &'static str,
    /// CRS, where the source states one.
    pub crs: Option<String>,
    /// Class of a network that has one for all (EPANET: water).
    pub class: Option<PipeClass>,
    /// Tables, sheets or sections, for [`Origin::table`].
    pub tables: Vec<String>,
    pub nodes: Vec<Node>,
    pub links: Vec<Link>,
    pub areas: Vec<Area>,
    /// Names of the source's own fields of nodes and areas, and of links.
    pub node_fields: Vec<String>,
    pub link_fields: Vec<String>,
    pub refused: Vec<Refused>,
    /// What was assumed, for the report; whole sections kept as text.
    pub notes: Vec<onemap_model::Note>,
    /// Text kept as it is, such as EPANET's controls and rules: name of the section, its lines.
    pub texts: Vec<(String, String)>,
    /// What the reader itself found wrong.
    pub found: Vec<Found>,
    /// Whether it is a survey, of which points and lines have to fit each other by CJJ 61-2017; models and GIS lines
    /// are only checked for what is wrong in any network.
    pub is_survey: bool,
}
