//! Subscribers that panic, or that call back: the call goes on as if there were none.

use std::panic::{AssertUnwindSafe, catch_unwind};

use retry_core::{CircuitBreaker, CircuitState, Observer};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::with_default;
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry;

use crate::recorded::Recorded;
use crate::support::{AT_ONCE, Failure, SERVER_ERROR, Script, TRANSIENT};
use crate::{EVERY_CALL, TRACING};

/// What a subscriber is called for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Callback {
    NewSpan,
    Record,
    Event,
    Enter,
    Exit,
    Close,
}

const ALL: &[Callback] = &[
    Callback::NewSpan,
    Callback::Record,
    Callback::Event,
    Callback::Enter,
    Callback::Exit,
    Callback::Close,
];

/// Does something in each of these.
struct On<F>(&'static [Callback], F);

impl<F: Fn()> On<F> {
    fn call(&self, callback: Callback) {
        if self.0.contains(&callback) {
            self.1();
        }
    }
}

impl<S: Subscriber, F: Fn() + 'static> Layer<S> for On<F> {
    fn on_new_span(&self, _: &Attributes<'_>, _: &Id, _: Context<'_, S>) {
        self.call(Callback::NewSpan);
    }

    fn on_record(&self, _: &Id, _: &Record<'_>, _: Context<'_, S>) {
        self.call(Callback::Record);
    }

    fn on_event(&self, _: &Event<'_>, _: Context<'_, S>) {
        self.call(Callback::Event);
    }

    fn on_enter(&self, _: &Id, _: Context<'_, S>) {
        self.call(Callback::Enter);
    }

    fn on_exit(&self, _: &Id, _: Context<'_, S>) {
        self.call(Callback::Exit);
    }

    fn on_close(&self, _: Id, _: Context<'_, S>) {
        self.call(Callback::Close);
    }
}

/// A call that fails once and then succeeds.
fn call_with_a_retry(observer: &'static dyn Observer) {
    let script = Script::new([Err(TRANSIENT), Ok(7)]);
    let call = AT_ONCE.call("fetch").observe(observer);
    let outcome = call.execute_blocking(|| script.attempt());
    assert_eq!(outcome.value(), Some(&7));
    assert_eq!(outcome.attempts(), 2);
}

#[test]
fn a_subscriber_that_panics_changes_nothing() {
    let callbacks = ALL.iter().map(std::slice::from_ref).chain([ALL]);
    for callbacks in callbacks {
        let panicking = On(callbacks, || panic!("a subscriber panics"));
        with_default(registry().with(panicking), || {
            for observer in [TRACING, EVERY_CALL] {
                call_with_a_retry(observer);
            }
        });
    }
}

#[test]
fn a_subscriber_that_panics_while_the_operation_panics_does_not_abort_the_process() {
    with_default(
        registry().with(On(ALL, || panic!("a subscriber panics"))),
        || {
            let call = AT_ONCE.call("fetch").observe(EVERY_CALL);
            let panicked = catch_unwind(AssertUnwindSafe(|| {
                let _ = call.execute_blocking(|| -> Result<u8, Failure> { panic!("an operation") });
            }));
            let payload = panicked.unwrap_err();
            assert_eq!(payload.downcast_ref(), Some(&"an operation"));
        },
    );
    let at_the_end = On(&[Callback::Record, Callback::Close], || {
        panic!("a subscriber")
    });
    with_default(registry().with(at_the_end), || {
        let script = Script::new([Err(TRANSIENT), Ok(7)]);
        let call = AT_ONCE.call("fetch").observe(TRACING);
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            let _ = call.execute_blocking(|| match script.attempt() {
                Ok(7) => panic!("an operation"),
                result => result,
            });
        }));
        let payload = panicked.unwrap_err();
        assert_eq!(payload.downcast_ref(), Some(&"an operation"));
    });
}

#[test]
fn an_error_whose_text_panics_costs_its_events_and_not_the_span() {
    let recorded = Recorded::default();
    with_default(recorded.subscriber(), || {
        let script = Script::new([Err(TRANSIENT), Ok(7)]);
        let call = AT_ONCE.call("fetch").observe(TRACING);
        let call = call.describe(|_: &Failure, _| panic!("a description panics"));
        let _ = call.execute_blocking(|| script.attempt());
    });
    let spans = recorded.spans();
    assert_eq!(spans.len(), 1);
    assert_eq!(spans[0].fields.get("outcome"), Some("success"));
    assert_eq!(
        recorded.events_in(Some(0)),
        ["attempt_started", "attempt_ended", "success"]
    );
}

#[test]
fn a_subscriber_may_make_calls_and_use_the_circuit_that_it_is_told_about() {
    static PAYMENTS: CircuitBreaker = CircuitBreaker::new("payments").consecutive(2);
    let reentrant = On(&[Callback::NewSpan, Callback::Event], || {
        call_with_a_retry(EVERY_CALL);
        assert_ne!(PAYMENTS.state(), CircuitState::HalfOpen);
        let _ = PAYMENTS.try_acquire();
    });
    let recorded = Recorded::default();
    let subscriber = registry().with(reentrant).with(recorded.clone());
    with_default(subscriber, || {
        let call = AT_ONCE.call("pay").breaker(&PAYMENTS).observe(TRACING);
        let _ = call.execute_blocking(|| Err::<(), _>(SERVER_ERROR));
    });
    assert_eq!(PAYMENTS.state(), CircuitState::Open);
    assert_eq!(
        recorded.events_in(Some(0)),
        [
            "attempt_ended",
            "retry",
            "attempt_started",
            "attempt_ended",
            "circuit_opened",
            "circuit_rejected",
        ]
    );
}
