//! All of [`retry-core`](https://docs.rs/retry-core) but its attributes. Depend on `retry-core`, which re-exports this crate; it is of no use on
//! its own.
//!
//! It is a crate of its own so that it is compiled while syn and the macros are: a crate that re-exports macros waits for them.
#![forbid(unsafe_code)]

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;
mod abort;
mod attempt;
mod backoff;
mod breaker;
mod budget;
mod bulkhead;
mod call;
mod call_state;
mod class;
pub mod classify;
mod driver;
#[cfg(feature = "serde")]
mod duration_text;
mod engine;
mod event;
mod guard;
#[cfg(feature = "inventory")]
pub mod inventory;
mod judge;
mod listener;
pub mod observe;
mod outcome;
mod policy;
mod readable;
mod recent;
pub mod registry;
mod schedule;
mod site;
mod switches;
mod sync;
mod table;
pub mod testing;
pub mod time;
mod timeline;
mod waiters;
mod wake;
mod window;
mod worst_case;

pub use abort::{Abort, AbortSignal};
pub use attempt::Attempt;
pub use backoff::{Backoff, BackoffContext, Jitter};
pub use breaker::{
    CircuitBreaker, CircuitOpen, CircuitPermit, CircuitSettings, CircuitSnapshot, CircuitState,
    ClassLimits, ClassSet, FailureLimit, RateLimit, SlowLimit,
};
pub use budget::{
    Budget, BudgetCosts, BudgetExhausted, BudgetSettings, BudgetStatistics, BudgetToken,
};
pub use bulkhead::{Bulkhead, BulkheadFull, BulkheadPermit, BulkheadSettings, BulkheadStatistics};
pub use call::Call;
pub use class::{Cause, Classification, Classify, ErrorClass, ParseErrorClassError};
pub use engine::SleepDecision;
pub use event::{Event, EventKind, GlobalObserverAlreadySet, Observer, set_global_observer};
pub use guard::GuardError;
#[cfg(feature = "inventory")]
pub use inventory::{Lint, Lints, report, sites};
pub use observe::Stats;
pub use outcome::{Outcome, StopReason, Stopped};
pub use policy::{ClassRule, Policy, PolicyError, RetryAfter};
pub use schedule::{Schedule, ScheduledAttempt};
pub use site::Site;
pub use time::{Clock, Sleep};
pub use timeline::{AttemptRecord, GuardRecord, Timeline, TimelineEnd};
pub use worst_case::WorstCase;
