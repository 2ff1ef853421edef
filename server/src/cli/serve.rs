//! `onemap serve`.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context;
use clap::Args;
use onemap_store::Store;

use super::{Common, DONE};
use crate::http;
use crate::tile_service::TileService;

#[derive(Args)]
#[command(after_help = "Example:\n  onemap serve --listen 0.0.0.0:8080 --cache-mb 512")]
pub(super) struct ServeArgs {
    /// Address to listen on
    #[arg(long, default_value = "127.0.0.1:8080", value_name = "ADDR")]
    listen: SocketAddr,
    /// Memory for tiles kept ready, MiB
    #[arg(long, default_value_t = 256, value_name = "MIB")]
    cache_mb: u64,
}

pub(super) fn run(common: &Common, args: &ServeArgs) -> anyhow::Result<u8> {
    serve(common.store()?, args)
}

/// Serves the store until the process is told to end.
pub(super) fn serve(store: Store, args: &ServeArgs) -> anyhow::Result<u8> {
    tracing_subscriber::fmt()
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_from_env("ONEMAP_LOG")
                .unwrap_or_else(|_| "info".into()),
        )
        .with_writer(std::io::stderr)
        .init();
    let tiles = TileService::new(Arc::new(store), args.cache_mb << 20);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("can not start the server's threads")?;
    runtime.block_on(http::serve(args.listen, tiles))?;
    Ok(DONE)
}
