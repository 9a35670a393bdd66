//! What is allocated: nothing for what nobody is told.

use std::cell::Cell;
use std::hint::black_box;
use std::io;

use retry_core::{Event, Observer};
use tracing::level_filters::LevelFilter;
use tracing::subscriber::{NoSubscriber, with_default};
use tracing::{Dispatch, Level, dispatcher};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::{fmt, registry};

use crate::allocations::allocations;
use crate::support::{AT_ONCE, Failure, TRANSIENT, poll_once};
use crate::{EVERY_CALL, TRACING};

/// What a success at the first attempt allocates, with both drivers.
fn by_a_success(observer: &dyn Observer) -> u64 {
    let call = AT_ONCE.call("fetch").observe(observer);
    let ok = || Ok::<_, Failure>(black_box(7));
    let blocking = allocations(|| call.run_blocking(ok));
    blocking + allocations(|| poll_once(call.run(async || ok())))
}

/// What a call without success allocates.
fn by_a_failure(observer: &dyn Observer) -> u64 {
    let call = AT_ONCE.call("fetch").observe(observer);
    allocations(|| call.run_blocking(|| Err::<(), _>(TRANSIENT)))
}

fn unheard(_: &Event<'_>) {}

/// Asserts that with the default subscriber no call allocates more than with an observer that does nothing.
fn assert_free(observer: &dyn Observer) {
    for _ in 0..2 {
        assert_eq!(by_a_success(observer), 0);
        assert_eq!(by_a_failure(observer), by_a_failure(&unheard));
    }
}

#[test]
fn without_a_subscriber_nothing_is_allocated() {
    with_default(NoSubscriber::default(), || {
        assert_free(TRACING);
        assert_free(EVERY_CALL);
    });
}

#[test]
fn with_a_subscriber_that_is_not_interested_nothing_is_allocated() {
    let off = Targets::new().with_target("retry_core", LevelFilter::OFF);
    let subscribers = [
        Dispatch::new(fmt().with_max_level(LevelFilter::OFF).finish()),
        Dispatch::new(registry().with(fmt::layer()).with(off)),
    ];
    for subscriber in &subscribers {
        dispatcher::with_default(subscriber, || {
            assert_free(TRACING);
            assert_free(EVERY_CALL);
        });
    }
}

#[test]
fn with_an_interested_subscriber_a_success_at_the_first_attempt_allocates_nothing() {
    let subscriber = fmt().with_max_level(Level::TRACE).with_writer(io::sink);
    with_default(subscriber.finish(), || {
        assert_eq!(by_a_success(TRACING), 0);
        assert_ne!(by_a_success(EVERY_CALL), 0, "the subscriber is interested");
    });
}

#[test]
fn an_error_that_nobody_is_told_about_is_not_formatted() {
    let formatted = Cell::new(0);
    let call = AT_ONCE.call("fetch").describe(|_: &Failure, _| {
        formatted.set(formatted.get() + 1);
        Ok(())
    });
    let call = call.observe(EVERY_CALL);
    let fail = || Err::<(), _>(TRANSIENT);
    with_default(NoSubscriber::default(), || {
        let _ = call.run_blocking(fail);
        assert_eq!(formatted.get(), 0);
    });
    let errors = fmt().with_max_level(Level::ERROR).with_writer(io::sink);
    with_default(errors.finish(), || {
        let _ = call.run_blocking(fail);
        assert_eq!(formatted.get(), 2, "in the message and in a field");
    });
}
