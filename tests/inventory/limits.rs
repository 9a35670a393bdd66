//! The worst case of a site: what is known besides the policy.

use std::io;
use std::sync::LazyLock;
use std::time::Duration;

use retry_core::{Bulkhead, Policy, RetryAfter, retry};

use crate::site;

/// Two waits of a second.
const POLICY: Policy = Policy::new()
    .backoff(retry_core::Backoff::fixed(Duration::from_secs(1)))
    .retry_after_max(Duration::from_secs(10));

const CUT: Policy = POLICY
    .attempt_timeout(Duration::from_secs(3))
    .retry_after(RetryAfter::Ignore);

static QUEUE: Bulkhead = Bulkhead::new("limits", 1).wait(Duration::from_secs(4));
static NO_QUEUE: Bulkhead = Bulkhead::new("limits without a queue", 1);
static LAZY: LazyLock<Bulkhead> = LazyLock::new(|| Bulkhead::new("lazy limits", 1));

#[retry(policy = POLICY)]
fn hinted() -> io::Result<()> {
    Ok(())
}

#[retry(policy = POLICY, retry_if = |error| *error > 3)]
fn not_hinted() -> Result<(), u32> {
    Ok(())
}

#[retry(policy = CUT)]
async fn cut() -> io::Result<()> {
    Ok(())
}

#[retry(policy = CUT)]
fn not_cut() -> io::Result<()> {
    Ok(())
}

#[retry(policy = CUT, bulkhead = QUEUE)]
async fn queued() -> io::Result<()> {
    Ok(())
}

#[retry(policy = CUT, bulkhead = NO_QUEUE)]
async fn refused() -> io::Result<()> {
    Ok(())
}

#[retry(policy = CUT, bulkhead = LAZY)]
async fn lazy() -> io::Result<()> {
    Ok(())
}

#[retry(policy = CUT, bulkhead = *bulkhead)]
async fn of_an_argument(bulkhead: &Bulkhead) -> io::Result<()> {
    Ok(())
}

#[retry(policy = CUT, deadline = "5s", bulkhead = *bulkhead)]
async fn in_time(bulkhead: &Bulkhead) -> io::Result<()> {
    Ok(())
}

#[track_caller]
fn worst_case(operation: &str) -> String {
    let worst = site("limits", operation).worst_case();
    worst.expect("the policy is known").to_string()
}

#[test]
fn an_error_that_has_only_been_asked_whether_it_is_retried_brings_no_hint() {
    assert_eq!(worst_case("hinted"), "20s + 3 attempts");
    assert_eq!(worst_case("not_hinted"), "2s + 3 attempts");
}

#[test]
fn a_timeout_counts_where_it_cuts() {
    assert_eq!(worst_case("cut"), "11s");
    assert_eq!(worst_case("not_cut"), "2s + 3 attempts");
}

#[test]
fn every_attempt_may_queue_for_a_bulkhead() {
    assert_eq!(worst_case("queued"), "23s");
    assert_eq!(worst_case("refused"), "11s");
}

#[test]
fn a_bulkhead_of_which_nothing_is_known_is_mentioned_unless_a_deadline_ends_the_wait() {
    assert_eq!(worst_case("lazy"), "11s + waits for the bulkhead");
    assert_eq!(worst_case("of_an_argument"), "11s + waits for the bulkhead");
    assert_eq!(worst_case("in_time"), "5s");
}
