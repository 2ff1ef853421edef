//! Which layer a placemark belongs to: the folder or document that holds it.

use onemap_model::{LayerSlot, Sink, SourceLayer, Stopped};
use rustc_hash::FxHashMap;

use crate::columns::Columns;
use crate::limits::MAX_KML_LAYERS;
use crate::{Options, Source};

/// The containers that are open, and the layers made so far.
#[derive(Debug)]
pub(super) struct Layers {
    stem: String,
    wanted: Vec<String>,
    open: Vec<Container>,
    /// How often a name was given to a layer.
    names: FxHashMap<String, u32>,
    made: Vec<Made>,
    overflow: Option<usize>,
}

/// A layer that was opened.
#[derive(Debug)]
pub(super) struct Made {
    pub(super) slot: LayerSlot,
    pub(super) columns: Columns,
}

#[derive(Debug, Default)]
struct Container {
    id: Option<String>,
    name: Option<String>,
    place: Place,
}

/// Where the placemarks of a container go.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Place {
    #[default]
    NotYetKnown,
    Layer(usize),
    NotWanted,
}

impl Layers {
    pub(super) fn new(source: &Source, options: &Options) -> Self {
        Self {
            stem: source.stem.clone(),
            wanted: options.layers.clone(),
            open: vec![Container::default()],
            names: FxHashMap::default(),
            made: Vec::new(),
            overflow: None,
        }
    }

    /// A folder, document or the root begins.
    pub(super) fn enter(&mut self, id: Option<&str>) {
        self.open.push(Container { id: id.map(str::to_owned), ..Container::default() });
    }

    /// The innermost container ends.
    pub(super) fn leave(&mut self) {
        if self.open.len() > 1 {
            self.open.pop();
        }
    }

    /// Names the innermost container; too late once it has a layer.
    pub(super) fn name(&mut self, name: String) {
        if let Some(container) = self.open.last_mut()
            && !name.is_empty()
        {
            container.name = Some(name);
        }
    }

    /// Returns the layer of the innermost container, made when first asked for; `None` when the user did
    /// not name it.
    pub(super) fn current(&mut self, sink: &mut dyn Sink) -> Result<Option<&mut Made>, Stopped> {
        let Some(container) = self.open.last() else { return Ok(None) };
        let place = match container.place {
            Place::NotYetKnown => {
                let name = container.name.clone().or_else(|| container.id.clone());
                let place = self.open_layer(name.unwrap_or_else(|| self.stem.clone()), sink)?;
                if let Some(container) = self.open.last_mut() {
                    container.place = place;
                }
                place
            }
            place => place,
        };
        Ok(match place {
            Place::Layer(at) => self.made.get_mut(at),
            Place::NotYetKnown | Place::NotWanted => None,
        })
    }

    fn open_layer(&mut self, name: String, sink: &mut dyn Sink) -> Result<Place, Stopped> {
        if let Some(at) = self.overflow {
            return Ok(Place::Layer(at));
        }
        let crowded = self.made.len() >= MAX_KML_LAYERS;
        let name =
            if crowded { format!("{} (other folders)", self.stem) } else { self.unique(name) };
        if !self.wanted.is_empty() && !self.wanted.contains(&name) {
            return Ok(Place::NotWanted);
        }
        let slot = sink.layer(SourceLayer {
            name,
            format: "KML",
            default_crs: Some("OGC:CRS84"),
            ..SourceLayer::default()
        })?;
        let at = self.made.len();
        self.made.push(Made { slot, columns: Columns::default() });
        self.overflow = crowded.then_some(at);
        Ok(Place::Layer(at))
    }

    /// Ends all layers.
    pub(super) fn finish(&mut self, sink: &mut dyn Sink) -> Result<(), Stopped> {
        self.made.iter_mut().try_for_each(|made| made.columns.finish(made.slot, sink))
    }

    fn unique(&mut self, name: String) -> String {
        let count = self.names.entry(name.clone()).or_default();
        *count += 1;
        if *count == 1 { name } else { format!("{name} ({count})") }
    }
}
