//! What readers of models do alike: places and heights that models leave out.

use onemap_model::{Element, Note};
use rustc_hash::FxHashSet;

use crate::draft::{Draft, Found, Refused};

/// Takes out the nodes that have no place; `placed` are the positions of the others, `table` is where places stand.
pub(crate) fn refuse_unplaced(draft: &mut Draft, placed: &FxHashSet<usize>, table: &str) {
    let mut next = 0;
    let (found, refused) = (&mut draft.found, &mut draft.refused);
    draft.nodes.retain(|node| {
        let is_placed = placed.contains(&next);
        next += 1;
        if !is_placed {
            found.push(Found {
                code: "no-coordinates",
                origin: node.origin,
                feature: Some(node.code.clone()),
                at: None,
                text: format!("the node {} is not in {table}", node.code),
            });
            refused.push(Refused {
                origin: node.origin,
                code: Some(node.code.clone()),
                reason: format!("the node has no coordinates; add them to {table}"),
            });
        }
        is_placed
    });
}

/// Takes the heights away where all nodes but sources are at 0: the model was made without them.
pub(crate) fn forget_flat_heights(draft: &mut Draft) {
    let others = || draft.nodes.iter().filter(|node| !node.element.is_some_and(Element::is_source));
    if others().next().is_none() || others().any(|node| node.z.is_some_and(|z| z != 0.0)) {
        return;
    }
    for node in &mut draft.nodes {
        (node.z, node.bottom) = (None, None);
    }
    draft.notes.push(Note::assumed(
        "the height of every junction is 0: it was taken for not known, and the network is without heights",
    ));
}
