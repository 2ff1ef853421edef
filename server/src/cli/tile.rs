//! `onemap tile`.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, bail};
use clap::Args;
use onemap_model::{TileCoord, ViewSpec};

use super::{Common, DONE};
use crate::tile_service::{LayerList, TileRequest, TileService};

#[derive(Args)]
#[command(after_help = "Example:\n  onemap tile roads,buildings/14/13575/6547 -o tile.mvt")]
pub(super) struct TileArgs {
    /// LAYERS/Z/X/Y
    address: String,
    /// File to write
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
}

pub(super) fn run(common: &Common, args: &TileArgs) -> anyhow::Result<u8> {
    let parts: Vec<&str> = args.address.split('/').collect();
    let [layers, z, x, y] = parts[..] else {
        bail!("'{}' is not LAYERS/Z/X/Y", args.address);
    };
    let number = |text: &str| -> anyhow::Result<u64> {
        text.parse().with_context(|| format!("'{text}' is not a number of a tile address"))
    };
    let request = TileRequest {
        layers: layers.parse::<LayerList>()?,
        coord: TileCoord::new(number(z)?, number(x)?, number(y)?)?,
        spec: ViewSpec::default(),
        revision: None,
        buffer: None,
    };
    let service = TileService::new(Arc::new(common.store_to_read()?), 0, 1);
    let tile = service.tile(&request)?;
    std::fs::write(&args.output, &tile)
        .with_context(|| format!("can not write '{}'", args.output.display()))?;
    if common.json {
        println!("{}", serde_json::json!({ "tile": args.address, "bytes": tile.len() }));
    } else {
        println!("{}: {} bytes", args.output.display(), tile.len());
    }
    Ok(DONE)
}
