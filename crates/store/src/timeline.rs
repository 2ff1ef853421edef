//! The versions of a feature in valid time.

use onemap_model::{Feature, Interval, Timestamp};

use crate::segment::slot_of;

/// Puts a version that begins at `begin` among the others, given oldest first: the one before ends then, and the
/// new one ends when the next begins. Returns the others that changed.
pub(crate) fn follow(
    versions: &mut [Feature],
    feature: &mut Feature,
    begin: Timestamp,
) -> Vec<Feature> {
    feature.valid.from = Some(begin);
    let slot = begin.as_micros();
    let mut changed = Vec::new();
    let before = versions.iter_mut().rev().find(|version| slot_of(version.valid) < slot);
    if let Some(before) = before
        && before.valid.to.is_none_or(|to| to > begin)
    {
        before.valid.to = Some(begin);
        changed.push(before.clone());
    }
    let next = versions.iter().find(|version| slot_of(version.valid) > slot);
    if let Some(next) = next.and_then(|next| next.valid.from) {
        let to = feature.valid.to.map_or(next, |to| to.min(next));
        feature.valid = Interval { from: Some(begin), to: Some(to) };
    }
    changed
}

/// Adds what an import says of a feature to its versions, oldest first. A version that states no begin holds
/// from `now` on when it differs from the last one; one that is as the feature is already changes nothing.
/// Returns whether something changed.
pub(crate) fn upsert(versions: &mut Vec<Feature>, mut coming: Feature, now: Timestamp) -> bool {
    let alike = |a: &Feature, b: &Feature| {
        a.geometry == b.geometry && a.values == b.values && a.state == b.state
    };
    let Some(begin) = coming.valid.from else {
        let Some(last) = versions.last_mut() else {
            versions.push(coming);
            return true;
        };
        // What the source does not say of its time stays.
        if alike(last, &coming) && (coming.valid.to.is_none() || coming.valid.to == last.valid.to) {
            return false;
        }
        if alike(last, &coming) {
            last.valid.to = coming.valid.to;
            return true;
        }
        if last.valid.from.is_some_and(|from| from >= now) {
            coming.valid.from = last.valid.from;
            *last = coming;
            return true;
        }
        let replaced = follow(versions, &mut coming, now);
        put_all(versions, replaced);
        versions.push(coming);
        return true;
    };
    let slot = begin.as_micros();
    if let Some(same) = versions.iter_mut().find(|version| slot_of(version.valid) == slot) {
        let same_end = coming.valid.to.is_none() || coming.valid.to == same.valid.to;
        if alike(same, &coming) && same_end {
            return false;
        }
        if coming.valid.to.is_none() {
            coming.valid.to = same.valid.to;
        }
        *same = coming;
        return true;
    }
    let holds = versions.iter().rev().find(|version| slot_of(version.valid) < slot);
    if holds.is_some_and(|last| {
        alike(last, &coming) && last.valid.to.is_none() && coming.valid.to.is_none()
    }) {
        return false;
    }
    let replaced = follow(versions, &mut coming, begin);
    put_all(versions, replaced);
    versions.push(coming);
    versions.sort_by_key(|version| slot_of(version.valid));
    true
}

fn put_all(versions: &mut [Feature], changed: Vec<Feature>) {
    for feature in changed {
        let slot = slot_of(feature.valid);
        if let Some(old) = versions.iter_mut().find(|version| slot_of(version.valid) == slot) {
            *old = feature;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use onemap_model::{FeatureId, Value};

    fn day(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn version(floors: i64, from: Option<&str>, to: Option<&str>) -> Feature {
        let valid = Interval { from: from.map(day), to: to.map(day) };
        Feature {
            id: FeatureId::new(7).unwrap(),
            geometry: None,
            values: vec![Value::Int(floors)],
            valid,
            state: onemap_model::State::Existing,
        }
    }

    #[test]
    fn the_same_again_is_no_new_version_and_another_one_closes_the_old() {
        let mut versions = vec![version(3, Some("2001-01-01"), None)];
        assert!(!upsert(&mut versions, version(3, None, None), day("2026-01-01")));
        assert!(!upsert(&mut versions, version(3, Some("2020-01-01"), None), day("2026-01-01")));
        assert_eq!(versions.len(), 1);
        assert!(upsert(&mut versions, version(5, None, None), day("2026-01-01")));
        assert_eq!(
            versions,
            [
                version(3, Some("2001-01-01"), Some("2026-01-01")),
                version(5, Some("2026-01-01"), None)
            ]
        );
    }

    #[test]
    fn a_version_from_the_past_finds_its_place_between_others() {
        let mut versions =
            vec![version(3, None, Some("2020-01-01")), version(5, Some("2020-01-01"), None)];
        assert!(upsert(&mut versions, version(4, Some("2010-01-01"), None), day("2026-01-01")));
        assert_eq!(
            versions,
            [
                version(3, None, Some("2010-01-01")),
                version(4, Some("2010-01-01"), Some("2020-01-01")),
                version(5, Some("2020-01-01"), None)
            ]
        );
    }

    #[test]
    fn a_version_with_the_same_begin_is_corrected() {
        let mut versions = vec![version(3, Some("2001-01-01"), Some("2020-01-01"))];
        assert!(upsert(&mut versions, version(4, Some("2001-01-01"), None), day("2026-01-01")));
        assert_eq!(versions, [version(4, Some("2001-01-01"), Some("2020-01-01"))]);
    }
}
