//! Making the tiles, on all cores and in their order.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::sync_channel;

use anyhow::{Context, anyhow};
use onemap_archive::{Compression, PmTiles, Spool, TileId, gzip};
use onemap_model::TileCoord;
use onemap_store::View;
use rayon::prelude::*;

use crate::progress::Bar;
use crate::tile_service::{LayerList, TileRequest, TileService};

/// Tiles that are made together, for each thread. Two such lots are in memory at most: one that is being made, one
/// that is being written.
const TILES_PER_THREAD: usize = 32;

/// Where tiles come from.
pub(super) enum Maker {
    /// From the features of layers.
    Features { service: TileService, layers: LayerList, view: View },
    /// From an archive that is itself a layer.
    Archive(PmTiles),
}

impl Maker {
    /// Makes a tile, gzipped; without bytes when it is empty.
    fn make(&self, coord: TileCoord) -> anyhow::Result<Vec<u8>> {
        let bytes = match self {
            Self::Features { service, layers, view } => {
                let request = TileRequest {
                    layers: layers.clone(),
                    coord,
                    spec: view.spec().clone(),
                    revision: None,
                    buffer: None,
                };
                // One view for all tiles: "now" is the same instant in each.
                service.tile_in(&request, view)?
            }
            Self::Archive(archive) => match archive.tile(coord)? {
                Some(tile) if tile.compression == Compression::Gzip => return Ok(tile.bytes),
                Some(tile) => tile.bytes,
                None => return Ok(Vec::new()),
            },
        };
        if bytes.is_empty() {
            return Ok(Vec::new());
        }
        gzip(&bytes).context("can not pack the tile")
    }
}

/// Makes the tiles that the spool does not have yet; `false` when it was interrupted. The bytes do not depend on
/// the number of threads.
pub(super) fn make(
    maker: &Maker,
    tiles: &[TileId],
    spool: &mut Spool,
    pool: &rayon::ThreadPool,
    bar: &Bar,
) -> anyhow::Result<bool> {
    let done = spool.last().map_or(0, |last| tiles.partition_point(|tile| *tile <= last));
    let left = tiles.get(done..).unwrap_or_default();
    let stop = interrupted()?;
    let (to_writer, lots) = sync_channel::<Vec<(TileCoord, Vec<u8>)>>(1);
    std::thread::scope(|scope| {
        let writer = scope.spawn(move || -> anyhow::Result<()> {
            for (tile, bytes) in lots.iter().flatten() {
                spool.push(tile, &bytes)?;
            }
            Ok(())
        });
        let mut failed = Ok(());
        let mut at = done;
        for lot in left.chunks(TILES_PER_THREAD * pool.current_num_threads()) {
            let made = pool.install(|| make_lot(maker, lot, &stop));
            let (made, error) = until_error(made);
            at += made.len();
            let zoom = lot.first().map_or(0, |tile| tile.zoom());
            let counts = format!("{at} of {} tiles, zoom {zoom}", tiles.len());
            bar.step("making tiles", at as u64, tiles.len() as u64, &counts);
            // The writer ends early only when it fails, and then says why.
            let sent = to_writer.send(made);
            if let Some(error) = error {
                failed = Err(error);
            }
            if sent.is_err() || failed.is_err() || stop.load(Ordering::Relaxed) {
                break;
            }
        }
        drop(to_writer);
        let written = writer.join().map_err(|_| anyhow!("writing the tiles ended early"))?;
        written?;
        failed?;
        Ok(at == tiles.len())
    })
}

type Made = anyhow::Result<(TileCoord, Vec<u8>)>;

/// Makes tiles; `None` for those not begun because of an interruption.
fn make_lot(maker: &Maker, lot: &[TileId], stop: &AtomicBool) -> Vec<Option<Made>> {
    let make = |tile: &TileId| {
        let coord = tile.coord();
        let made = || {
            let bytes = maker.make(coord).with_context(|| format!("can not make tile {coord}"))?;
            Ok((coord, bytes))
        };
        (!stop.load(Ordering::Relaxed)).then(made)
    };
    lot.par_iter().with_max_len(1).map(make).collect()
}

/// Returns the tiles up to the first that is missing, and what went wrong with it.
fn until_error(made: Vec<Option<Made>>) -> (Vec<(TileCoord, Vec<u8>)>, Option<anyhow::Error>) {
    let mut good = Vec::with_capacity(made.len());
    for tile in made {
        match tile {
            Some(Ok(tile)) => good.push(tile),
            Some(Err(error)) => return (good, Some(error)),
            None => break,
        }
    }
    (good, None)
}

/// Returns what becomes true when the user or the system asks to stop; a second time ends the program at once.
fn interrupted() -> anyhow::Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    let told = stop.clone();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("can not listen to signals")?;
    std::thread::spawn(move || {
        runtime.block_on(async {
            asked_to_stop().await;
            told.store(true, Ordering::Relaxed);
            eprintln!("stopping: what is done is kept");
            asked_to_stop().await;
            std::process::exit(130);
        });
    });
    Ok(stop)
}

async fn asked_to_stop() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}
