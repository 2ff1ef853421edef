//! What a person sees while waiting: a bar on a terminal, a line now and then elsewhere.

use std::io::IsTerminal;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// Time between lines when standard error is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(5);

/// Progress of an import, on standard error.
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
        if let Some(bar) = &self.shown {
            bar.set_length(at.total_bytes.max(1));
            bar.set_position(at.done_bytes.min(at.total_bytes));
            bar.set_message(format!("{} {}", at.stage, at.source));
            bar.set_prefix(counts);
            return;
        }
        if self.quiet {
            return;
        }
        let Ok(mut last) = self.lines.lock() else { return };
        if last.elapsed() >= LINE_EVERY {
            *last = Instant::now();
            let percent = at.done_bytes * 100 / at.total_bytes.max(1);
            eprintln!("{} {}: {percent}%, {counts}", at.stage, at.source);
        }
    }
}
