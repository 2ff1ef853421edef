//! Lifecycle of the thing itself: planned, building, existing, retired.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::ModelError;

/// Where a thing stands in its life (规划, 在建, 现状, 废弃).
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
#[repr(u8)]
pub enum State {
    /// In a plan, not begun (规划).
    Planned = 0,
    /// Under construction (在建).
    Building = 1,
    /// Standing and in use (现状).
    #[default]
    Existing = 2,
    /// Out of use or gone (废弃).
    Retired = 3,
}

impl State {
    /// All states, in the order of a life.
    pub const ALL: [Self; 4] = [Self::Planned, Self::Building, Self::Existing, Self::Retired];

    /// Returns the name used in URLs and files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Building => "building",
            Self::Existing => "existing",
            Self::Retired => "retired",
        }
    }

    /// Reads an English or Chinese name.
    pub fn from_name(name: &str) -> Option<Self> {
        match name.trim() {
            "planned" | "规划" => Some(Self::Planned),
            "building" | "在建" => Some(Self::Building),
            "existing" | "现状" => Some(Self::Existing),
            "retired" | "废弃" => Some(Self::Retired),
            _ => None,
        }
    }

    /// Reads the number that [`State`] is stored as.
    pub fn from_u8(n: u8) -> Option<Self> {
        Self::ALL.get(usize::from(n)).copied()
    }
}

impl FromStr for State {
    type Err = ModelError;

    fn from_str(s: &str) -> Result<Self, ModelError> {
        Self::from_name(s).ok_or_else(|| ModelError::State(s.chars().take(80).collect()))
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A set of states, as a request asks for or a layer shows by default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Vec<State>", into = "Vec<State>")]
pub struct StateSet(u8);

impl StateSet {
    /// Only things that exist: the default of every request.
    pub const EXISTING: Self = Self(1 << State::Existing as u8);
    /// Every state.
    pub const ALL: Self = Self(0b1111);

    /// No state.
    pub const NONE: Self = Self(0);

    /// Returns the set with one more state.
    #[must_use]
    pub fn with(self, state: State) -> Self {
        Self(self.0 | (1 << state as u8))
    }

    /// Returns the states of both sets.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Tells whether all states of the other set are in this one.
    pub fn contains_all(self, other: Self) -> bool {
        other.0 & !self.0 == 0
    }

    /// Returns one bit for each state, in the order of a life.
    pub fn bits(self) -> u8 {
        self.0
    }

    /// Inverse of [`StateSet::bits`]; unknown bits are left out.
    pub fn from_bits(bits: u8) -> Self {
        Self(bits & Self::ALL.0)
    }

    /// Tells whether the state is in the set.
    pub fn contains(self, state: State) -> bool {
        self.0 & (1 << state as u8) != 0
    }

    /// Returns the states in the set, in the order of a life.
    pub fn iter(self) -> impl Iterator<Item = State> {
        State::ALL.into_iter().filter(move |s| self.contains(*s))
    }
}

impl Default for StateSet {
    fn default() -> Self {
        Self::EXISTING
    }
}

impl FromIterator<State> for StateSet {
    fn from_iter<I: IntoIterator<Item = State>>(states: I) -> Self {
        Self(states.into_iter().fold(0, |bits, s| bits | (1 << s as u8)))
    }
}

impl FromStr for StateSet {
    type Err = ModelError;

    fn from_str(s: &str) -> Result<Self, ModelError> {
        s.split(',').map(str::parse).collect()
    }
}

impl TryFrom<Vec<State>> for StateSet {
    type Error = ModelError;

    fn try_from(states: Vec<State>) -> Result<Self, ModelError> {
        Ok(states.into_iter().collect())
    }
}

impl From<StateSet> for Vec<State> {
    fn from(set: StateSet) -> Self {
        set.iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_states_reads_in_both_languages() {
        let set: StateSet = "planned,现状".parse().unwrap();
        assert_eq!(set.iter().collect::<Vec<_>>(), [State::Planned, State::Existing]);
        assert!("nonsense".parse::<StateSet>().is_err());
    }
}
