//! Where a layer's coordinates are: its CRS, how that is known, and the way to lon/lat.

use onemap_crs::{AxisPolicy, Crs, HeightTransformer, Heights, Transformer};
use onemap_model::{AxisOrder, Bounds, Geometry, Note, SourceLayer};

use crate::error::IngestError;
use crate::options::Options;

/// The way from a source's coordinates to the store's.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    crs: Crs,
    how: &'static str,
    transformer: Transformer,
    heights: HeightTransformer,
    stated_heights: Heights,
}

impl Place {
    /// Decides the CRS: what the user says, else the source, else the format; lon/lat when the first
    /// coordinates look like it; an error otherwise.
    pub(crate) fn decide(
        layer: &SourceLayer,
        source_name: &str,
        options: &Options,
        first: Option<Bounds>,
        notes: &mut Vec<Note>,
    ) -> Result<Self, IngestError> {
        let fail = |error| IngestError::Crs { source_name: source_name.to_owned(), error };
        let (definition, how) = if let Some(crs) = &options.crs {
            (crs.clone(), "as told")
        } else if let Some(crs) = &layer.crs {
            (crs.clone(), "stated by the source")
        } else if let Some(crs) = layer.default_crs {
            (crs.to_owned(), "prescribed by the format")
        } else {
            let Some(bounds) = first.filter(|bounds| !Bounds::WORLD.contains(bounds)) else {
                notes.push(Note::assumed(
                    "the source states no CRS; its coordinates look like degrees and were taken as EPSG:4326 (else use --crs)",
                ));
                return Self::new("EPSG:4326", "assumed", layer, options).map_err(fail);
            };
            let mut suggestions = onemap_crs::suggest(bounds.to_array());
            suggestions.insert(0, String::new());
            return Err(IngestError::NeedsCrs {
                source_name: source_name.to_owned(),
                bounds: format!(
                    "{} to {}, {} to {}",
                    bounds.west, bounds.east, bounds.south, bounds.north
                ),
                suggestions: suggestions.join("; "),
            });
        };
        Self::new(&definition, how, layer, options).map_err(fail)
    }

    fn new(
        definition: &str,
        how: &'static str,
        layer: &SourceLayer,
        options: &Options,
    ) -> Result<Self, onemap_crs::Error> {
        let crs = Crs::parse(definition)?;
        let axes = match layer.axis_order {
            AxisOrder::EastNorth => AxisPolicy::EastingFirst,
            AxisOrder::NorthEast => AxisPolicy::NorthingFirst,
        };
        let stated_heights = match &options.heights {
            Some(text) => text.parse()?,
            None => Heights::Unstated,
        };
        Ok(Self {
            transformer: Transformer::new(&crs, axes)?,
            heights: HeightTransformer::new(&crs, &stated_heights)?,
            crs,
            how,
            stated_heights,
        })
    }

    /// Brings a shape to lon/lat and ellipsoidal metres, in place.
    pub(crate) fn transform(&self, shape: &mut Geometry) -> Result<(), onemap_crs::Error> {
        let mut result = Ok(());
        shape.for_each_array_mut(&mut |xy, z| {
            if result.is_ok() {
                result = self.transformer.to_lonlat(xy);
            }
            if result.is_ok() && !z.is_empty() && !self.heights.is_identity() {
                result = self.heights.to_ellipsoidal(xy, z);
            }
        });
        result
    }

    /// Brings positions to lon/lat and ellipsoidal metres.
    pub(crate) fn transform_positions(
        &self,
        positions: &[[f64; 3]],
    ) -> Result<Vec<[f64; 3]>, onemap_crs::Error> {
        let mut xy: Vec<[f64; 2]> = positions.iter().map(|&[x, y, _]| [x, y]).collect();
        let mut z: Vec<f64> = positions.iter().map(|&[_, _, z]| z).collect();
        self.transformer.to_lonlat(&mut xy)?;
        if !self.heights.is_identity() {
            self.heights.to_ellipsoidal(&xy, &mut z)?;
        }
        Ok(xy.into_iter().zip(z).map(|([x, y], z)| [x, y, z]).collect())
    }

    /// Returns the CRS for the catalogue.
    pub(crate) fn definition(&self) -> &str {
        self.crs.definition()
    }

    /// Returns the CRS and how it is known, for people.
    pub(crate) fn describe(&self) -> String {
        let name = self.crs.name();
        match self.crs.code() {
            Some(code) if code != name => format!("{code} {name} ({})", self.how),
            _ => format!("{name} ({})", self.how),
        }
    }

    /// Returns the heights policy for the catalogue.
    pub(crate) fn heights(&self) -> String {
        self.stated_heights.to_string()
    }

    /// Returns what is known of the heights, for people.
    pub(crate) fn describe_heights(&self) -> &str {
        self.heights.note()
    }

    /// Returns what looks wrong once everything was transformed.
    pub(crate) fn warnings(&self, bounds: Option<Bounds>) -> Vec<String> {
        let mut warnings = self.transformer.warnings();
        warnings.extend(bounds.and_then(|bounds| self.crs.outside_area(bounds.to_array())));
        warnings
    }
}
