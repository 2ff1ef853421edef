//! Parts of a network as GeoJSON (RFC 7946), for maps that show an answer.

use onemap_model::FeatureId;
use serde_json::{Value, json};

use crate::network::{LinkIx, Network, NodeIx};

impl Network {
    /// Returns a link or node as a GeoJSON feature with what an answer says of it: its `role`. `None` for what the view hides
    /// and what is not there. Positions have heights where all of them are known.
    pub fn geojson(&self, id: FeatureId, role: &str) -> Option<Value> {
        if let Some(link) = self.link_of(id) {
            return self.link_geojson(link, role);
        }
        self.node_geojson(self.node_of(id)?, role)
    }

    /// Returns the memory that the network takes, bytes, roughly.
    pub fn memory(&self) -> usize {
        const LINK: usize = 300;
        const NODE: usize = 180;
        const CORNER: usize = size_of::<[f64; 2]>() + size_of::<f32>();
        self.link_slots() * LINK + self.node_slots() * NODE + self.lines.xy.capacity() * CORNER
    }

    /// Tells whether a node, link or valve is in the network, and not hidden by the view.
    pub fn contains(&self, id: FeatureId) -> bool {
        self.row_of(id).is_some()
    }

    /// Finds a feature by what the source calls it: a node before a link.
    pub fn find_code(&self, code: &str) -> Option<FeatureId> {
        if code.is_empty() {
            return None;
        }
        let node = self.nodes().map(|node| self.node(node));
        let node = node.filter(|node| !node.is_hidden()).find(|node| node.code() == code);
        let link = || {
            let mut links = self.links().map(|link| self.link(link));
            links.find(|link| !link.is_hidden() && link.code() == code)?.id()
        };
        node.and_then(|node| node.id()).or_else(link)
    }

    fn link_geojson(&self, link: LinkIx, role: &str) -> Option<Value> {
        let link = self.link(link);
        let id = link.id().filter(|_| !link.is_hidden())?;
        let heights = link.heights();
        let has_heights =
            heights.len() == link.line().len() && heights.iter().all(|z| z.is_finite());
        let place = |(i, at): (usize, &[f64; 2])| match heights.get(i).filter(|_| has_heights) {
            Some(z) => json!([at[0], at[1], (f64::from(*z) * 1000.0).round() / 1000.0]),
            None => json!([at[0], at[1]]),
        };
        let places: Vec<Value> = link.line().iter().enumerate().map(place).collect();
        Some(json!({
            "type": "Feature",
            "id": id.get(),
            "geometry": { "type": "LineString", "coordinates": places },
            "properties": {
                "role": role,
                "code": link.code(),
                "element": link.element().name(),
                "class": link.class().code(),
                "subclass": link.subclass(),
                "section": link.section_text(),
                "material": link.material(),
                "owner": link.owner(),
                "length_m": (link.length() * 1000.0).round() / 1000.0,
            },
        }))
    }

    fn node_geojson(&self, node: NodeIx, role: &str) -> Option<Value> {
        let node = self.node(node);
        let id = node.id().filter(|_| !node.is_hidden())?;
        let [lon, lat] = node.at()?;
        let place = node.z().map_or_else(|| json!([lon, lat]), |z| json!([lon, lat, z]));
        Some(json!({
            "type": "Feature",
            "id": id.get(),
            "geometry": { "type": "Point", "coordinates": place },
            "properties": {
                "role": role,
                "code": node.code(),
                "element": node.element().name(),
                "owner": node.owner(),
            },
        }))
    }
}
