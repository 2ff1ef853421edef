//! Names and numbers of things, each checked once.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::ModelError;

/// The name of a layer in URLs and on the command line: `[a-z0-9][a-z0-9_-]{0,63}`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct LayerId(String);

impl LayerId {
    /// The longest name allowed, in characters.
    pub const MAX_LEN: usize = 64;

    /// Returns the name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Makes a valid id out of any name a file or a person gives: lower case, other characters
    /// become `_`. A name with no usable character (as a purely Chinese one) gives
    /// `layer_` and eight hexadecimal digits of its BLAKE3 hash, so that it is stable.
    pub fn from_any_name(name: &str) -> Self {
        let mut id = String::new();
        for c in name.trim().chars() {
            let c = c.to_ascii_lowercase();
            if c.is_ascii_alphanumeric() {
                id.push(c);
            } else if !id.is_empty() && !id.ends_with('_') {
                id.push('_');
            }
        }
        let mut id: String = id.trim_matches('_').chars().take(Self::MAX_LEN).collect();
        if id.trim_matches(|c: char| c.is_ascii_digit() || c == '_').is_empty() {
            let hash = blake3::hash(name.trim().as_bytes()).to_hex();
            id = format!("layer_{}", &hash[..8]);
        }
        Self(id)
    }

    /// Returns this id with `_suffix`, shortened so that it still fits.
    #[must_use]
    pub fn with_suffix(&self, suffix: &str) -> Self {
        let keep = Self::MAX_LEN.saturating_sub(suffix.len() + 1);
        let stem: String = self.0.chars().take(keep).collect();
        Self(format!("{stem}_{suffix}"))
    }
}

impl FromStr for LayerId {
    type Err = ModelError;

    fn from_str(s: &str) -> Result<Self, ModelError> {
        let allowed =
            |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'-';
        let first = s.as_bytes().first().copied().unwrap_or(b'_');
        let good =
            s.len() <= Self::MAX_LEN && first.is_ascii_alphanumeric() && s.bytes().all(allowed);
        if good {
            Ok(Self(s.to_owned()))
        } else {
            Err(ModelError::LayerId(s.chars().take(80).collect()))
        }
    }
}

impl TryFrom<String> for LayerId {
    type Error = ModelError;

    fn try_from(s: String) -> Result<Self, ModelError> {
        s.parse()
    }
}

impl From<LayerId> for String {
    fn from(id: LayerId) -> Self {
        id.0
    }
}

impl fmt::Display for LayerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The id of a feature within its layer, the same in every answer: an integer below 2^53, so
/// that JavaScript holds it exactly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u64", into = "u64")]
pub struct FeatureId(u64);

impl FeatureId {
    /// One more than the greatest id.
    pub const LIMIT: u64 = 1 << 53;
    /// Ids from here on are hashes of a source's text ids; integers below are taken as they are.
    pub const HASHED: u64 = 1 << 52;

    /// Checks a number.
    pub fn new(id: u64) -> Result<Self, ModelError> {
        if id < Self::LIMIT { Ok(Self(id)) } else { Err(ModelError::FeatureId(id.to_string())) }
    }

    /// Derives the id from what the source calls the feature: a small non-negative integer stays
    /// what it is, anything else becomes `2^52 + (52 bits of its BLAKE3 hash)`. The same source id
    /// gives the same feature id in every import.
    pub fn from_source(id: &SourceId) -> Self {
        match id {
            SourceId::Int(n) if (0..Self::HASHED as i64).contains(n) => Self(*n as u64),
            SourceId::Int(n) => Self::hashed(&n.to_le_bytes()),
            SourceId::Text(s) => Self::hashed(s.as_bytes()),
        }
    }

    fn hashed(bytes: &[u8]) -> Self {
        let hash = blake3::hash(bytes);
        let mut first = [0; 8];
        first.copy_from_slice(&hash.as_bytes()[..8]);
        Self(Self::HASHED | (u64::from_le_bytes(first) & (Self::HASHED - 1)))
    }

    /// Returns the number.
    pub fn get(self) -> u64 {
        self.0
    }
}

impl TryFrom<u64> for FeatureId {
    type Error = ModelError;

    fn try_from(id: u64) -> Result<Self, ModelError> {
        Self::new(id)
    }
}

impl From<FeatureId> for u64 {
    fn from(id: FeatureId) -> Self {
        id.0
    }
}

impl FromStr for FeatureId {
    type Err = ModelError;

    fn from_str(s: &str) -> Result<Self, ModelError> {
        s.parse()
            .map_err(|_| ModelError::FeatureId(s.chars().take(80).collect()))
            .and_then(Self::new)
    }
}

impl fmt::Display for FeatureId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What a source calls one of its features.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SourceId {
    /// A whole number, such as a row id.
    Int(i64),
    /// Anything else, such as a cadastral number.
    Text(String),
}

impl fmt::Display for SourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Int(n) => n.fmt(f),
            Self::Text(s) => s.fmt(f),
        }
    }
}

/// A number that grows by one with every committed change of the store; 0 is the empty store.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
pub struct Revision(pub u64);

impl Revision {
    /// Returns the revision after this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_not_a_layer_id() {
        for bad in ["", "../etc", "a/b", "A", "_a", "-a", "a b", "桥", &"x".repeat(65)] {
            assert!(bad.parse::<LayerId>().is_err(), "{bad}");
        }
        assert!("roads-2026_v1".parse::<LayerId>().is_ok());
    }

    #[test]
    fn any_name_becomes_a_valid_id() {
        for name in ["Roads (2024).shp", "建筑物", "..", "", "用地2024", "__x__", "Ａ"] {
            let id = LayerId::from_any_name(name);
            assert_eq!(id.as_str().parse::<LayerId>().as_ref(), Ok(&id), "{name}");
        }
        assert_eq!(LayerId::from_any_name("Roads (2024)").as_str(), "roads_2024");
        assert_ne!(LayerId::from_any_name("建筑"), LayerId::from_any_name("道路"));
    }

    #[test]
    fn a_small_integer_keeps_its_value_and_a_text_is_hashed_apart() {
        assert_eq!(FeatureId::from_source(&SourceId::Int(42)).get(), 42);
        let hashed = FeatureId::from_source(&SourceId::Text("42".into())).get();
        assert!((FeatureId::HASHED..FeatureId::LIMIT).contains(&hashed));
        let negative = FeatureId::from_source(&SourceId::Int(-1)).get();
        assert!((FeatureId::HASHED..FeatureId::LIMIT).contains(&negative));
    }
}
