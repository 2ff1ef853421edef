//! Makes one shape of the several that a record has.

use onemap_model::{Geometry, GeometryClass, GeometryKind};

/// Joins shapes of one class to a multi-shape; keeps others as members of a collection. Where only some have
/// heights, the others get zero. `None` when there are none.
pub(crate) fn gather(mut parts: Vec<Geometry>) -> Option<Geometry> {
    if parts.len() <= 1 {
        return parts.pop();
    }
    let class = parts.first()?.class();
    if parts.iter().any(|part| part.class() != class || part.kind == GeometryKind::Collection) {
        return Some(Geometry::collection(parts));
    }
    let kind = match class {
        GeometryClass::Point => GeometryKind::MultiPoint,
        GeometryClass::Line => GeometryKind::MultiLineString,
        _ => GeometryKind::MultiPolygon,
    };
    let mut all = Geometry::empty(kind);
    let has_z = parts.iter().any(Geometry::has_z);
    for part in parts {
        let (vertices, lines) = (all.xy.len() as u32, all.ends.len() as u32);
        all.xy.extend(part.xy);
        all.z.extend(part.z);
        if has_z {
            all.z.resize(all.xy.len(), 0.0);
        }
        all.ends.extend(part.ends.iter().map(|end| end + vertices));
        all.parts.extend(part.parts.iter().map(|end| end + lines));
    }
    Some(all)
}

/// Takes the heights off a shape and its members.
pub(crate) fn drop_heights(geometry: &mut Geometry) {
    geometry.z.clear();
    geometry.members.iter_mut().for_each(drop_heights);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_become_a_multi_line_and_a_mixture_a_collection() {
        let line = || Geometry::line(vec![[0.0, 0.0], [1.0, 1.0]]);
        let mut high = line();
        high.z = vec![5.0, 6.0];
        let lines = gather(vec![line(), high]).unwrap();
        assert!(lines.is_well_formed());
        assert_eq!(
            (lines.kind, lines.ends.as_slice()),
            (GeometryKind::MultiLineString, &[2, 4][..])
        );
        assert_eq!(lines.z, [0.0, 0.0, 5.0, 6.0]);
        let mixed = gather(vec![line(), Geometry::point([0.0, 0.0])]).unwrap();
        assert_eq!(mixed.members.len(), 2);
        assert_eq!(gather(Vec::new()), None);
    }
}
