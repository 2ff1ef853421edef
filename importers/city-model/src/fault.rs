//! Why one object of a file is not taken, while the others are.

use onemap_model::Stopped;

/// Why an object, or something that it is made of, is not taken.
pub(crate) enum Fault {
    /// What is wrong with it.
    Reason(String),
    /// The sink wants no more.
    Stopped,
}

impl From<Stopped> for Fault {
    fn from(_: Stopped) -> Self {
        Self::Stopped
    }
}

impl From<String> for Fault {
    fn from(reason: String) -> Self {
        Self::Reason(reason)
    }
}

impl From<&str> for Fault {
    fn from(reason: &str) -> Self {
        Self::Reason(reason.to_owned())
    }
}
