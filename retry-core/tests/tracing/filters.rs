//! What subscribers that filter get, and what the metadata say that they filter by.

use retry_core::Observer;
use tracing::Level;
use tracing::level_filters::LevelFilter;
use tracing::subscriber::with_default;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::{Layer, SubscriberExt};

use crate::recorded::Recorded;
use crate::scenes::play_all;
use crate::support::{AT_ONCE, Failure, TRANSIENT};
use crate::{EVERY_CALL, TRACING};

/// Makes a call that fails, in a caller's span that no filter hides.
fn call_that_fails(observer: &'static dyn Observer) {
    let _entered = tracing::error_span!("request").entered();
    let policy = AT_ONCE.attempts(2);
    let call = policy.call("fetch").observe(observer);
    let _ = call.execute_blocking(|| Err::<(), _>(TRANSIENT));
}

/// What is left of `run` behind this filter.
fn filtered(filter: Targets, run: impl FnOnce()) -> Recorded {
    let recorded = Recorded::default();
    let subscriber = tracing_subscriber::registry()
        .with(filter)
        .with(recorded.clone());
    with_default(subscriber, run);
    recorded
}

fn names(recorded: &Recorded) -> Vec<&'static str> {
    recorded.spans().iter().map(|span| span.name).collect()
}

#[test]
fn all_that_is_told_has_the_crates_target_and_the_stable_name() {
    let recorded = Recorded::default();
    with_default(recorded.subscriber(), || play_all(EVERY_CALL));
    let events = recorded.events();
    for event in &events {
        assert_eq!(event.target, "retry_core");
        assert_eq!(event.fields.get("kind"), Some(event.name));
    }
    let mut names: Vec<_> = events.iter().map(|event| event.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(
        names.len(),
        18,
        "the scenes have every kind of event: {names:?}"
    );
}

#[test]
fn the_level_is_that_of_the_severity() {
    let recorded = Recorded::default();
    with_default(recorded.subscriber(), || play_all(EVERY_CALL));
    for event in recorded.events() {
        let level = match event.name {
            "attempt_started" | "attempt_ended" => Level::DEBUG,
            "success" if event.fields.get("attempt") == Some("1") => Level::DEBUG,
            "success" | "circuit_half_open" | "circuit_closed" => Level::INFO,
            "retry" | "circuit_opened" | "contention_detected" => Level::WARN,
            _ => Level::ERROR,
        };
        assert_eq!(event.level, level, "{}", event.name);
    }
}

#[test]
fn one_target_turns_it_off() {
    let all_but_retries = || {
        Targets::new()
            .with_default(Level::TRACE)
            .with_target("retry_core", LevelFilter::OFF)
    };
    for observer in [TRACING, EVERY_CALL] {
        let recorded = filtered(all_but_retries(), || call_that_fails(observer));
        assert_eq!(names(&recorded), ["request"]);
        assert!(recorded.events().is_empty());
    }
}

#[test]
fn warnings_alone_come_with_the_calls_span_also_if_every_call_has_one() {
    for observer in [TRACING, EVERY_CALL] {
        let warnings = Targets::new().with_default(Level::WARN);
        let recorded = filtered(warnings, || {
            let call = AT_ONCE.call("fetch").observe(observer);
            let _ = call.execute_blocking(|| Ok::<_, Failure>(7));
            call_that_fails(observer);
        });
        assert_eq!(names(&recorded), ["request", "retry"]);
        assert_eq!(
            recorded.events_in(Some(1)),
            ["retry", "max_attempts_exceeded"]
        );
    }
}

#[test]
fn errors_alone_come_in_the_callers_span() {
    let errors = || Targets::new().with_default(Level::ERROR);
    let recorded = filtered(errors(), || call_that_fails(TRACING));
    assert_eq!(names(&recorded), ["request"]);
    assert_eq!(recorded.events_in(Some(0)), ["max_attempts_exceeded"]);
}

#[test]
fn a_layer_that_hides_the_calls_span_from_itself_finds_the_callers() {
    let (all, some) = (Recorded::default(), Recorded::default());
    let errors = Targets::new().with_default(Level::ERROR);
    let subscriber = tracing_subscriber::registry()
        .with(all.clone())
        .with(some.clone().with_filter(errors));
    with_default(subscriber, || call_that_fails(TRACING));
    assert_eq!(names(&all), ["request", "retry"]);
    assert_eq!(names(&some), ["request"]);
    assert_eq!(some.events_in(Some(0)), ["max_attempts_exceeded"]);
}
