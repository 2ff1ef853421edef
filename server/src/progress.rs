//! What a person sees while waiting: a bar on a terminal, a line now and then elsewhere.

use std::io::IsTerminal;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// Time between lines when standard error is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(5);

/// Progress of an import or export, on standard error.
pub(crate) struct Bar {
    shown: Option<ProgressBar>,
    lines: Mutex<Instant>,
    quiet: bool,
}

impl Bar {
    /// Makes a bar; `quiet` shows nothing.
    pub(crate) fn new(quiet: bool) -> Self {
        let bar = (!quiet && std::io::stderr().is_terminal()).then(|| {
            let bar = ProgressBar::new(0);
            let template = "{msg:.bold} {wide_bar:.cyan} {percent}% {prefix} {eta} left";
            bar.set_style(
                ProgressStyle::with_template(template)
                    .unwrap_or_else(|_| ProgressStyle::default_bar()),
            );
            bar
        });
        Self { shown: bar, lines: Mutex::new(Instant::now()), quiet }
    }

    /// Shows that `done` of `total` are done; `counts` says more of it.
    pub(crate) fn step(&self, doing: &str, done: u64, total: u64, counts: &str) {
        if let Some(bar) = &self.shown {
            bar.set_length(total.max(1));
            bar.set_position(done.min(total));
            bar.set_message(doing.to_owned());
            bar.set_prefix(counts.to_owned());
            return;
        }
        if self.quiet {
            return;
        }
        let Ok(mut last) = self.lines.lock() else { return };
        if last.elapsed() >= LINE_EVERY {
            *last = Instant::now();
            eprintln!("{doing}: {}%, {counts}", done * 100 / total.max(1));
        }
    }

    /// Removes the bar.
    pub(crate) fn finish(&self) {
        if let Some(bar) = &self.shown {
            bar.finish_and_clear();
        }
    }
}

impl onemap_ingest::Progress for Bar {
    fn update(&self, at: &onemap_ingest::Position<'_>) {
        let rate = at.features as f64 / at.elapsed.as_secs_f64().max(0.001);
        let counts = format!("{} features {rate:.0}/s", at.features);
        let doing = format!("{} {}", at.stage, at.source);
        self.step(&doing, at.done_bytes, at.total_bytes, &counts);
    }
}
