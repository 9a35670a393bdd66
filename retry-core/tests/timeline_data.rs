//! A timeline as data, for whoever keeps it.
#![cfg(feature = "serde")]

mod support;

use expect_test::expect;
use retry_core::{Bulkhead, CircuitBreaker, EventKind, StopReason, Timeline};
use support::{AT_ONCE, EACH_SECOND, Failure, Leaving, SERVER_ERROR, Script, millis, secs};

fn json(timeline: &Timeline) -> String {
    serde_json::to_string_pretty(timeline).expect("there is nothing that JSON has not")
}

#[test]
fn everything_that_was_recorded_is_there() {
    let pool = Bulkhead::new("pool", 1)
        .wait(secs(5))
        .contention_after(secs(1));
    let circuit = CircuitBreaker::new("payments").consecutive(2);
    let sleeper = Leaving::from(&pool, millis(1_500));
    let script = Script::new([Err::<(), _>(SERVER_ERROR)]).taking(millis(100), &sleeper.clock);
    let call = EACH_SECOND
        .call("pay")
        .clock(&sleeper.clock)
        .sleeper(&sleeper)
        .describe(|_: &Failure, formatter| formatter.write_str("503"))
        .breaker(&circuit)
        .bulkhead(&pool)
        .timeline(2);
    let outcome = call.execute_blocking(|| script.attempt());
    expect![[r#"
        {
          "operation": "pay",
          "attempts": [
            {
              "number": 1,
              "start": "1s 500ms",
              "wait": "1s 500ms",
              "duration": "100ms",
              "class": "server_error",
              "cause": "error",
              "error": "503",
              "delay": "1s"
            },
            {
              "number": 2,
              "start": "2s 600ms",
              "wait": "0s",
              "duration": "100ms",
              "class": "server_error",
              "cause": "error",
              "error": "503",
              "delay": null
            }
          ],
          "omitted": 0,
          "events": [
            {
              "kind": "circuit_opened",
              "guard": "payments",
              "at": "2s 700ms",
              "after_attempt": 2,
              "duration": null
            },
            {
              "kind": "circuit_rejected",
              "guard": "payments",
              "at": "2s 700ms",
              "after_attempt": 2,
              "duration": "30s"
            }
          ],
          "omitted_events": 1,
          "end": {
            "stop_reason": "circuit_open",
            "at": "2s 700ms",
            "wait": null
          }
        }"#]]
    .assert_eq(&json(outcome.timeline()));
}

#[test]
fn what_was_not_recorded_is_null() {
    let outcome = AT_ONCE
        .call("pay")
        .execute_blocking(|| Ok::<_, Failure>(()));
    assert_eq!(json(outcome.timeline()), "null");
}

#[test]
fn names_are_those_of_events_and_stops() {
    for kind in [
        EventKind::CircuitHalfOpen,
        EventKind::MaxUnknownAttemptsExceeded,
    ] {
        let json = serde_json::to_string(&kind).expect("a word");
        assert_eq!(json, format!("\"{kind}\""));
        assert_eq!(serde_json::from_str::<EventKind>(&json).ok(), Some(kind));
    }
    for reason in [StopReason::MaxAttemptsPerClass, StopReason::BulkheadFull] {
        let json = serde_json::to_string(&reason).expect("a word");
        assert_eq!(json, format!("\"{reason}\""));
        assert_eq!(serde_json::from_str::<StopReason>(&json).ok(), Some(reason));
    }
}
