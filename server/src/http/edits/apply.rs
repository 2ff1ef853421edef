//! From what a client wants to what the store does.

use onemap_model::{Feature, FeatureId, Geometry, LayerId, Revision, Schema, ViewSpec};
use onemap_model::{Interval, StateSet, Timestamp, When};
use onemap_query::{Draft, Fitted};
use onemap_store::{Edit, LayerView, NewFeature, Store, StoreError};

use super::super::features::{content_hash, names_content};
use super::super::problem::Problem;
use super::same_id;
use crate::tile_service::TileError;

/// How often an edit is tried again because others changed the same features meanwhile.
const ATTEMPTS: usize = 16;
/// Most changes made together: the store writes them as one record.
const MOST_CHANGES: usize = 100_000;

/// One change that a client wants. `at` is where in the document it stands.
pub(super) enum Change {
    Create { draft: Draft, at: String },
    Replace { id: FeatureId, draft: Draft, if_match: Option<String>, only_new: bool },
    Merge { id: FeatureId, draft: Draft, if_match: Option<String>, at: String },
    Delete { id: FeatureId, if_match: Option<String>, at: String },
}

impl Change {
    fn at(&self) -> &str {
        match self {
            Self::Create { at, .. } | Self::Merge { at, .. } | Self::Delete { at, .. } => at,
            Self::Replace { .. } => "",
        }
    }
}

/// What was done.
pub(super) struct Done {
    pub(super) revision: Revision,
    pub(super) ids: Vec<FeatureId>,
    /// The features as they are now, in the order of the changes; `None` for a deleted one.
    pub(super) features: Vec<Option<Feature>>,
    pub(super) schema: Schema,
    /// What was repaired in the shapes.
    pub(super) repairs: Vec<&'static str>,
}

/// The layer to change, and who changes it.
pub(super) struct Target<'a> {
    pub(super) store: &'a Store,
    pub(super) layer: &'a LayerId,
    pub(super) actor: &'a str,
}

impl Target<'_> {
    /// Makes all changes as one revision, or none.
    pub(super) fn make(&self, changes: &[Change]) -> Result<Done, Problem> {
        if changes.len() > MOST_CHANGES {
            let detail = format!("more than {MOST_CHANGES} changes can not be made at once");
            return Err(Problem::unfit(String::new(), detail));
        }
        for _ in 0..ATTEMPTS {
            let view = self.store.view(everything());
            let layer = view.layer(self.layer);
            let layer = layer.ok_or_else(|| TileError::UnknownLayer(self.layer.clone()))?;
            if layer.layer().archive.is_some() {
                let detail = "this layer is made of finished tiles: it has no features to edit";
                return Err(Problem::conflict(detail));
            }
            let mut plan = Plan { layer: &layer, at: view.revision(), repairs: Vec::new() };
            let mut edits = Vec::with_capacity(changes.len());
            for change in changes {
                edits.push(plan.edit(change).map_err(|problem| problem.at_member(change.at()))?);
            }
            let mut features: Vec<Option<Feature>> = edits.iter().map(outcome).collect();
            match self.store.edit(self.layer, edits, self.actor) {
                Ok(committed) => {
                    for (feature, id) in features.iter_mut().zip(&committed.ids) {
                        if let Some(feature) = feature {
                            feature.id = *id;
                        }
                    }
                    let (revision, ids) = (committed.revision, committed.ids);
                    let schema = layer.layer().schema.clone();
                    return Ok(Done { revision, ids, features, schema, repairs: plan.repairs });
                }
                // Somebody was faster; the plan for what is there now says what that means. The error
                // of a group that contradicts itself comes back every time.
                Err(StoreError::Conflict { .. }) => {}
                Err(StoreError::NoFeature { .. } | StoreError::FeatureExists { .. })
                    if self.store.revision() != view.revision() => {}
                Err(error) => return Err(problem(error)),
            }
        }
        Err(Problem::unavailable("the features are being changed by many at once: try again"))
    }
}

/// All states and times, so that what is planned or gone can be edited too.
fn everything() -> ViewSpec {
    let when = When::Within(Interval::ALWAYS);
    ViewSpec { when, states: Some(StateSet::ALL), ..ViewSpec::default() }
}

fn problem(error: StoreError) -> Problem {
    match error {
        StoreError::NoLayer(_) | StoreError::NoFeature { .. } => Problem::not_found(error),
        StoreError::FeatureExists { .. } => Problem::conflict(error),
        StoreError::Busy(_) | StoreError::Poisoned | StoreError::ReadOnly => {
            Problem::unavailable(error)
        }
        StoreError::Schema { .. } | StoreError::BadFeature { .. } | StoreError::TooLarge(_) => {
            Problem::unfit(String::new(), error)
        }
        error => Problem::internal(error),
    }
}

/// The feature that an edit leaves; the id of a new one may not be known yet.
fn outcome(edit: &Edit) -> Option<Feature> {
    match edit {
        Edit::Create(new) => {
            let NewFeature { id, geometry, values, valid, state } = new.clone();
            let id = id.or_else(|| FeatureId::new(0).ok())?;
            Some(Feature { id, geometry, values, valid, state })
        }
        Edit::Update { feature, .. } | Edit::Supersede { feature, .. } => Some(feature.clone()),
        Edit::Delete { .. } => None,
    }
}

/// Turns wishes into edits of what is there at one revision.
struct Plan<'a> {
    layer: &'a LayerView<'a>,
    at: Revision,
    repairs: Vec<&'static str>,
}

impl Plan<'_> {
    fn edit(&mut self, change: &Change) -> Result<Edit, Problem> {
        match change {
            Change::Create { draft, at } => self.create(draft, None, at),
            Change::Replace { id, draft, only_new: true, .. } => {
                same_id(draft, *id)?;
                if self.current(*id)?.is_some() {
                    return Err(Problem::changed(format_args!("there is a feature {id} already")));
                }
                self.create(draft, Some(*id), "")
            }
            Change::Replace { id, draft, if_match, .. } => {
                same_id(draft, *id)?;
                let before = self.existing(*id, if_match.as_deref())?;
                let fitted = draft.fit(&self.layer.layer().schema, None, "")?;
                self.update(&before, fitted, "")
            }
            Change::Merge { id, draft, if_match, at } => {
                if at.is_empty() {
                    same_id(draft, *id)?;
                }
                let before = self.existing(*id, if_match.as_deref())?;
                let fitted = draft.merge(&before, &self.layer.layer().schema, at)?;
                self.update(&before, fitted, at)
            }
            Change::Delete { id, if_match, .. } => {
                self.existing(*id, if_match.as_deref())?;
                Ok(Edit::Delete { id: *id, expected: Some(self.at) })
            }
        }
    }

    fn create(&mut self, draft: &Draft, id: Option<FeatureId>, at: &str) -> Result<Edit, Problem> {
        let layer = self.layer.layer();
        let fitted = draft.fit(&layer.schema, layer.id_field.as_deref(), at)?;
        let id = id.or(fitted.id);
        if let Some(id) = id
            && self.current(id)?.is_some()
        {
            let detail = format!("layer '{}' has a feature {id} already", layer.id);
            return Err(Problem::conflict(detail));
        }
        let geometry = self.repaired(fitted.geometry, at)?;
        let Fitted { values, valid, state, .. } = fitted;
        Ok(Edit::Create(NewFeature { id, geometry, values, valid, state }))
    }

    fn update(&mut self, before: &Feature, fitted: Fitted, at: &str) -> Result<Edit, Problem> {
        if self.moves_begin(before, &fitted)? {
            let member =
                if at.is_empty() { "valid.from".into() } else { format!("{at}.valid.from") };
            let detail = format!(
                "{member}: this version of feature {} is followed by others, so that its begin can not be moved",
                before.id
            );
            return Err(Problem::unfit(member, detail));
        }
        let geometry = self.repaired(fitted.geometry, at)?;
        let Fitted { values, valid, state, .. } = fitted;
        let feature = Feature { id: before.id, geometry, values, valid, state };
        Ok(Edit::Update { feature, expected: Some(self.at) })
    }

    fn repaired(
        &mut self,
        geometry: Option<Geometry>,
        at: &str,
    ) -> Result<Option<Geometry>, Problem> {
        let Some(mut geometry) = geometry else { return Ok(None) };
        let repairs = onemap_ingest::repair(&mut geometry).map_err(|reason| {
            let member = if at.is_empty() { "geometry".into() } else { format!("{at}.geometry") };
            let detail = format!("{member}: {reason}");
            Problem::unfit(member, detail)
        })?;
        for repair in repairs {
            if !self.repairs.contains(&repair) {
                self.repairs.push(repair);
            }
        }
        Ok(Some(geometry))
    }

    /// Returns the version of a feature that `GET` shows: the one that holds now, else the next one to come,
    /// else the last one.
    fn current(&self, id: FeatureId) -> Result<Option<Feature>, Problem> {
        let mut versions = self.layer.history(id).map_err(TileError::from)?;
        let now = Timestamp::now();
        let holds = versions.iter().position(|version| version.valid.contains(now));
        let comes = || versions.iter().position(|v| v.valid.from.is_some_and(|from| now < from));
        let last = versions.len().checked_sub(1);
        Ok(holds.or_else(comes).or(last).map(|at| versions.swap_remove(at)))
    }

    /// Tells whether a change moves the begin of a version that others follow, which would replace the last one.
    fn moves_begin(&self, before: &Feature, after: &Fitted) -> Result<bool, Problem> {
        let versions = self.layer.history(before.id).map_err(TileError::from)?;
        let is_last = versions.last().is_none_or(|last| last.valid.from == before.valid.from);
        Ok(!is_last && after.valid.from != before.valid.from)
    }

    /// Returns the feature, if it is the one that the client has read.
    fn existing(&self, id: FeatureId, if_match: Option<&str>) -> Result<Feature, Problem> {
        let layer = self.layer.layer();
        let Some(feature) = self.current(id)? else {
            let detail = format!("layer '{}' has no feature {id}", layer.id);
            return Err(match if_match {
                Some(_) => Problem::changed(format_args!("{detail} any more")),
                None => Problem::not_found(detail),
            });
        };
        let Some(tags) = if_match else { return Ok(feature) };
        let content = content_hash(&feature, &layer.schema);
        if tags.split(',').any(|tag| names_content(tag.trim(), &content)) {
            return Ok(feature);
        }
        let detail = format!("feature {id} was changed since you read it: read it again");
        Err(Problem::changed(detail))
    }
}
