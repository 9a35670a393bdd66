//! Who counts under which names, so that nobody else does.

use std::error::Error;
use std::fmt;
use std::panic::Location;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Why there is no such [`MetricsObserver`](super::MetricsObserver).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MetricsError {
    /// The name of a metric cannot begin so.
    #[non_exhaustive]
    InvalidPrefix {
        /// What it was to begin with.
        prefix: String,
        /// The first character that cannot be where it is.
        character: char,
    },
    /// There is one with this prefix already.
    #[non_exhaustive]
    PrefixTaken {
        /// The prefix; empty if it has none.
        prefix: String,
        /// Where the other one was made.
        place: &'static Location<'static>,
    },
}

impl fmt::Display for MetricsError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidPrefix { prefix, character } => write!(
                formatter,
                "no metric can have a name that begins with {prefix:?}, because of the {character:?}; use letters, digits and `_`, and no digit first, such as `shop_`"
            ),
            Self::PrefixTaken { prefix, place } => {
                formatter.write_str("a metrics observer ")?;
                match &prefix[..] {
                    "" => formatter.write_str("without a prefix")?,
                    prefix => write!(formatter, "with the prefix `{prefix}`")?,
                }
                write!(
                    formatter,
                    " was made at {place}, and a second one would count everything twice; share the first, drop it before, or give this one a prefix of its own"
                )
            }
        }
    }
}

impl Error for MetricsError {}

/// A prefix that nobody else has until this is dropped.
pub(super) struct Claim {
    prefix: String,
    /// Which of the claims it is. Nobody else who lives has the same.
    place: usize,
}

struct Claimed {
    prefix: String,
    place: &'static Location<'static>,
}

/// No metric's name ends with that of another, so that different prefixes make different names.
static CLAIMS: Mutex<Vec<Option<Claimed>>> = Mutex::new(Vec::new());

impl Claim {
    #[track_caller]
    pub(super) fn of(prefix: &str) -> Result<Self, MetricsError> {
        check(prefix)?;
        let mut claims = claims();
        let mut taken = claims.iter().flatten();
        if let Some(taken) = taken.find(|taken| taken.prefix == prefix) {
            return Err(MetricsError::PrefixTaken {
                prefix: prefix.to_owned(),
                place: taken.place,
            });
        }
        let claimed = Some(Claimed {
            prefix: prefix.to_owned(),
            place: Location::caller(),
        });
        let free = claims.iter().position(Option::is_none);
        let place = free.unwrap_or(claims.len());
        match free {
            Some(place) => claims[place] = claimed,
            None => claims.push(claimed),
        }
        Ok(Self {
            prefix: prefix.to_owned(),
            place,
        })
    }

    pub(super) fn prefix(&self) -> &str {
        &self.prefix
    }

    /// A bit that nobody else who lives has. Nobody needs more than 64 of them; the 65th has none.
    pub(super) fn bit(&self) -> u64 {
        let place = u32::try_from(self.place).unwrap_or(u32::MAX);
        1_u64.checked_shl(place).unwrap_or(0)
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        claims()[self.place] = None;
    }
}

fn claims() -> MutexGuard<'static, Vec<Option<Claimed>>> {
    CLAIMS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The rules of Prometheus, but for the colon, which it keeps for recording rules.
fn check(prefix: &str) -> Result<(), MetricsError> {
    let mut characters = prefix.chars().enumerate();
    let bad = characters.find(|&(index, character)| match character {
        'a'..='z' | 'A'..='Z' | '_' => false,
        '0'..='9' => index == 0,
        _ => true,
    });
    match bad {
        Some((_, character)) => Err(MetricsError::InvalidPrefix {
            prefix: prefix.to_owned(),
            character,
        }),
        None => Ok(()),
    }
}
