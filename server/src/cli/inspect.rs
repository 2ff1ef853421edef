//! `onemap inspect`.

use std::fmt;

use clap::Args;
use serde::Serialize;

use super::{Common, DONE};
use crate::progress::Bar;

#[derive(Args)]
#[command(
    after_help = "Examples:\n  onemap inspect parcels.shp\n  onemap inspect city.gpkg --json"
)]
pub(super) struct InspectArgs {
    /// File, folder, zip, `-` or postgres:// address
    #[arg(value_name = "SOURCE")]
    source: String,
    /// Encoding of text, such as GBK [default: detected]
    #[arg(long, value_name = "E")]
    encoding: Option<String>,
    /// CRS of the coordinates, where the source states none
    #[arg(long, value_name = "CRS")]
    crs: Option<String>,
}

#[derive(Serialize)]
struct Inspection {
    layers: Vec<onemap_ingest::Inspected>,
}

pub(super) fn run(common: &Common, args: &InspectArgs) -> anyhow::Result<u8> {
    let reading = onemap_vector::Options {
        encoding: args.encoding.clone(),
        crs: args.crs.clone(),
        ..onemap_vector::Options::default()
    };
    let bar = Bar::new(common.json);
    let mut layers = Vec::new();
    for source in onemap_vector::open(&args.source)? {
        layers.extend(onemap_ingest::inspect(
            &source.name,
            &mut |sink| onemap_vector::read(&source, &reading, sink).map_err(|e| Box::new(e) as _),
            &bar,
        )?);
    }
    bar.finish();
    common.print(&Inspection { layers })?;
    Ok(DONE)
}

impl fmt::Display for Inspection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, layer) in self.layers.iter().enumerate() {
            if i > 0 {
                writeln!(f)?;
            }
            write!(f, "{layer}")?;
        }
        Ok(())
    }
}
