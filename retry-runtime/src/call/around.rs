//! The behaviours of a call that never see the operation's types, each as a type of its own: a call has no room for what it does not have.

use std::time::Duration;

use crate::abort::Abort;
use crate::backoff::BackoffContext;
use crate::driver::{Guards, Unguarded};
use crate::engine::{SleepDecision, SleepRule};
use crate::event::Event;
use crate::listener::Listener;
use crate::time::{Clock, Sleep, Timer};
#[cfg(feature = "tokio")]
use crate::time::{RuntimeTimers, Timers};

/// The behaviours of a call that never see the operation's types.
#[derive(Clone, Copy, Debug)]
pub struct Around<O, P, Z, G, M> {
    pub(super) observers: O,
    pub(super) sleeps: P,
    pub(super) sleeper: Z,
    pub(super) guards: G,
    pub(super) extras: M,
}

/// A call without observers of its own.
#[derive(Clone, Copy, Debug)]
pub struct NoObserver;

/// One more observer or hook.
#[derive(Clone, Copy)]
pub struct Observed<O, L> {
    pub(super) before: O,
    pub(super) listener: L,
}

/// The observers and hooks of a call.
pub trait Observers {
    #[doc(hidden)]
    fn as_listener(&self) -> Option<&dyn Listener>;
}

impl Observers for NoObserver {
    #[inline]
    fn as_listener(&self) -> Option<&dyn Listener> {
        None
    }
}

impl<O: Observers, L: Listener> Observers for Observed<O, L> {
    #[inline]
    fn as_listener(&self) -> Option<&dyn Listener> {
        Some(self)
    }
}

impl<O: Observers, L: Listener> Listener for Observed<O, L> {
    fn hear(&self, event: &Event<'_>) {
        if let Some(before) = self.before.as_listener() {
            before.hear(event);
        }
        self.listener.hear(event);
    }
}

/// A call that sleeps when it is told to.
#[derive(Clone, Copy, Debug)]
pub struct NoSleepRule;

/// A call that asks first.
#[derive(Clone, Copy, Debug)]
pub struct SleepRuled<P>(pub(super) P);

/// Who is asked before a sleep.
pub trait SleepRules {
    #[doc(hidden)]
    fn as_rule(&self) -> Option<&SleepRule<'_>>;
}

impl SleepRules for NoSleepRule {
    #[inline]
    fn as_rule(&self) -> Option<&SleepRule<'_>> {
        None
    }
}

impl<P: Fn(&BackoffContext, Duration) -> SleepDecision> SleepRules for SleepRuled<P> {
    #[inline]
    fn as_rule(&self) -> Option<&SleepRule<'_>> {
        Some(&self.0)
    }
}

/// The timer of the runtime that the crate was built for: tokio, or none.
#[derive(Clone, Copy, Debug)]
pub struct RuntimeSleep;

/// A call's own sleeper.
#[derive(Clone, Copy)]
pub struct CustomSleep<'a>(pub(super) &'a dyn Sleep);

/// How a call's thread sleeps.
pub trait BlockingSleeper {
    #[doc(hidden)]
    fn blocking(&self) -> Option<&dyn Sleep>;
}

/// How a call's future sleeps.
#[diagnostic::on_unimplemented(
    message = "an async call needs a timer to sleep on, and `retry-core` was built without one",
    label = "no sleeper",
    note = "enable the feature `tokio` of `retry-core`, or give the call a timer with `.sleeper(&…)`"
)]
pub trait AsyncSleeper: BlockingSleeper {
    #[doc(hidden)]
    fn wait(&self, duration: Duration) -> Timer<'_>;
}

impl BlockingSleeper for RuntimeSleep {
    fn blocking(&self) -> Option<&dyn Sleep> {
        None
    }
}

#[cfg(feature = "tokio")]
impl AsyncSleeper for RuntimeSleep {
    fn wait(&self, duration: Duration) -> Timer<'_> {
        RuntimeTimers.sleep(duration)
    }
}

impl BlockingSleeper for CustomSleep<'_> {
    fn blocking(&self) -> Option<&dyn Sleep> {
        Some(self.0)
    }
}

impl AsyncSleeper for CustomSleep<'_> {
    fn wait(&self, duration: Duration) -> Timer<'_> {
        Timer::Boxed {
            wait: self.0.sleep(duration),
        }
    }
}

impl From<Unguarded> for Guards<'_> {
    fn from(_: Unguarded) -> Self {
        Self::new()
    }
}

/// A call with none of its rarer behaviours.
#[derive(Clone, Copy, Debug)]
pub struct NoExtras;

/// The rarer behaviours of a call: it has room for all of them or for none.
#[derive(Clone, Copy, Default)]
pub struct Extras<'a> {
    pub(super) abort: Option<&'a dyn Abort>,
    pub(super) clock: Option<&'a dyn Clock>,
    pub(super) seed: Option<u64>,
    pub(super) timeline: Option<usize>,
}

impl From<NoExtras> for Extras<'_> {
    fn from(_: NoExtras) -> Self {
        Self::default()
    }
}

/// The rarer behaviours, if there are any.
pub trait MaybeExtras {
    #[doc(hidden)]
    fn get(&self) -> Extras<'_>;
}

impl MaybeExtras for NoExtras {
    #[inline]
    fn get(&self) -> Extras<'_> {
        Extras::default()
    }
}

impl MaybeExtras for Extras<'_> {
    #[inline]
    fn get(&self) -> Extras<'_> {
        *self
    }
}
