//! What retries add to the load on a service that is down, and what a budget and a circuit leave of it: a simulation on virtual time.

mod support;

use std::cell::Cell;
use std::time::Duration;

use retry_core::testing::ManualClock;
use retry_core::{Budget, CircuitBreaker, Policy};
use support::{AT_ONCE, TRANSIENT, guarded};

const CLIENTS: u32 = 10_000;
const SECONDS: u32 = 30;
/// The clients come in so many groups, one after the other, and each of them comes again a second later.
const GROUPS: u32 = 20;
const FIRST_ATTEMPTS: u32 = CLIENTS * SECONDS;
const ATTEMPTS: u32 = 3;
const POLICY: Policy = AT_ONCE.attempts(ATTEMPTS);

/// How often the service is asked in an outage that lasts for the whole time.
fn load(budget: Option<&Budget>, breaker: Option<&CircuitBreaker>) -> u32 {
    let clock = ManualClock::new();
    let _installed = clock.install();
    let asked = Cell::new(0);
    let down = || {
        asked.set(asked.get() + 1);
        Err::<(), _>(TRANSIENT)
    };
    for _ in 0..SECONDS * GROUPS {
        for _ in 0..CLIENTS / GROUPS {
            let call = POLICY.call("pay");
            let end = match (breaker, budget) {
                (None, None) => call.execute_blocking(down),
                guards => guarded!(call, guards.0, guards.1, None).execute_blocking(down),
            };
            assert!(!end.is_success());
        }
        clock.advance(Duration::from_secs(1) / GROUPS);
    }
    assert_eq!(clock.elapsed(), Duration::from_secs(SECONDS.into()));
    asked.get()
}

fn told(of: &str, attempts: u32) -> u32 {
    let factor = f64::from(attempts) / f64::from(FIRST_ATTEMPTS);
    println!("{of}: {FIRST_ATTEMPTS} calls, {attempts} attempts, {factor:.5} times");
    attempts
}

#[test]
fn without_a_budget_an_outage_multiplies_the_load_by_the_attempts() {
    let attempts = told("without a budget", load(None, None));
    assert_eq!(attempts, FIRST_ATTEMPTS * ATTEMPTS);
}

#[test]
fn with_the_default_budget_an_outage_adds_a_tenth_to_the_load() {
    let budget = Budget::new("payments");
    let attempts = told("the default budget", load(Some(&budget), None));
    assert!(attempts * 10 <= FIRST_ATTEMPTS * 11);
    assert!(attempts * 100 >= FIRST_ATTEMPTS * 109, "it is used");
}

#[test]
fn with_a_circuit_an_outage_takes_the_load_away() {
    let breaker = CircuitBreaker::new("payments");
    let attempts = told("the default circuit", load(None, Some(&breaker)));
    // Five failures open it, and it stays open for the thirty seconds.
    assert_eq!(attempts, 5);
    let (breaker, budget) = (CircuitBreaker::new("payments"), Budget::new("payments"));
    let both = told("both defaults", load(Some(&budget), Some(&breaker)));
    assert_eq!(both, 5);
}
