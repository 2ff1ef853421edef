//! `onemap check` and `compact`.

use clap::Args;
use onemap_model::{LayerId, ViewSpec};

use super::{Common, DONE, FAILED, actor};

#[derive(Args)]
pub(super) struct CompactArgs {
    /// Layers to compact; all when none is named
    layers: Vec<LayerId>,
}

pub(super) fn check(common: &Common) -> anyhow::Result<u8> {
    let report = common.store_to_read()?.check();
    common.print(&report)?;
    Ok(if report.is_clean() { DONE } else { FAILED })
}

pub(super) fn compact(common: &Common, args: &CompactArgs) -> anyhow::Result<u8> {
    let store = common.store()?;
    let view = store.view(ViewSpec::default());
    let all = || view.layers().map(|layer| layer.id.clone()).collect();
    let layers: Vec<LayerId> = if args.layers.is_empty() { all() } else { args.layers.clone() };
    for layer in &layers {
        let folded = store.compact(layer, &actor())?;
        if !common.json {
            match folded {
                Some(committed) => {
                    println!("{layer}: edits folded, revision {}", committed.revision);
                }
                None => println!("{layer}: no edits to fold"),
            }
        }
    }
    if common.json {
        println!("{}", serde_json::json!({ "layers": layers }));
    }
    Ok(DONE)
}
