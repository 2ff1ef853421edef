//! Valves that are given as positions: on a link, near the node that they can cut off.

use std::ops::Range;

use crate::index::Index;
use crate::network::{DEAD, Network, link_bit};

/// One such valve.
#[derive(Debug, Clone)]
pub(crate) struct Position {
    pub id: u64,
    pub at: [f64; 2],
    /// Key of the link's code.
    pub link_key: u64,
    /// Key of the node's code, 0: the nearer end.
    pub node_key: u64,
    /// The half-edge that it cuts, `link * 2 + end`.
    pub half: Option<u32>,
    pub closed: bool,
    pub operable: bool,
    pub code: Range<u32>,
}

impl Position {
    /// Tells whether it separates anything: it does when it can be turned, or is shut for good.
    pub(crate) fn cuts(&self) -> bool {
        self.operable || self.closed
    }
}

/// All of them.
#[derive(Debug, Default)]
pub(crate) struct Positions {
    pub rows: Vec<Position>,
    pub free: Vec<u32>,
    /// How many can not be turned.
    pub stuck: usize,
    /// By the key of their link's code.
    pub by_link_key: Index,
    /// By the half-edge that they cut.
    pub by_half: Index,
}

impl Network {
    /// Finds the half-edge that a valve position cuts.
    pub(crate) fn find_half(&self, valve: &Position) -> Option<u32> {
        let links = self.by_link_code.get(valve.link_key);
        let link = links.min_by_key(|link| self.links.id[*link as usize])?;
        let ends = self.links.ends[link as usize];
        if valve.node_key != 0 {
            let keys = self.links.key[link as usize];
            let matches = |end: usize| {
                keys[end] == valve.node_key
                    || self.nodes.key[ends[end] as usize][0] == valve.node_key
            };
            let end = (0..2).find(|end| matches(*end))?;
            return Some(link * 2 + end as u32);
        }
        let line = &self.links.facts[link as usize].line;
        let line = &self.lines.xy[line.start as usize..line.end as usize];
        let far = |corner: &[f64; 2]| (corner[0] - valve.at[0]).hypot(corner[1] - valve.at[1]);
        let nearer_last = far(line.last()?) < far(line.first()?);
        Some(link * 2 + u32::from(nearer_last))
    }

    /// Binds a valve position to the half-edge that it cuts; tells whether that is another one than before.
    pub(crate) fn bind_valve(&mut self, at: u32) -> bool {
        let Some(valve) = self.valves.rows.get(at as usize).filter(|valve| valve.id != DEAD) else {
            return false;
        };
        let (before, now) = (valve.half, self.find_half(valve));
        if before == now {
            return false;
        }
        if let Some(half) = before {
            self.valves.by_half.remove(u64::from(half), at);
        }
        if let Some(half) = now {
            self.valves.by_half.insert(u64::from(half), at);
        }
        self.valves.rows[at as usize].half = now;
        for half in [before, now].into_iter().flatten() {
            self.mark_cut(half);
        }
        true
    }

    /// Notes on a link whether a valve position cuts one of its ends.
    pub(crate) fn mark_cut(&mut self, half: u32) {
        let cut = self.valves_cutting(half).next().is_some();
        let bit = link_bit::CUT[(half % 2) as usize];
        if let Some(bits) = self.links.bits.get_mut(half as usize / 2) {
            *bits = if cut { *bits | bit } else { *bits & !bit };
        }
    }

    /// Returns the valve positions that cut a half-edge.
    pub(crate) fn valves_cutting(&self, half: u32) -> impl Iterator<Item = u32> + '_ {
        let found = self.valves.by_half.get(u64::from(half));
        found.filter(|at| self.valves.rows[*at as usize].cuts())
    }
}
