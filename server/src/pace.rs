//! How long tiles have taken of late.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Work of up to this is done by the thread that reads from the network: to wake another one takes a tenth of it.
const SHORT: Duration = Duration::from_micros(1500);
const ZOOMS: usize = 32;

/// Mean times of the last tiles, by zoom.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    /// Nanoseconds; 0 before the first.
    means: [AtomicU64; ZOOMS],
}

impl Pace {
    /// Tells whether a tile of a zoom is likely to be ready at once. Not known counts as no.
    pub(crate) fn is_short(&self, zoom: u8) -> bool {
        let mean = self.means.get(usize::from(zoom)).map_or(0, |mean| mean.load(Ordering::Relaxed));
        mean > 0 && u128::from(mean) < SHORT.as_nanos()
    }

    /// Takes notice of a tile. One that took long counts more, so that a zoom with some large tiles is not short.
    pub(crate) fn learn(&self, zoom: u8, taken: Duration) {
        let Some(mean) = self.means.get(usize::from(zoom)) else { return };
        let taken = u64::try_from(taken.as_nanos()).unwrap_or(u64::MAX).max(1);
        let before = mean.load(Ordering::Relaxed);
        // Two that learn at the same time may lose one figure of many.
        let next =
            if taken > before { taken.midpoint(before) } else { before - (before - taken) / 16 };
        mean.store(next, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_long_tile_outweighs_many_short_ones() {
        let pace = Pace::default();
        assert!(!pace.is_short(16));
        for _ in 0..50 {
            pace.learn(16, Duration::from_micros(300));
        }
        assert!(pace.is_short(16) && !pace.is_short(10));
        pace.learn(16, Duration::from_millis(20));
        assert!(!pace.is_short(16));
    }
}
