//! Keeps operations per thread: making one costs up to 43 ms, and none may leave its thread.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use crate::proj::{self, Object};
use crate::{Crs, Error, Result};

/// How many operations a thread keeps. An import needs one, a server a few per layer.
const KEPT: usize = 32;

thread_local! {
    /// The last used stands last.
    static OPERATIONS: RefCell<Vec<(Arc<str>, Rc<Object>)>> = const { RefCell::new(Vec::new()) };
}

/// The store's side of an operation from another datum.
const STORE: &str = "EPSG:4326";

/// Returns the operation from a coordinate system to the store's longitude and latitude: its own base where
/// that is WGS 84 or CGCS2000, between which PROJ knows no official relation.
pub(crate) fn to_store(crs: &Crs) -> Result<Rc<Object>> {
    cached(crs.horizontal(), || {
        let from = proj::create(crs.horizontal())?;
        proj::operation(&from, &proj::create(crs.store_datum().unwrap_or(STORE))?, true)
    })
    .map_err(|reason| Error::NoTransformation { crs: crs.to_string(), reason })
}

/// Returns an operation made by `make`, or the one kept under the same key.
pub(crate) fn cached(
    key: &Arc<str>,
    make: impl FnOnce() -> std::result::Result<Object, String>,
) -> std::result::Result<Rc<Object>, String> {
    let kept = OPERATIONS.with_borrow_mut(|operations| {
        let position =
            operations.iter().position(|(kept, _)| Arc::ptr_eq(kept, key) || kept == key)?;
        if position + 1 < operations.len() {
            let entry = operations.remove(position);
            operations.push(entry);
        }
        operations.last().map(|(_, operation)| Rc::clone(operation))
    });
    if let Some(operation) = kept {
        return Ok(operation);
    }
    let operation = Rc::new(make()?);
    OPERATIONS.with_borrow_mut(|operations| {
        if operations.len() == KEPT {
            operations.remove(0);
        }
        operations.push((Arc::clone(key), Rc::clone(&operation)));
    });
    Ok(operation)
}
