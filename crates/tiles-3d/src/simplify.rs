//! Outlines with fewer corners.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Returns which corners of a ring, not closed, are kept when those that matter less than a tolerance are left out: again and
/// again the one that is nearest to the line between its neighbours, the first of equal ones; four corners at least.
pub(crate) fn kept(ring: &[[f64; 2]], tolerance: f64) -> Vec<usize> {
    let n = ring.len();
    let mut before: Vec<usize> = (0..n).map(|i| (i + n - 1) % n).collect();
    let mut after: Vec<usize> = (0..n).map(|i| (i + 1) % n).collect();
    let distance = |before: &[usize], after: &[usize], i: usize| {
        let (a, b, c) = (ring[before[i]], ring[i], ring[after[i]]);
        let doubled = (b[0] - a[0]) * (c[1] - a[1]) - (c[0] - a[0]) * (b[1] - a[1]);
        let base = libm::sqrt((c[0] - a[0]).powi(2) + (c[1] - a[1]).powi(2));
        doubled.abs() / base.max(1e-9)
    };
    // Numbers that are not negative are in the order of their bits.
    let mut now: Vec<u64> = (0..n).map(|i| distance(&before, &after, i).to_bits()).collect();
    let mut waiting: BinaryHeap<Reverse<(u64, usize)>> =
        now.iter().copied().zip(0..).map(Reverse).collect();
    let mut gone = vec![false; n];
    let mut left = n;
    while left > 4
        && let Some(Reverse((bits, i))) = waiting.pop()
    {
        if gone[i] || now[i] != bits {
            continue;
        }
        if f64::from_bits(bits) > tolerance || f64::from_bits(bits).is_nan() {
            break;
        }
        gone[i] = true;
        left -= 1;
        let (a, c) = (before[i], after[i]);
        (after[a], before[c]) = (c, a);
        for near in [a, c] {
            now[near] = distance(&before, &after, near).to_bits();
            waiting.push(Reverse((now[near], near)));
        }
    }
    (0..n).filter(|&i| !gone[i]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_matters_least_goes_first_and_four_corners_stay() {
        let notched =
            [[0.0, 0.0], [5.0, 0.1], [10.0, 0.0], [10.0, 4.0], [9.0, 4.0], [9.0, 8.0], [0.0, 8.0]];
        assert_eq!(kept(&notched, 0.05).len(), 7);
        assert_eq!(kept(&notched, 0.2), [0, 2, 3, 4, 5, 6]);
        assert_eq!(kept(&notched, 100.0).len(), 4);
        assert_eq!(kept(&[[f64::NAN; 2]; 6], 1.0).len(), 6);
    }
}
