//! The circuit breaker, as its users see it: what trips it, how long it stays open, who may probe, and what is told about it.

#[path = "../support/mod.rs"]
mod support;

mod calls;
mod clocks;
mod closed;
mod configuration;
mod half_open;
mod model;
mod observers;
mod open;
mod shown;

use std::time::Duration;

use retry_core::testing::{Installed, ManualClock};
use retry_core::{CircuitBreaker, CircuitOpen, CircuitSettings, CircuitState, ErrorClass};

/// Virtual time for circuits that are used without a call on this thread.
struct Time {
    clock: ManualClock,
    _installed: Installed,
}

fn virtual_time() -> Time {
    let clock = ManualClock::new();
    Time {
        _installed: clock.install(),
        clock,
    }
}

impl Time {
    fn pass(&self, duration: Duration) {
        self.clock.advance(duration);
    }
}

/// A circuit with what a test needs to be different from the default.
fn circuit(change: impl FnOnce(&mut CircuitSettings)) -> CircuitBreaker {
    let mut settings = CircuitSettings::DEFAULT;
    change(&mut settings);
    CircuitBreaker::from_settings("payments", settings).expect("settings without a problem")
}

/// The steps of a test, each by somebody who does not expect to be turned away.
trait Steps {
    fn succeed(&self);
    fn fail_as(&self, class: ErrorClass);
    fn turned_away(&self) -> CircuitOpen;
    fn is_turning_away(&self) -> bool;

    fn fail(&self) {
        self.fail_as(ErrorClass::Transient);
    }
}

impl Steps for CircuitBreaker {
    #[track_caller]
    fn succeed(&self) {
        self.try_acquire().expect("nobody is turned away").succeed();
    }

    #[track_caller]
    fn fail_as(&self, class: ErrorClass) {
        let permit = self.try_acquire().expect("nobody is turned away");
        permit.fail(class);
    }

    #[track_caller]
    fn turned_away(&self) -> CircuitOpen {
        self.try_acquire()
            .expect_err("somebody should have been turned away")
    }

    fn is_turning_away(&self) -> bool {
        self.try_acquire().is_err()
    }
}

#[track_caller]
fn assert_closed(breaker: &CircuitBreaker) {
    assert_eq!(breaker.state(), CircuitState::Closed);
}

#[track_caller]
fn assert_open(breaker: &CircuitBreaker) {
    assert_eq!(breaker.state(), CircuitState::Open);
}

#[track_caller]
fn assert_half_open(breaker: &CircuitBreaker) {
    assert_eq!(breaker.state(), CircuitState::HalfOpen);
}
