//! The guards of a program by name: for status pages, for the people who are on call, and for tests.
//!
//! A `static` guard that a `#[retry]` names is here from the first call of that function on; with the feature `inventory` from the start of the
//! program, unless it is in a [`LazyLock`], which is made when it is first used and not because somebody looks. Any other is here once it is
//! [registered](register); one in an [`Arc`] for as long as somebody holds it.
//!
//! Names are unique among the guards of a kind. Two guards of one name are an error that says where both are made: of [`register`], or where
//! attributes have brought them, of [`find`] and in [`conflicts`].
//!
//! ```
//! use retry_core::{CircuitBreaker, CircuitState, registry};
//!
//! static PAYMENTS: CircuitBreaker = CircuitBreaker::new("payments");
//!
//! registry::register(&PAYMENTS)?;
//!
//! // Somewhere else, by name:
//! registry::find::<CircuitBreaker>("payments")?.force_open();
//! for breaker in registry::list::<CircuitBreaker>() {
//!     println!("{}", breaker.snapshot());
//! }
//! assert_eq!(PAYMENTS.state(), CircuitState::Open);
//!
//! let error = registry::find::<CircuitBreaker>("paymets").unwrap_err();
//! assert_eq!(error.to_string(), "there is no circuit breaker `paymets`; there are `payments`");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::error::Error;
use std::fmt;
use std::ops::Deref;
use std::panic::Location;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError, Weak};
#[cfg(feature = "inventory")]
use std::time::Duration;

use crate::breaker::CircuitBreaker;
use crate::budget::Budget;
use crate::bulkhead::Bulkhead;
use crate::guard::Identity;

/// A kind of guard: [`CircuitBreaker`], [`Budget`] or [`Bulkhead`].
pub trait Guard: Sized + Send + Sync + 'static {
    #[doc(hidden)]
    const KIND: &'static str;
    #[doc(hidden)]
    fn about(&self) -> About<'_>;
    #[doc(hidden)]
    fn table() -> &'static Table<Self>;
    #[cfg(feature = "inventory")]
    #[doc(hidden)]
    fn longest_wait(&self) -> Duration;
}

/// What the registry has to know of a guard.
#[doc(hidden)]
pub struct About<'a>(&'a Identity);

macro_rules! guards {
    ($($guard:ty: $kind:literal, waits $wait:expr;)*) => {
        $(
            impl Guard for $guard {
                const KIND: &'static str = $kind;

                fn about(&self) -> About<'_> {
                    About(self.identity())
                }

                fn table() -> &'static Table<Self> {
                    static TABLE: Table<$guard> = Table::new();
                    &TABLE
                }

                #[cfg(feature = "inventory")]
                fn longest_wait(&self) -> Duration {
                    let wait: fn(&Self) -> Duration = $wait;
                    wait(self)
                }
            }

            impl Register for $guard {
                fn register(&'static self) {
                    register_or_note(self);
                }

                #[cfg(feature = "inventory")]
                fn made(&'static self) -> Option<Made> {
                    Some(Made::of(self))
                }
            }

            impl Register for &'static $guard {
                fn register(&'static self) {
                    register_or_note(*self);
                }

                #[cfg(feature = "inventory")]
                fn made(&'static self) -> Option<Made> {
                    Some(Made::of(*self))
                }
            }

            impl Register for Arc<$guard> {
                fn register(&'static self) {
                    register_or_note(self);
                }

                #[cfg(feature = "inventory")]
                fn made(&'static self) -> Option<Made> {
                    Some(Made::of(&**self))
                }
            }
        )*
    };
}

guards! {
    CircuitBreaker: "circuit breaker", waits |_| Duration::ZERO;
    Budget: "budget", waits |_| Duration::ZERO;
    Bulkhead: "bulkhead", waits Bulkhead::longest_wait;
}

/// All guards of a kind.
#[doc(hidden)]
pub struct Table<G: 'static>(Mutex<Rows<G>>);

struct Rows<G: 'static> {
    /// One for each name, in the order of names.
    entries: Vec<Registered<G>>,
    conflicts: Vec<NameTaken>,
}

/// How a guard is given to the registry: `&'static G`, or `&Arc<G>`.
pub struct Registered<G: 'static>(Kept<G>);

enum Kept<G: 'static> {
    Static(&'static G),
    Shared(Weak<G>),
}

/// A guard that was found: use it as if it were the guard.
pub struct Found<G: 'static>(Holder<G>);

enum Holder<G: 'static> {
    Static(&'static G),
    Shared(Arc<G>),
}

/// Two guards of a kind have the same name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameTaken {
    kind: &'static str,
    name: String,
    first: &'static Location<'static>,
    second: &'static Location<'static>,
}

/// There is no such guard, or more than one.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FindError {
    /// None has this name.
    #[non_exhaustive]
    NotFound {
        /// What was looked for, in words.
        kind: &'static str,
        /// The name.
        name: String,
        /// The names that there are.
        known: Vec<String>,
    },
    /// More than one has it.
    NameTaken(NameTaken),
}

/// Makes a guard known by its name. Registering the same one again does nothing.
///
/// # Errors
///
/// If another guard of its kind has the name. That one stays.
///
/// ```
/// use retry_core::{Bulkhead, registry};
/// use std::sync::Arc;
///
/// let tenant = Arc::new(Bulkhead::new("tenant-7", 4));
/// registry::register(&tenant)?;
/// assert!(registry::register(&Arc::new(Bulkhead::new("tenant-7", 8))).is_err());
///
/// drop(tenant); // then the name is free again
/// assert!(registry::find::<Bulkhead>("tenant-7").is_err());
/// # Ok::<(), registry::NameTaken>(())
/// ```
pub fn register<G: Guard>(guard: impl Into<Registered<G>>) -> Result<(), NameTaken> {
    let guard = guard.into();
    match guard.found() {
        Some(found) => G::table().lock().add(guard, &found),
        None => Ok(()),
    }
}

/// The guards of a kind, in the order of their names.
#[must_use]
pub fn list<G: Guard>() -> Vec<Found<G>> {
    register_linked();
    let rows = G::table().lock();
    rows.entries.iter().filter_map(Registered::found).collect()
}

/// The guard of this name.
///
/// # Errors
///
/// If there is none, or if attributes have named two.
pub fn find<G: Guard>(name: &str) -> Result<Found<G>, FindError> {
    register_linked();
    let rows = G::table().lock();
    let mut conflicts = rows.conflicts.iter();
    if let Some(conflict) = conflicts.find(|conflict| conflict.name == name) {
        return Err(FindError::NameTaken(conflict.clone()));
    }
    let mut guards = rows.entries.iter().filter_map(Registered::found);
    guards
        .find(|guard| guard.name() == name)
        .ok_or_else(|| FindError::NotFound {
            kind: G::KIND,
            name: name.to_owned(),
            known: rows.names(),
        })
}

/// The names that two guards have, where attributes have brought them. Assert in a test that there are none.
#[must_use]
pub fn conflicts() -> Vec<NameTaken> {
    register_linked();
    let breakers = CircuitBreaker::table().lock().conflicts.clone();
    let budgets = Budget::table().lock().conflicts.clone();
    let bulkheads = Bulkhead::table().lock().conflicts.clone();
    [breakers, budgets, bulkheads].concat()
}

/// Registers what the linked sites name, once, as far as that has been made.
fn register_linked() {
    #[cfg(feature = "inventory")]
    {
        static ONCE: std::sync::Once = std::sync::Once::new();
        ONCE.call_once(|| {
            let guards = crate::inventory::static_guards();
            for guard in guards.filter(|guard| guard.made().is_some()) {
                guard.register();
            }
        });
    }
}

impl<G: Guard> Table<G> {
    const fn new() -> Self {
        Self(Mutex::new(Rows {
            entries: Vec::new(),
            conflicts: Vec::new(),
        }))
    }

    fn lock(&self) -> MutexGuard<'_, Rows<G>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<G: Guard> Rows<G> {
    fn add(&mut self, guard: Registered<G>, found: &Found<G>) -> Result<(), NameTaken> {
        // The names of those that are gone are free.
        self.entries.retain(|entry| entry.found().is_some());
        let place = self.entries.partition_point(|entry| {
            entry
                .found()
                .is_some_and(|entry| entry.name() < found.name())
        });
        let taken = self.entries.get(place).and_then(Registered::found);
        match taken.filter(|taken| taken.name() == found.name()) {
            None => {
                self.entries.insert(place, guard);
                Ok(())
            }
            Some(same) if std::ptr::eq(same.guard(), found.guard()) => Ok(()),
            Some(other) => Err(NameTaken {
                kind: G::KIND,
                name: found.name().to_owned(),
                first: other.about().0.place(),
                second: found.about().0.place(),
            }),
        }
    }

    fn names(&self) -> Vec<String> {
        let guards = self.entries.iter().filter_map(Registered::found);
        guards.map(|guard| guard.name().to_owned()).collect()
    }
}

impl<G: Guard> Registered<G> {
    fn found(&self) -> Option<Found<G>> {
        Some(Found(match &self.0 {
            Kept::Static(guard) => Holder::Static(guard),
            Kept::Shared(guard) => Holder::Shared(guard.upgrade()?),
        }))
    }
}

impl<G: Guard> From<&'static G> for Registered<G> {
    fn from(guard: &'static G) -> Self {
        Self(Kept::Static(guard))
    }
}

impl<G: Guard> From<&Arc<G>> for Registered<G> {
    fn from(guard: &Arc<G>) -> Self {
        Self(Kept::Shared(Arc::downgrade(guard)))
    }
}

impl<G: Guard> Found<G> {
    fn name(&self) -> &str {
        self.about().0.name()
    }
}

impl<G> Found<G> {
    fn guard(&self) -> &G {
        match &self.0 {
            Holder::Static(guard) => guard,
            Holder::Shared(guard) => guard,
        }
    }
}

impl<G> Deref for Found<G> {
    type Target = G;

    fn deref(&self) -> &G {
        self.guard()
    }
}

impl<G: fmt::Debug> fmt::Debug for Found<G> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(formatter)
    }
}

impl NameTaken {
    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where the two guards are made.
    #[must_use]
    pub const fn places(&self) -> [&'static Location<'static>; 2] {
        [self.first, self.second]
    }
}

impl fmt::Display for NameTaken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            kind,
            name,
            first,
            second,
        } = self;
        write!(
            formatter,
            "two guards are the {kind} `{name}`, one made at {first} and one at {second}; give one of them another name"
        )
    }
}

impl Error for NameTaken {}

impl fmt::Display for FindError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound { kind, name, known } => {
                write!(formatter, "there is no {kind} `{name}`")?;
                match &known[..] {
                    [] => write!(formatter, "; none has been registered or used yet"),
                    known => write!(formatter, "; there are `{}`", known.join("`, `")),
                }
            }
            Self::NameTaken(taken) => taken.fmt(formatter),
        }
    }
}

impl Error for FindError {}

/// A `static` that an attribute names as a guard.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no `static` that can be registered as a guard",
    note = "it may be a `CircuitBreaker`, `Budget` or `Bulkhead`, also behind a `LazyLock`, an `Arc` or a reference",
    note = "write `*NAME` in the attribute to use what it dereferences to, without registering it"
)]
pub trait Register: Sync {
    #[doc(hidden)]
    fn register(&'static self);

    /// What is known of it, unless it would have to be made first.
    #[cfg(feature = "inventory")]
    #[doc(hidden)]
    fn made(&'static self) -> Option<Made>;
}

/// What the inventory has to know of a guard.
#[cfg(feature = "inventory")]
#[doc(hidden)]
pub struct Made {
    pub(crate) name: &'static str,
    pub(crate) longest_wait: Duration,
}

#[cfg(feature = "inventory")]
impl Made {
    fn of(guard: &'static impl Guard) -> Self {
        Self {
            name: guard.about().0.name(),
            longest_wait: guard.longest_wait(),
        }
    }
}

fn register_or_note<G: Guard>(guard: impl Into<Registered<G>>) {
    if let Err(taken) = register(guard) {
        let mut rows = G::table().lock();
        if !rows.conflicts.contains(&taken) {
            rows.conflicts.push(taken);
        }
    }
}

impl<R: Register + Send, F: FnOnce() -> R + Send> Register for LazyLock<R, F> {
    fn register(&'static self) {
        (**self).register();
    }

    #[cfg(feature = "inventory")]
    fn made(&'static self) -> Option<Made> {
        None
    }
}
