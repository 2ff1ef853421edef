//! Edits: a network that follows the store without being built anew.

use onemap_model::{FeatureId, FeatureRef};

use crate::network::{DEAD, MADE, NONE, Network, link_bit};
use crate::rows::Row;

/// What happened to one feature of the layer, as a view sees it.
#[derive(Debug, Clone, Copy)]
pub enum Change<'a> {
    /// It was added or changed, and the view shows it.
    Put(FeatureRef<'a>),
    /// It was added or changed, and the view hides it.
    Hide(FeatureRef<'a>),
    /// It was removed, or the view sees it no more.
    Remove(FeatureId),
}

/// What of a row the zones depend on.
#[derive(PartialEq)]
enum Shape {
    Link(u8, crate::network::Direction, f32, f64),
    Node(u64, u8, onemap_model::Element),
}

impl Network {
    /// Follows changes of the layer; afterwards every answer is that of a network built anew.
    ///
    /// Takes microseconds for each change. Corners and texts that are replaced keep their memory until the network is built
    /// anew, some 100 bytes for each change. What shut-offs need is made anew by the next question ([`Network::prepare`]) when
    /// a change touched joints, valves or lengths, and kept otherwise.
    pub fn apply(&mut self, changes: &[Change<'_>]) {
        for change in changes {
            let changed = match change {
                Change::Put(feature) => self.put(feature, false),
                Change::Hide(feature) => self.put(feature, true),
                Change::Remove(id) => self.remove(*id),
            };
            if changed {
                self.zones.take();
            }
        }
    }

    fn put(&mut self, feature: &FeatureRef<'_>, hidden: bool) -> bool {
        let id = feature.id.get();
        let old = self.by_id.get(id).next().map(Row::unpacked);
        let new = self.add_row(feature, hidden);
        match (old, new) {
            (Some(Row::Link(old)), Some(Row::Link(new)))
                if self.links.key[old as usize] == self.links.key[new as usize] =>
            {
                return self.change_link(old, new);
            }
            (Some(Row::Node(old)), Some(Row::Node(new)))
                if self.nodes.key[old as usize] == self.nodes.key[new as usize] =>
            {
                return self.change_node(old, new);
            }
            _ => {}
        }
        if old.is_some() {
            self.remove(feature.id);
        }
        match new {
            Some(Row::Link(link)) => self.join_link(link),
            Some(Row::Node(node)) => self.join_node(node),
            Some(Row::Valve(at)) => self.join_valve(at),
            None => return old.is_some(),
        }
        true
    }

    fn link_shape(&self, link: u32) -> Shape {
        let link = link as usize;
        let area = self.links.facts[link].section.area();
        Shape::Link(
            self.links.bits[link],
            self.links.direction[link],
            self.links.length[link],
            area,
        )
    }

    fn node_shape(&self, node: u32) -> Shape {
        let node = node as usize;
        Shape::Node(
            u64::from(self.nodes.id[node] == MADE),
            self.nodes.bits[node],
            self.nodes.element[node],
        )
    }

    /// Gives a link the values of another row, which then is free; tells whether zones depend on the difference.
    fn change_link(&mut self, link: u32, row: u32) -> bool {
        let (at, from) = (link as usize, row as usize);
        let codes = [self.links.code_key[at], self.links.code_key[from]];
        if codes[0] == codes[1] {
            let cuts = link_bit::CUT[0] | link_bit::CUT[1];
            self.links.bits[from] |= self.links.bits[at] & cuts;
        }
        let before = self.link_shape(link);
        self.links.bits.swap(at, from);
        self.links.direction.swap(at, from);
        self.links.length.swap(at, from);
        self.links.facts.swap(at, from);
        let mut changed = before != self.link_shape(link);
        if codes[0] == codes[1] {
            // Valves without a node are at the nearer end of the line, which may be another now.
            changed |= self.rebind(codes[0]);
        } else {
            if codes[0] != 0 {
                self.by_link_code.remove(codes[0], link);
            }
            self.links.code_key[at] = codes[1];
            if codes[1] != 0 {
                self.by_link_code.insert(codes[1], link);
            }
            changed |= self.rebind(codes[0]) | self.rebind(codes[1]);
        }
        self.links.free(row);
        for node in self.links.ends[at] {
            if self.nodes.id[node as usize] == MADE {
                self.place_made(node);
            }
        }
        changed
    }

    fn change_node(&mut self, node: u32, row: u32) -> bool {
        let (at, from) = (node as usize, row as usize);
        let before = self.node_shape(node);
        self.nodes.at.swap(at, from);
        self.nodes.bits.swap(at, from);
        self.nodes.element.swap(at, from);
        self.nodes.facts.swap(at, from);
        let changed = before != self.node_shape(node);
        self.nodes.free(row);
        changed
    }

    fn remove(&mut self, id: FeatureId) -> bool {
        let Some(packed) = self.by_id.get(id.get()).next() else { return false };
        self.by_id.remove(id.get(), packed);
        match Row::unpacked(packed) {
            Row::Link(link) => self.part_link(link),
            Row::Node(node) => self.part_node(node),
            Row::Valve(at) => self.part_valve(at),
        }
        true
    }

    fn join_link(&mut self, link: u32) {
        self.by_id.insert(self.links.id[link as usize], Row::Link(link).packed());
        for end in 0..2 {
            self.attach(link * 2 + end);
        }
        let code = self.links.code_key[link as usize];
        if code != 0 {
            self.by_link_code.insert(code, link);
            self.rebind(code);
        }
    }

    /// Hooks a half-edge to the node of its key, which is made up if need be.
    fn attach(&mut self, half: u32) {
        let key = self.links.key[half as usize / 2][half as usize % 2];
        let node = self.holder(key).unwrap_or_else(|| {
            let node = self.push_made(key);
            self.by_key.insert(key, node);
            node
        });
        self.hook(half, node);
        if self.nodes.id[node as usize] == MADE {
            self.place_made(node);
        }
    }

    /// Unhooks a half-edge from its node, which ends with it when it was made up for it.
    fn detach(&mut self, half: u32) {
        let node = self.links.ends[half as usize / 2][half as usize % 2];
        self.unhook(half);
        if self.nodes.id[node as usize] != MADE {
            return;
        }
        if self.nodes.first[node as usize] == NONE {
            self.by_key.remove(self.nodes.key[node as usize][0], node);
            self.nodes.free(node);
        } else {
            self.place_made(node);
        }
    }

    fn part_link(&mut self, link: u32) {
        let code = self.links.code_key[link as usize];
        if code != 0 {
            self.by_link_code.remove(code, link);
            self.rebind(code);
        }
        for end in 0..2 {
            self.detach(link * 2 + end);
        }
        self.links.free(link);
    }

    fn join_node(&mut self, node: u32) {
        let id = self.nodes.id[node as usize];
        self.by_id.insert(id, Row::Node(node).packed());
        let keys = self.nodes.key[node as usize];
        for key in keys.into_iter().filter(|key| *key != 0) {
            let before = self.holder(key);
            self.by_key.insert(key, node);
            let Some(before) = before.filter(|before| self.nodes.id[*before as usize] > id) else {
                continue;
            };
            for half in self.halves_by_key(before, key) {
                self.unhook(half);
                self.hook(half, node);
                self.rebind(self.links.code_key[half as usize / 2]);
            }
            if self.nodes.id[before as usize] == MADE {
                self.by_key.remove(key, before);
                self.nodes.free(before);
            }
        }
    }

    fn part_node(&mut self, node: u32) {
        for key in self.nodes.key[node as usize].into_iter().filter(|key| *key != 0) {
            self.by_key.remove(key, node);
        }
        let halves: Vec<u32> =
            self.half_edges(node).map(|(link, end)| link * 2 + end as u32).collect();
        for half in halves {
            self.unhook(half);
            self.attach(half);
            self.rebind(self.links.code_key[half as usize / 2]);
        }
        self.nodes.free(node);
    }

    fn halves_by_key(&self, node: u32, key: u64) -> Vec<u32> {
        let halves = self.half_edges(node);
        let found = halves.filter(|(link, end)| self.links.key[*link as usize][*end] == key);
        found.map(|(link, end)| link * 2 + end as u32).collect()
    }

    fn join_valve(&mut self, at: u32) {
        let valve = &self.valves.rows[at as usize];
        let (id, key) = (valve.id, valve.link_key);
        self.by_id.insert(id, Row::Valve(at).packed());
        self.valves.by_link_key.insert(key, at);
        self.bind_valve(at);
    }

    fn part_valve(&mut self, at: u32) {
        let valve = &mut self.valves.rows[at as usize];
        let (key, half) = (valve.link_key, valve.half.take());
        valve.id = DEAD;
        self.valves.stuck -= usize::from(!valve.operable);
        self.valves.by_link_key.remove(key, at);
        if let Some(half) = half {
            self.valves.by_half.remove(u64::from(half), at);
            self.mark_cut(half);
        }
        self.valves.free.push(at);
    }

    /// Finds anew where the valve positions on links of a code are; tells whether one moved.
    fn rebind(&mut self, link_key: u64) -> bool {
        if link_key == 0 {
            return false;
        }
        let waiting: Vec<u32> = self.valves.by_link_key.get(link_key).collect();
        let mut moved = false;
        for at in waiting {
            moved |= self.bind_valve(at);
        }
        moved
    }
}
