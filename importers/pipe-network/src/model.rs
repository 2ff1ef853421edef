//! What readers of models do alike: what they refuse and keep, places and heights that models leave out.

use onemap_model::{Element, Note, Value};
use rustc_hash::FxHashSet;

use crate::draft::{Draft, Found, Refused};
use crate::{Error, Source, limits};

/// Makes the error of a model that is too large to be held in memory; `elements` are what is counted besides corners.
pub(crate) fn too_large(source: &Source, elements: &str) -> Error {
    let (most, corners) = (limits::MAX_MODEL_ELEMENTS, limits::MAX_MODEL_CORNERS);
    let reason = format!("it has more than {most} {elements}, or {corners} vertices");
    Error::unsupported(source, reason, "divide the network into several files")
}

/// Makes the error of a model that does not say where its nodes are.
pub(crate) fn without_places(source: &Source) -> Error {
    let remedy = "add the section [COORDINATES] with the place of every node";
    Error::unsupported(source, "it has no coordinates", remedy)
}

/// Keeps a line of a section as text, as far as texts are kept. Sections may stand in the file in parts; all of them
/// together are one text.
pub(crate) fn keep_text(draft: &mut Draft, section: &str, line: &str) {
    let known = draft.texts.iter().position(|(name, _)| name == section);
    let at = known.unwrap_or_else(|| {
        draft.texts.push((section.to_owned(), String::new()));
        draft.texts.len() - 1
    });
    if let Some((_, text)) = draft.texts.get_mut(at)
        && text.len() < limits::MAX_NOTE_TEXT
    {
        text.extend(line.trim_end().chars().take(limits::MAX_NOTE_TEXT));
        text.push('\n');
    }
}

/// Sets a value of the source's own by its position among the fields.
pub(crate) fn put(extra: &mut Vec<(u32, Value)>, at: u32, value: Value) {
    match extra.iter_mut().find(|(known, _)| *known == at) {
        Some((_, known)) => *known = value,
        None => extra.push((at, value)),
    }
}

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
