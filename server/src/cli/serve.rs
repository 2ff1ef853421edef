//! `onemap serve`.

use std::net::SocketAddr;

use anyhow::Context;
use clap::Args;
use onemap_store::Store;

use super::{Common, DONE};
use crate::folding::Folding;
use crate::http;

#[derive(Args)]
#[command(after_help = "Example:\n  onemap serve --listen 0.0.0.0:8080 --cache 512MB")]
pub(super) struct ServeArgs {
    /// Address to listen on
    #[arg(long, default_value = "127.0.0.1:8080", value_name = "ADDR")]
    listen: SocketAddr,
    /// Memory for tiles kept ready, with all that it takes to keep them: 64MB, 1GB
    #[arg(long, default_value = "256MB", value_name = "SIZE", value_parser = size)]
    cache: u64,
    /// Let all who reach the server edit features; without, only programs on this computer may
    #[arg(long)]
    allow_edits: bool,
    /// Most connections at a time; by default as many as open files are allowed, up to 20000
    #[arg(long, value_name = "N")]
    max_connections: Option<usize>,
}

/// Reads a size: a number of bytes, or one of kB, MB, GB (1024 of each other).
fn size(text: &str) -> Result<u64, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic() || c == ' ');
    let unit =
        match text.get(digits.len()..).unwrap_or_default().trim().to_ascii_lowercase().as_str() {
            "" | "b" => 0,
            "k" | "kb" | "kib" => 10,
            "m" | "mb" | "mib" => 20,
            "g" | "gb" | "gib" => 30,
            other => return Err(format!("'{other}' is no unit: use kB, MB or GB")),
        };
    let number: u64 =
        digits.trim().parse().map_err(|_| format!("'{text}' is no size such as 256MB"))?;
    number.checked_mul(1 << unit).ok_or_else(|| format!("'{text}' is too large"))
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
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("can not start the server's threads")?;
    let settings = http::Settings {
        listen: args.listen,
        cache_bytes: args.cache,
        allow_edits: args.allow_edits,
        max_connections: args.max_connections,
    };
    let _folding = Folding::start(store.clone());
    runtime.block_on(http::serve(store, settings))?;
    Ok(DONE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_read_as_people_write_them() {
        assert_eq!(size("64MB"), Ok(64 << 20));
        assert_eq!(size("1 GB"), Ok(1 << 30));
        assert_eq!(size("500"), Ok(500));
        for bad in ["", "MB", "1.5GB", "1TB", "-1", "99999999999999GB"] {
            assert!(size(bad).is_err(), "{bad}");
        }
    }
}
