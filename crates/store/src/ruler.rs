//! When features show that come after the import: the layer's plan, bound to its fields.

use onemap_generalise::{DropItem, DropPlan, first_zoom};
use onemap_model::Feature;

use crate::segment::{self, Segment};

/// Measures edited features by the plan of their layer.
#[derive(Debug, Clone)]
pub(crate) struct Ruler {
    plan: DropPlan,
    importance_at: Option<usize>,
    /// Positions of the fields whose equal values join features.
    merge: Vec<usize>,
    /// Which fields a square of mass has.
    mass_fields: Vec<bool>,
}

impl Default for Ruler {
    fn default() -> Self {
        Self {
            plan: DropPlan::empty(),
            importance_at: None,
            merge: Vec::new(),
            mass_fields: Vec::new(),
        }
    }
}

impl Ruler {
    /// Takes the plan of a segment.
    pub(crate) fn of(segment: &Segment) -> Self {
        let plan = segment.plan().clone();
        let position = |name: &String| segment.names().iter().position(|known| known == name);
        let importance_at = plan.importance.as_ref().and_then(|i| position(&i.field));
        let merge = plan.merge.iter().filter_map(position).collect();
        let mass_fields = segment.names().iter().map(|name| plan.mass_fields.contains(name));
        let mass_fields = mass_fields.collect();
        Self { plan, importance_at, merge, mass_fields }
    }

    /// Tells whether a square of mass has field number `i`.
    pub(crate) fn mass_has(&self, i: usize) -> bool {
        self.mass_fields.get(i).copied().unwrap_or(false)
    }

    pub(crate) fn plan(&self) -> &DropPlan {
        &self.plan
    }

    /// Positions of the fields whose equal values join features.
    pub(crate) fn merge(&self) -> &[usize] {
        &self.merge
    }

    /// The zoom at which everything shows.
    pub(crate) fn last_zoom(&self) -> u8 {
        u8::try_from(self.plan.thresholds.len()).unwrap_or(u8::MAX)
    }

    pub(crate) fn measure(&self, feature: &Feature) -> DropItem {
        segment::drop_item(feature, &self.plan, self.importance_at)
    }

    /// Returns the first zoom of a feature by itself.
    pub(crate) fn first_zoom(&self, item: &DropItem) -> u8 {
        first_zoom(item, &self.plan)
    }
}
