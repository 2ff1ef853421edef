//! Questions to networks: of the command line and of HTTP alike.
//!
//! A network is made of a layer's view once and kept up with the edits ([`crate::kept`]); what a filter leaves out joins it as
//! something hidden, so that answers end there and say whose it is.

mod answer;
mod question;

use std::collections::HashSet;
use std::ops::ControlFlow;
use std::sync::{Arc, OnceLock};

use onemap_model::{FeatureId, Kind, LayerId, Revision};
use onemap_network::{
    Change, Layer as Part, Network, NetworkBuilder, NetworkError, NetworkIndex, UndergroundError,
};
use onemap_store::{LayerView, Query, StoreError, View};

use crate::kept::{Kept, Made};

pub(crate) use answer::{Answer, Form};
pub(crate) use question::{Given, Question};

/// A network, and what finds its pipes by place.
pub(crate) struct Net {
    network: Network,
    index: OnceLock<NetworkIndex>,
}

/// Why a question has no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AskError {
    #[error("there is no layer '{0}'")]
    UnknownLayer(LayerId),
    #[error("layer '{0}' is no pipe network: its kind is '{1}'")]
    NoNetwork(LayerId, Kind),
    #[error("{question} is asked of one network, not of several: name one layer")]
    OneLayer { question: &'static str },
    #[error("'{parameter}': {why}")]
    Parameter { parameter: &'static str, why: String },
    #[error("{0} is not drawn: ask for JSON or CSV")]
    NoDrawing(&'static str),
    #[error(transparent)]
    Network(#[from] NetworkError),
    #[error(transparent)]
    Underground(#[from] UndergroundError),
    #[error("the store could not be read: {0}")]
    Store(#[from] StoreError),
}

/// The networks that were asked for.
#[derive(Default)]
pub(crate) struct Networks(Kept<Net>);

/// A layer's network, ready to be asked.
pub(crate) struct Member {
    id: LayerId,
    net: Arc<Net>,
}

impl Networks {
    /// Answers a question about layers of a view, in a form.
    pub(crate) fn ask(
        &self,
        view: &View,
        layers: &[LayerId],
        past: Option<Revision>,
        question: &Question,
        form: Form,
    ) -> Result<Answer, AskError> {
        let members: Vec<Member> =
            layers.iter().map(|id| self.member(view, id, past)).collect::<Result<_, _>>()?;
        answer::answer(&members, question, form)
    }

    fn member(
        &self,
        view: &View,
        id: &LayerId,
        past: Option<Revision>,
    ) -> Result<Member, AskError> {
        let layer = view.layer(id).ok_or_else(|| AskError::UnknownLayer(id.clone()))?;
        let kind = layer.layer().kind;
        if kind != Kind::Network {
            return Err(AskError::NoNetwork(id.clone(), kind));
        }
        layer.check_filter()?;
        let net = self.0.of(&layer, past)?;
        Ok(Member { id: id.clone(), net })
    }
}

impl Member {
    fn network(&self) -> &Network {
        &self.net.network
    }

    fn index(&self) -> &NetworkIndex {
        self.net.index.get_or_init(|| NetworkIndex::new(&self.net.network))
    }

    fn part(&self) -> Part<'_> {
        Part { id: self.id.as_str(), network: self.network(), index: self.index() }
    }
}

impl Net {
    fn of(network: Network) -> Self {
        Self { network, index: OnceLock::new() }
    }
}

impl Made for Net {
    fn make(layer: &LayerView<'_>) -> Result<Self, StoreError> {
        let begun = std::time::Instant::now();
        let mut builder = NetworkBuilder::new(&layer.layer().schema);
        let mut shown = HashSet::new();
        layer.for_each(&Query::default(), &mut |feature| {
            builder.push(&feature);
            if layer.is_filtered() {
                shown.insert(feature.id);
            }
            ControlFlow::Continue(())
        })?;
        if layer.is_filtered() {
            layer.unfiltered().for_each(&Query::default(), &mut |feature| {
                if !shown.contains(&feature.id) {
                    builder.push_hidden(&feature);
                }
                ControlFlow::Continue(())
            })?;
        }
        let network = builder.finish();
        network.prepare();
        let links = network.link_slots();
        let seconds = begun.elapsed().as_secs_f64();
        tracing::info!(layer = %layer.layer().id, links, seconds, "a network was made");
        Ok(Self::of(network))
    }

    fn follow(
        before: Arc<Self>,
        layer: &LayerView<'_>,
        ids: &[FeatureId],
    ) -> Result<Self, StoreError> {
        // Whoever still asks the network as it was keeps it; then it is made anew.
        let Some(before) = Arc::into_inner(before) else { return Self::make(layer) };
        let mut network = before.network;
        for &id in ids {
            let visible = layer.history(id)?;
            let all =
                if layer.is_filtered() { layer.unfiltered().history(id)? } else { Vec::new() };
            match (visible.last(), all.last()) {
                (Some(feature), _) => onemap_tiles_3d::with_ref(feature, |feature| {
                    network.apply(&[Change::Put(*feature)]);
                }),
                (None, Some(feature)) => onemap_tiles_3d::with_ref(feature, |feature| {
                    network.apply(&[Change::Hide(*feature)]);
                }),
                (None, None) => network.apply(&[Change::Remove(id)]),
            }
        }
        Ok(Self::of(network))
    }

    fn memory(&self) -> usize {
        self.network.memory() + self.index.get().map_or(0, NetworkIndex::memory)
    }
}
