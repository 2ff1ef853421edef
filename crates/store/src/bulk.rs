//! Imports: whole layers in one revision.

mod commit;
mod finish;

pub(crate) use commit::commit as commit_finished;

use std::sync::Arc;

use onemap_generalise::DropPlan;
use onemap_model::{
    Archive, Display, FeatureId, FieldType, Interval, Kind, Layer, LayerId, Lineage, Revision,
    Schema, Solid, StateSet, TilesetFiles, Timestamp,
};
use rustc_hash::FxHashSet;

use crate::Result;
use crate::error::StoreError;
use crate::segment::{EncodedBatch, Item, Spool, Traits, Written, slot_of};
use crate::spill::Records;
use crate::state::LayerEntry;
use crate::store::{Busy, Inner, Store};

/// What an import does to a layer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ImportMode {
    /// Makes a new layer; fails when there is one.
    #[default]
    Create,
    /// Adds features to a layer; an id that is taken is an error.
    Append,
    /// Puts other features in the place of all those of a layer; makes it where there is none.
    Replace,
    /// Adds features, and puts them in the place of those with the same id; makes the layer where there
    /// is none.
    Upsert,
}

/// Which layer an import fills, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayerPlan {
    /// Layer.
    pub id: LayerId,
    /// What is done to it.
    pub mode: ImportMode,
}

/// What an import says of a layer; everything else the store finds out.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LayerMeta {
    /// Title for people.
    pub title: String,
    /// English title for people.
    pub title_en: Option<String>,
    /// Department that owns it.
    pub department: String,
    /// Group in the catalogue.
    pub group: String,
    /// What it is made of.
    pub kind: Kind,
    /// Its fields. Those of a layer that is appended to or upserted come first, in their order; their
    /// types may be promoted.
    pub schema: Schema,
    /// CRS of the source.
    pub source_crs: String,
    /// Height datum.
    pub heights: String,
    /// Name of its style.
    pub style: Option<String>,
    /// How it is drawn at small scales.
    pub display: Display,
    /// How its features become solid in 3D.
    pub solid: Solid,
    /// Tiles made elsewhere, instead of features; the file is in the store already
    /// ([`ImportTx::put_blob`]).
    pub archive: Option<Archive>,
    /// 3D tiles made elsewhere, instead of features; their files are in the store already.
    pub tileset: Option<TilesetFiles>,
    /// States shown when a request names none.
    pub states: StateSet,
    /// Source field whose values give the feature ids.
    pub id_field: Option<String>,
    /// Where the features of this import come from; the store fills in the revision.
    pub lineage: Vec<Lineage>,
}

impl Store {
    /// Begins an import. Nothing is seen of it until it is committed, and nothing is left of it when it is
    /// dropped instead. Edits and other layers' imports go on meanwhile.
    pub fn import(&self, actor: &str) -> Result<ImportTx> {
        drop(self.inner.writer()?);
        Ok(ImportTx { store: self.inner.clone(), actor: actor.to_owned() })
    }
}

/// An import: any number of layers that are committed together.
#[derive(Debug)]
pub struct ImportTx {
    pub(crate) store: Arc<Inner>,
    actor: String,
}

impl ImportTx {
    /// Begins to fill a layer. The layer is closed to other imports until this one ends.
    pub fn layer(&self, plan: LayerPlan) -> Result<BulkLayer> {
        let busy = Busy::new(&self.store, &plan.id)?;
        let state = self.store.state();
        let existing = state.layers.get(&plan.id).cloned();
        match (plan.mode, &existing) {
            (ImportMode::Create, Some(_)) => return Err(StoreError::LayerExists(plan.id)),
            (ImportMode::Append, None) => return Err(StoreError::NoLayer(plan.id)),
            _ => {}
        }
        Ok(BulkLayer {
            spool: Spool::new(&self.store.paths.tmp)?,
            store: self.store.clone(),
            plan,
            busy,
            existing,
            at: state.revision,
            items: Records::new(&self.store.paths.tmp),
            batches: Vec::new(),
            traits: Traits::default(),
            claimed: FxHashSet::default(),
            now: whole_second(Timestamp::now()),
            frozen: None,
        })
    }
}

/// A plan is kept for so many features, whatever number it was made for.
const FEW: u64 = 1000;

fn whole_second(at: Timestamp) -> Timestamp {
    const SECOND: i64 = 1_000_000;
    Timestamp::from_micros(at.as_micros() - at.as_micros().rem_euclid(SECOND))
}

/// A layer that is being filled. Takes 32 bytes of memory for each claimed id; the features and what is known
/// of them go to temporary files.
#[derive(Debug)]
pub struct BulkLayer {
    store: Arc<Inner>,
    plan: LayerPlan,
    busy: Busy,
    existing: Option<Arc<LayerEntry>>,
    /// Revision of `existing`.
    at: Revision,
    spool: Spool,
    items: Records<Item>,
    batches: Vec<Batch>,
    traits: Traits,
    claimed: FxHashSet<(u64, i64)>,
    /// When versions end that an upsert replaces and that say nothing of their time.
    now: Timestamp,
    /// The plan that a compaction keeps.
    frozen: Option<DropPlan>,
}

/// A run of spooled features whose values have the same types.
#[derive(Debug)]
struct Batch {
    items: std::ops::Range<usize>,
    kinds: Vec<Option<FieldType>>,
    has_extras: bool,
}

impl BulkLayer {
    /// Returns the layer as it was when the import began; `None` when the import makes it.
    pub fn existing(&self) -> Option<&Layer> {
        self.existing.as_ref().map(|entry| &entry.layer)
    }

    /// Returns the least ordinal id that the layer has not used; 0 when its features are replaced.
    pub fn first_free_id(&self) -> Result<u64> {
        match (&self.existing, self.plan.mode) {
            (Some(entry), ImportMode::Append | ImportMode::Upsert) => entry.content.next_id(),
            _ => Ok(0),
        }
    }

    /// Gives a layer that is being created another id, as when only the end of a source tells how many layers
    /// it holds. Does nothing to a layer that was there before.
    pub fn rename(&mut self, id: LayerId) -> Result<()> {
        if self.existing.is_some() || id == self.plan.id {
            return Ok(());
        }
        if self.store.state().layers.contains_key(&id) {
            return Err(StoreError::LayerExists(id));
        }
        self.busy = Busy::new(&self.store, &id)?;
        self.plan.id = id;
        Ok(())
    }

    /// Claims versions of features, by id and valid time, in the order of the source; `false` for one with an id and
    /// begin that this import has claimed before or, when appending, for an id that the layer has. Ids that
    /// are unique by construction need not be claimed.
    pub fn claim_ids(&mut self, ids: &[(FeatureId, Interval)]) -> Result<Vec<bool>> {
        let taken = self.existing.as_ref().filter(|_| self.plan.mode == ImportMode::Append);
        let mut free = Vec::with_capacity(ids.len());
        for (id, valid) in ids {
            let there = match taken {
                Some(entry) => entry.content.contains(*id, self.at)?,
                None => false,
            };
            free.push(!there && self.claimed.insert((id.get(), slot_of(*valid))));
        }
        Ok(free)
    }

    /// Appends features. The order of batches is the order of the source: the same batches in the same order
    /// make the same bytes.
    pub fn push(&mut self, batch: &EncodedBatch) -> Result<()> {
        if batch.is_empty() {
            return Ok(());
        }
        let at = self.spool.append(&batch.bytes)?;
        let first = self.items.len();
        self.items.extend(batch.items.iter().map(|item| item.moved(at)))?;
        self.batches.push(Batch {
            items: first..self.items.len(),
            kinds: batch.kinds.clone(),
            has_extras: batch.traits.given.any(),
        });
        self.traits.union(&batch.traits);
        if self.items.len() > u32::MAX as usize {
            return Err(StoreError::TooLarge("a layer may have 4,294,967,295 features at most"));
        }
        Ok(())
    }

    /// Keeps the plan of the layer, and with it the zoom at which each feature shows; not when the layer has
    /// outgrown it.
    pub(crate) fn keep_plan(&mut self) {
        let Some(entry) = &self.existing else { return };
        let plan = entry.content.ruler.plan();
        let fits = !plan.thresholds.is_empty()
            && entry.layer.count <= plan.count.saturating_mul(2).max(FEW)
            && entry.layer.count.saturating_mul(2).max(FEW) >= plan.count;
        self.frozen = fits.then(|| plan.clone());
    }

    /// Returns the layer's id.
    pub fn id(&self) -> &LayerId {
        &self.plan.id
    }

    /// Returns the box of the features pushed.
    pub fn bounds(&self) -> Option<onemap_model::Bounds> {
        self.traits.bounds
    }

    /// Tells whether some feature pushed has heights.
    pub fn has_heights(&self) -> bool {
        self.traits.with_z > 0
    }

    /// Returns the number of features pushed.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Tells whether no features were pushed.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }
}

/// A layer whose features are on the disk and ready to be committed.
#[derive(Debug)]
pub struct FinishedLayer {
    plan: LayerPlan,
    busy: Busy,
    layer: Layer,
    new_lineage: usize,
    written: Option<Written>,
    /// Edits up to this revision are in the segment; `None`: all are replaced.
    folded: Option<Revision>,
    /// What became of the features.
    counts: ImportCounts,
}

impl FinishedLayer {
    /// Returns the layer as it will be; its revision is not known yet.
    pub fn layer(&self) -> &Layer {
        &self.layer
    }

    /// Returns what became of the features.
    pub fn counts(&self) -> ImportCounts {
        self.counts
    }
}

/// What an import did to the features of a layer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ImportCounts {
    /// Features that were not there before.
    pub added: u64,
    /// Features that were there and were replaced by others of the same id.
    pub replaced: u64,
    /// Features that were there and stay as they were.
    pub kept: u64,
}
