//! The layers that a request names.

use std::fmt;
use std::str::FromStr;

use onemap_model::LayerId;

/// Most layers in one request.
pub(crate) const MAX_LAYERS: usize = 16;
/// What follows a layer's id where its label points are meant.
const LABELS: &str = ".label";

/// What of a layer a tile shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub(crate) enum Aspect {
    /// Its features.
    Features = 0,
    /// One point inside each of its polygons, in one tile only, for labels that do not repeat.
    Labels = 1,
    /// Its features in 3D.
    Solids = 2,
    /// Its features in 3D, without compression.
    PlainSolids = 3,
    /// Those that reach into a cell, cut at its border.
    CutSolids = 4,
    /// The same without compression.
    PlainCutSolids = 5,
}

/// A layer, or the label points of a layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LayerPart {
    pub(crate) id: LayerId,
    pub(crate) aspect: Aspect,
}

impl fmt::Display for LayerPart {
    /// Writes the name that the layer has in tiles.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let suffix = if self.aspect == Aspect::Labels { LABELS } else { "" };
        write!(f, "{}{suffix}", self.id)
    }
}

/// Layers named in a URL: one id, or several with commas between; `id.label` are label points.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LayerList(Vec<LayerPart>);

/// A list of layers that can not be served.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LayerListError {
    #[error(transparent)]
    Id(#[from] onemap_model::ModelError),
    #[error("{0} layers are more than the {MAX_LAYERS} that one request may have")]
    TooMany(usize),
    #[error("layer '{0}' is named twice")]
    Twice(LayerPart),
}

impl LayerList {
    /// Returns the parts in the order asked for; there is at least one.
    pub(crate) fn parts(&self) -> &[LayerPart] {
        &self.0
    }
}

impl fmt::Display for LayerList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, part) in self.0.iter().enumerate() {
            write!(f, "{}{part}", if i > 0 { "," } else { "" })?;
        }
        Ok(())
    }
}

impl FromStr for LayerList {
    type Err = LayerListError;

    fn from_str(text: &str) -> Result<Self, LayerListError> {
        let count = text.split(',').count();
        if count > MAX_LAYERS {
            return Err(LayerListError::TooMany(count));
        }
        let mut parts: Vec<LayerPart> = Vec::with_capacity(count);
        for name in text.split(',') {
            let (id, aspect) = match name.strip_suffix(LABELS) {
                Some(id) => (id, Aspect::Labels),
                None => (name, Aspect::Features),
            };
            let part = LayerPart { id: id.parse()?, aspect };
            if parts.contains(&part) {
                return Err(LayerListError::Twice(part));
            }
            parts.push(part);
        }
        Ok(Self(parts))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_reads_and_writes_back() {
        let list: LayerList = "roads,roads.label,water".parse().unwrap();
        assert_eq!(list.parts()[1].aspect, Aspect::Labels);
        assert_eq!(list.to_string(), "roads,roads.label,water");
        for bad in ["", "a,,b", "a,a", "a.label,a.label", ".label", "a.labels", "a.label.label"] {
            assert!(bad.parse::<LayerList>().is_err(), "{bad}");
        }
        assert!(["a"; 17].join(",").parse::<LayerList>().is_err());
    }
}
