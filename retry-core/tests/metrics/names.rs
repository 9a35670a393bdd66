//! Names that nobody else has, and that Prometheus takes.

use metrics::with_local_recorder;
use retry_core::observe::{MetricsError, MetricsObserver};
use retry_core::{Budget, Bulkhead, CircuitBreaker};

use crate::scrape::{exporter, recorder, scrape};
use crate::support::{AT_ONCE, Failure, TRANSIENT};

#[test]
fn a_prefix_begins_the_name_of_each_metric() {
    let exporter = recorder();
    with_local_recorder(&exporter, || {
        let metrics = MetricsObserver::with_prefix("shop_").expect("nobody else has it");
        let call = AT_ONCE.call("fetch").observe(&metrics);
        assert_eq!(call.run_blocking(|| Ok::<_, Failure>(7)), Ok(7));
    });
    let scrape = scrape(&exporter);
    let names: Vec<&str> = scrape.families.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "shop_retry_attempts_per_call",
            "shop_retry_attempts_total",
            "shop_retry_call_duration_seconds",
            "shop_retry_calls_total",
        ]
    );
}

#[test]
fn the_names_are_what_prometheus_recommends() {
    let exporter = exporter().with_recommended_naming(true).build_recorder();
    let circuit = CircuitBreaker::new("payments").consecutive(1);
    let bulkhead = Bulkhead::new("payments", 1);
    let budget = Budget::new("payments");
    with_local_recorder(&exporter, || {
        let metrics = MetricsObserver::with_prefix("convention_").expect("nobody else has it");
        let call = AT_ONCE.call("pay").observe(&metrics);
        let _ = call.run_blocking(|| Err::<u8, _>(TRANSIENT));
        let call = call.breaker(&circuit).bulkhead(&bulkhead).budget(&budget);
        let _ = call.run_blocking(|| Err::<u8, _>(TRANSIENT));
    });
    let scrape = scrape(&exporter);
    let names = scrape.families.keys().map(String::as_str);
    let names: Vec<_> = names
        .filter_map(|name| name.strip_prefix("convention_"))
        .collect();
    assert_eq!(
        names,
        [
            "budget_remaining",
            "bulkhead_in_use",
            "bulkhead_wait_seconds",
            "circuit_state",
            "circuit_transitions_total",
            "retry_attempts_per_call",
            "retry_attempts_total",
            "retry_call_duration_seconds",
            "retry_calls_total",
            "retry_delay_seconds",
        ]
    );
}

#[test]
fn two_observers_of_different_prefixes_count_side_by_side() {
    let exporter = recorder();
    with_local_recorder(&exporter, || {
        let [one, other] = ["one_", "other_"]
            .map(|prefix| MetricsObserver::with_prefix(prefix).expect("nobody else has it"));
        let call = AT_ONCE.call("fetch").observe(&one).observe(&other);
        assert_eq!(call.run_blocking(|| Ok::<_, Failure>(7)), Ok(7));
    });
    let scrape = scrape(&exporter);
    assert_eq!(scrape.sum("one_retry_calls_total", &[]), Some(1.0));
    assert_eq!(scrape.sum("other_retry_calls_total", &[]), Some(1.0));
}

#[test]
fn a_prefix_that_somebody_has_is_refused_until_he_is_gone() {
    let first = MetricsObserver::with_prefix("taken_").expect("nobody else has it");
    let line = line!() - 1;
    let error = MetricsObserver::with_prefix("taken_").expect_err("somebody has it");
    assert!(matches!(&error, MetricsError::PrefixTaken { prefix, .. } if prefix == "taken_"));
    assert_eq!(
        error.to_string(),
        format!(
            "a metrics observer with the prefix `taken_` was made at {}:{line}:17, and a second one would count everything twice; \
             share the first, drop it before, or give this one a prefix of its own",
            file!()
        )
    );
    drop(first);
    assert!(MetricsObserver::with_prefix("taken_").is_ok());
}

#[test]
fn a_prefix_that_no_name_can_begin_with_is_refused() {
    for (prefix, bad) in [
        ("shop.", '.'),
        ("7shops_", '7'),
        ("my shop", ' '),
        ("shop:", ':'),
        ("größe_", 'ö'),
    ] {
        let error = MetricsObserver::with_prefix(prefix).expect_err("it is no prefix");
        assert!(
            matches!(&error, MetricsError::InvalidPrefix { prefix: of, character, .. } if of == prefix && *character == bad),
            "{error:?}"
        );
    }
    for prefix in ["shop7_", "_", "SHOP"] {
        assert!(MetricsObserver::with_prefix(prefix).is_ok(), "{prefix}");
    }
}
