//! What every answer about the underground tells of a pipe.

use onemap_model::{Element, FeatureId, PipeClass, PipeSystem};
use serde::{Serialize, Serializer};

use super::plane::{lerp, rounded};
use super::segments::NetworkIndex;
use crate::ground::Ground;
use crate::network::{Level, Link, LinkIx, Network, Shape};

/// A network, its spatial index and what its layer is called.
#[derive(Debug, Clone, Copy)]
pub struct Layer<'a> {
    /// Id of the layer.
    pub id: &'a str,
    /// The network.
    pub network: &'a Network,
    /// Its index, built from the network as it is now.
    pub index: &'a NetworkIndex,
}

impl Layer<'_> {
    /// Returns the ends of a segment of a link.
    pub(crate) fn segment(&self, link: LinkIx, segment: usize) -> Option<[[f64; 2]; 2]> {
        let line = self.network.link(link).line();
        Some([*line.get(segment)?, *line.get(segment + 1)?])
    }
}

/// A pipe, as answers name it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PipeFacts {
    /// Id of the layer.
    pub layer: String,
    /// Id of the feature.
    pub id: Option<FeatureId>,
    /// What the source calls it.
    pub code: String,
    /// Class by CJJ 61.
    #[serde(serialize_with = "class_code")]
    pub class: PipeClass,
    /// Code of the subclass, such as `YS`.
    pub subclass: Option<String>,
    /// Size as delivered, else made of the section: `DN300`, `400×300`.
    pub size: String,
    /// Shape of the section.
    pub shape: Shape,
    /// Outer width, metres; 0 where not known.
    pub width_m: f64,
    /// Outer height, metres; 0 where not known.
    pub height_m: f64,
    /// Holes of a duct bank; 0 where not known.
    pub holes: u16,
    /// Material.
    pub material: Option<String>,
    /// Who owns it.
    pub owner: Option<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn class_code<S: Serializer>(class: &PipeClass, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(class.code())
}

/// Writes what a node is.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
pub(crate) fn element_name<S: Serializer>(element: &Element, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(element.name())
}

impl PipeFacts {
    /// Describes a link.
    pub(crate) fn of(layer: &Layer<'_>, ix: LinkIx) -> Self {
        let link = layer.network.link(ix);
        let [width, height] = link.section().outer();
        Self {
            layer: layer.id.to_owned(),
            id: link.id(),
            code: link.code().to_owned(),
            class: link.class(),
            subclass: link.subclass().map(str::to_owned),
            size: size_of(&link),
            shape: link.section().shape,
            width_m: rounded(width),
            height_m: rounded(height),
            holes: link.holes(),
            material: link.material().map(str::to_owned),
            owner: link.owner().map(str::to_owned),
        }
    }

    /// Returns the class or subclass.
    pub fn system(&self) -> Option<&'static PipeSystem> {
        let subclass = self.subclass.as_deref().and_then(PipeSystem::find);
        subclass.or_else(|| PipeSystem::find(self.class.code()))
    }
}

fn size_of(link: &Link<'_>) -> String {
    let section = link.section();
    let mm = |metres: f32| (f64::from(metres) * 1000.0).round();
    let delivered = link.section_text().map(str::trim).filter(|text| !text.is_empty());
    match (delivered, section.shape) {
        // A bare number is a diameter in millimetres.
        (Some(text), Shape::Round) if text.bytes().all(|b| b.is_ascii_digit()) => {
            format!("DN{text}")
        }
        (Some(text), _) => text.to_owned(),
        (None, Shape::Round) => format!("DN{}", mm(section.width)),
        (None, _) if section.width > 0.0 || section.height > 0.0 => {
            format!("{}×{}", mm(section.width), mm(section.height))
        }
        (None, _) => String::new(),
    }
}

/// Heights of a pipe at a place, metres.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Levels {
    /// Outer top.
    pub top_m: f64,
    /// Centre of the body.
    pub centre_m: f64,
    /// Inner bottom.
    pub invert_m: f64,
    /// Outer bottom.
    pub bottom_m: f64,
}

impl Levels {
    /// Returns the levels of a link whose centre line is at a height.
    ///
    /// A surveyed top is that of the outside, so the wall goes below it; a surveyed invert stays what it is.
    pub(crate) fn of(link: &Link<'_>, z: f64) -> Self {
        let section = link.section();
        let (inner, wall) = (f64::from(section.height), f64::from(section.wall));
        let inner_top =
            if link.level() == Level::Top { z + inner / 2.0 - wall } else { z + inner / 2.0 };
        Self {
            top_m: rounded(inner_top + wall),
            centre_m: rounded(inner_top - inner / 2.0),
            invert_m: rounded(inner_top - inner),
            bottom_m: rounded(inner_top - inner - wall),
        }
    }

    /// Returns the height of the top of all of it, metres: of the casing, whose middle is the pipe's, where there is one.
    pub(crate) fn outer_top(&self, link: &Link<'_>) -> f64 {
        self.top_m.max(rounded(self.centre_m + link.casing() / 2.0))
    }

    /// Returns the free height between this and another pipe, metres; negative where they overlap.
    pub(crate) fn gap(&self, other: &Self) -> f64 {
        (self.bottom_m - other.top_m).max(other.bottom_m - self.top_m)
    }
}

/// Returns a height that one can be: not NaN, not the -9999 of many sources, nowhere on earth deeper or higher.
pub(crate) fn height(z: f64) -> Option<f64> {
    (-2_000.0..=9_000.0).contains(&z).then_some(z)
}

/// Returns the height of the ground, if it is one.
pub(crate) fn ground_at(ground: &dyn Ground, at: [f64; 2]) -> Option<f64> {
    ground.height(at).and_then(height)
}

/// Returns the levels at a part of a segment; `None` where no height is known.
pub(crate) fn levels_at(link: &Link<'_>, segment: usize, part: f64) -> Option<Levels> {
    let z = link.heights();
    let (a, b) = (f64::from(*z.get(segment)?), f64::from(*z.get(segment + 1)?));
    height(a).zip(height(b)).map(|(a, b)| Levels::of(link, lerp(a, b, part)))
}
