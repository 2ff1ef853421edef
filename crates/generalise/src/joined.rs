//! Lines that are one line to the eye: they share an end, and the values that join them.

use rustc_hash::FxHashMap;

/// A line that may be joined with others.
#[derive(Debug, Clone, Copy)]
pub struct JoinLine {
    /// Hash of the values that must be equal.
    pub key: u64,
    /// Its ends, degrees.
    pub ends: [[f64; 2]; 2],
    /// Its length, metres.
    pub length: f32,
}

/// Finds for each line the whole that it belongs to: the number of the whole's first line, and the length of
/// all its lines. Takes about 100 bytes of memory for each line while it runs.
pub fn join_lines(lines: &[JoinLine]) -> Vec<(u32, f32)> {
    let mut parents: Vec<u32> = (0..lines.len() as u32).collect();
    let mut at_end: FxHashMap<(u64, [u64; 2]), u32> = FxHashMap::default();
    for (i, line) in (0_u32..).zip(lines) {
        for end in line.ends {
            // -0 and 0 are one place.
            let place = end.map(|x| (x + 0.0).to_bits());
            let other = *at_end.entry((line.key, place)).or_insert(i);
            let (a, b) = (root(&mut parents, i), root(&mut parents, other));
            let (first, later) = (a.min(b), a.max(b));
            if let Some(parent) = parents.get_mut(later as usize) {
                *parent = first;
            }
        }
    }
    let mut lengths = vec![0.0_f64; lines.len()];
    for (i, line) in (0_u32..).zip(lines) {
        let whole = root(&mut parents, i) as usize;
        if let Some(length) = lengths.get_mut(whole) {
            *length += f64::from(line.length);
        }
    }
    (0..lines.len() as u32)
        .map(|i| {
            let whole = root(&mut parents, i);
            (whole, lengths.get(whole as usize).map_or(0.0, |&length| length as f32))
        })
        .collect()
}

fn root(parents: &mut [u32], mut at: u32) -> u32 {
    loop {
        let parent = parents.get(at as usize).copied().unwrap_or(at);
        if parent == at {
            return at;
        }
        // Halve the path on the way.
        let above = parents.get(parent as usize).copied().unwrap_or(parent);
        if let Some(slot) = parents.get_mut(at as usize) {
            *slot = above;
        }
        at = above;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_one_key_that_share_ends_are_one_and_others_are_not() {
        let line = |key, from: f64, to: f64| JoinLine {
            key,
            ends: [[from, 0.0], [to, 0.0]],
            length: (to - from) as f32,
        };
        let lines = [
            line(1, 0.0, 1.0),
            line(2, 1.0, 2.0),
            line(1, 2.0, 4.0),
            line(1, 1.0, 2.0),
            line(1, 9.0, 10.0),
        ];
        assert_eq!(join_lines(&lines), [(0, 4.0), (1, 1.0), (0, 4.0), (0, 4.0), (4, 1.0)]);
    }

    #[test]
    fn a_chain_of_a_million_pieces_is_joined_in_any_order() {
        let n = 1_000_000_u32;
        let lines: Vec<JoinLine> = (0..n)
            .map(|i| {
                let at = f64::from((i * 7 + 3) % n);
                JoinLine { key: 0, ends: [[at, 0.0], [at + 1.0, 0.0]], length: 1.0 }
            })
            .collect();
        assert!(join_lines(&lines).iter().all(|&(whole, length)| whole == 0 && length == n as f32));
    }
}
