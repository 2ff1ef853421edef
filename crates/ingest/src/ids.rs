//! Feature ids: from the field that the user names, from what the format calls the record, else its number.

use onemap_model::{FeatureId, Record, SourceId, Timestamp, Value};

use crate::taken::Taken;

/// Where a layer's ids come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum IdRule {
    /// The value of the field at this position, which must be there and unique.
    Field(usize),
    /// What the format calls the record, where it does so; its number otherwise.
    Source,
}

/// Gives each record of a layer its id, once.
pub(crate) struct Ids {
    rule: IdRule,
    /// Ids given, each with the begin of its version's valid time: a table of history names a thing many times.
    taken: Taken,
    /// Numbers given to records without an id of their own start after this.
    base: u64,
    repeated: u64,
}

impl Ids {
    /// Makes ids by a rule; records without an id of their own are numbered from `base` + 1 on.
    pub(crate) fn new(rule: IdRule, base: u64) -> Self {
        Self { rule, taken: Taken::default(), base, repeated: 0 }
    }

    /// Returns the id of a record whose valid time begins at `from`, or why it has none. `is_free` tells whether the layer, as it was before,
    /// leaves an id free.
    pub(crate) fn of(
        &mut self,
        record: &Record,
        from: Option<Timestamp>,
        is_free: &mut dyn FnMut(FeatureId) -> bool,
    ) -> Result<FeatureId, String> {
        match self.rule {
            IdRule::Field(at) => {
                let value = record.values.get(at).unwrap_or(&Value::Null);
                let Some(source_id) = source_id(value) else {
                    return Err("the id field is empty".to_owned());
                };
                let id = FeatureId::from_source(&source_id);
                if !is_free(id) {
                    return Err(format!(
                        "the layer has a feature '{source_id}' already: use --mode upsert to change it"
                    ));
                }
                if self.taken.insert(id, from) {
                    return Ok(id);
                }
                Err(match from {
                    None => format!("the id '{source_id}' was used by an earlier record"),
                    Some(from) => format!(
                        "the id '{source_id}' was used by an earlier record that also begins at {from}"
                    ),
                })
            }
            IdRule::Source => {
                if let Some(source_id) = &record.id {
                    let id = FeatureId::from_source(source_id);
                    if is_free(id) && self.taken.insert(id, from) {
                        return Ok(id);
                    }
                    self.repeated += 1;
                }
                Ok(self.by_number(record, is_free))
            }
        }
    }

    /// Returns the ids given so far.
    pub(crate) fn given(&self) -> impl Iterator<Item = u64> {
        self.taken.ids()
    }

    /// Records whose own id was used before, so that they got another.
    pub(crate) fn repeated(&self) -> u64 {
        self.repeated
    }

    fn by_number(
        &mut self,
        record: &Record,
        is_free: &mut dyn FnMut(FeatureId) -> bool,
    ) -> FeatureId {
        let number = self.base.saturating_add(record.number);
        let plain =
            FeatureId::from_source(&SourceId::Int(i64::try_from(number).unwrap_or(i64::MAX)));
        if record.id.is_none() && is_free(plain) && self.taken.insert(plain, None) {
            return plain;
        }
        // A record's own id and another's number want the same: a hash of the number, tried with a
        // salt until it is free; the same file gives the same ids.
        let mut salt = 0_u32;
        loop {
            let id = FeatureId::from_source(&SourceId::Text(format!("record {number} {salt}")));
            if is_free(id) && self.taken.insert(id, None) {
                return id;
            }
            salt += 1;
        }
    }
}

/// Returns a value as an id: a whole number stays one, text is trimmed.
fn source_id(value: &Value) -> Option<SourceId> {
    match value {
        Value::Null => None,
        Value::Int(n) => Some(SourceId::Int(*n)),
        Value::Float(x) if x.fract() == 0.0 && x.abs() < FeatureId::HASHED as f64 => {
            Some(SourceId::Int(*x as i64))
        }
        other => {
            let text = other.as_ref().to_string();
            let text = text.trim();
            (!text.is_empty()).then(|| SourceId::Text(text.to_owned()))
        }
    }
}

#[cfg(test)]
mod tests {
    use rustc_hash::FxHashSet;

    use super::*;

    fn record(number: u64, id: Option<SourceId>, values: Vec<Value>) -> Record {
        Record { number, id, values, ..Record::default() }
    }

    fn any(_: FeatureId) -> bool {
        true
    }

    #[test]
    fn the_id_field_gives_the_same_id_in_every_import() {
        let mut first = Ids::new(IdRule::Field(0), 0);
        let mut second = Ids::new(IdRule::Field(0), 0);
        let parcel = |number| record(number, None, vec![Value::Text("G-17/3".into())]);
        assert_eq!(first.of(&parcel(1), None, &mut any), second.of(&parcel(99), None, &mut any));
        assert!(first.of(&parcel(2), None, &mut any).unwrap_err().contains("G-17/3"));
        assert!(first.of(&record(3, None, vec![]), None, &mut any).is_err());
    }

    #[test]
    fn versions_of_one_thing_share_its_id_when_they_begin_at_different_times() {
        let mut ids = Ids::new(IdRule::Field(0), 0);
        let parcel = |number| record(number, None, vec![Value::Text("G-17/3".into())]);
        let year = |year: &str| Some(year.parse::<Timestamp>().unwrap());
        let first = ids.of(&parcel(1), year("2001"), &mut any);
        assert_eq!(first, ids.of(&parcel(2), year("2019"), &mut any));
        assert!(ids.of(&parcel(3), year("2019"), &mut any).unwrap_err().contains("2019-01-01"));
    }

    #[test]
    fn ids_are_unique_whatever_the_source_says() {
        let mut ids = Ids::new(IdRule::Source, 0);
        let given = [None, Some(SourceId::Int(3)), None, Some(SourceId::Int(3)), None];
        let mut seen = FxHashSet::default();
        for (i, id) in given.into_iter().enumerate() {
            let id = ids.of(&record(i as u64 + 1, id, vec![]), None, &mut any).unwrap();
            assert!(seen.insert(id));
        }
        assert_eq!(ids.repeated(), 1);
    }

    #[test]
    fn appended_records_are_numbered_after_those_there() {
        let mut ids = Ids::new(IdRule::Source, 7);
        assert_eq!(ids.of(&record(1, None, vec![]), None, &mut any).unwrap().get(), 8);
        let taken = ids.of(&record(2, None, vec![]), None, &mut |id| id.get() != 9).unwrap();
        assert!(taken.get() >= FeatureId::HASHED);
    }
}
