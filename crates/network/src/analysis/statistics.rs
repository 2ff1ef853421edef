//! Lengths by what pipes are.

use onemap_model::FeatureId;
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use crate::network::{LinkIx, Network};
use crate::text::Symbol;

/// What to group links by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum GroupBy {
    /// Code of the class.
    Class,
    /// Code of the subclass.
    Subclass,
    /// Size, as delivered, else the inner size in millimetres.
    Size,
    /// Material.
    Material,
    /// Decade of building, such as `1990`.
    Decade,
    /// Owner.
    Owner,
    /// Road.
    Road,
    /// Element.
    Element,
}

/// A group of links.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Group {
    /// What they have in common, one for each thing that was grouped by; `None` where it is not known.
    pub key: Vec<Option<String>>,
    /// How many links.
    pub links: u64,
    /// Their length, metres.
    pub length: f64,
}

/// Length of links of one size and material.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LengthBy {
    /// Size as delivered.
    pub size: Option<String>,
    /// Material.
    pub material: Option<String>,
    /// How many links.
    pub links: u64,
    /// Their length, metres.
    pub length: f64,
}

impl LengthBy {
    pub(crate) fn list(
        network: &Network,
        by: FxHashMap<(Symbol, Symbol), (u64, f64)>,
    ) -> Vec<Self> {
        let text = |symbol| network.texts.symbol(symbol).map(str::to_owned);
        let rows = by.into_iter().map(|((size, material), (links, length))| Self {
            size: text(size),
            material: text(material),
            links,
            length,
        });
        let mut rows: Vec<Self> = rows.collect();
        rows.sort_by(|a, b| {
            let texts = || (&a.size, &a.material).cmp(&(&b.size, &b.material));
            b.length.total_cmp(&a.length).then_with(texts)
        });
        rows
    }
}

impl Network {
    /// Sums lengths of links by what they have in common: of these links, or of all. The longest group comes first.
    pub fn statistics(&self, by: &[GroupBy], of: Option<&[FeatureId]>) -> Vec<Group> {
        // One number for each thing that is grouped by; texts are made for whole groups only.
        let mut groups: FxHashMap<Vec<u64>, (u64, f64, LinkIx)> = FxHashMap::default();
        let mut key = Vec::with_capacity(by.len());
        let mut put = |link: LinkIx| {
            key.clear();
            key.extend(by.iter().map(|by| self.group_number(link, *by)));
            let length = f64::from(self.links.length[link.0 as usize]);
            match groups.get_mut(&key) {
                Some(group) => (group.0, group.1) = (group.0 + 1, group.1 + length),
                None => {
                    groups.insert(key.clone(), (1, length, link));
                }
            }
        };
        match of {
            Some(ids) => ids.iter().filter_map(|id| self.link_of(*id)).for_each(&mut put),
            None => self.links().for_each(&mut put),
        }
        let rows = groups.into_values().map(|(links, length, link)| Group {
            key: by.iter().map(|by| self.group_text(link, *by)).collect(),
            links,
            length,
        });
        let mut rows: Vec<Group> = rows.collect();
        rows.sort_by(|a, b| b.length.total_cmp(&a.length).then_with(|| a.key.cmp(&b.key)));
        rows
    }

    fn group_number(&self, link: LinkIx, by: GroupBy) -> u64 {
        let facts = &self.links.facts[link.0 as usize];
        match by {
            GroupBy::Class => facts.class.map_or(u64::MAX, |class| class as u64),
            GroupBy::Subclass => facts.subclass.0.into(),
            GroupBy::Size if facts.section_text.0 != 0 => facts.section_text.0.into(),
            GroupBy::Size => {
                let [width, height] = [facts.section.width, facts.section.height].map(f32::to_bits);
                1 << 63 | u64::from(width) << 31 ^ u64::from(height)
            }
            GroupBy::Material => facts.material.0.into(),
            GroupBy::Decade => (facts.built / 10) as u64,
            GroupBy::Owner => facts.owner.0.into(),
            GroupBy::Road => facts.road.0.into(),
            GroupBy::Element => facts.element.map_or(u64::MAX, |element| element as u64),
        }
    }

    fn group_text(&self, link: LinkIx, by: GroupBy) -> Option<String> {
        let view = self.link(link);
        let facts = &self.links.facts[link.0 as usize];
        match by {
            GroupBy::Class => facts.class.map(|class| class.code().to_owned()),
            GroupBy::Subclass => view.subclass().map(str::to_owned),
            GroupBy::Size => view.section_text().map(str::to_owned).or_else(|| {
                let [width, height] =
                    [facts.section.width, facts.section.height].map(|size| (size * 1000.0).round());
                match (width > 0.0, width == height) {
                    (false, _) => None,
                    (true, true) => Some(format!("DN{width}")),
                    (true, false) => Some(format!("{width}×{height}")),
                }
            }),
            GroupBy::Material => view.material().map(str::to_owned),
            GroupBy::Decade => view.built().map(|year| (year / 10 * 10).to_string()),
            GroupBy::Owner => view.owner().map(str::to_owned),
            GroupBy::Road => view.road().map(str::to_owned),
            GroupBy::Element => facts.element.map(|element| element.name().to_owned()),
        }
    }
}
