//! Each key does what it says.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use retry_core::testing::{ManualClock, Recorder};
use retry_core::{
    Backoff, BackoffContext, Classification, ErrorClass, EventKind, Jitter, Policy, RetryAfter,
    retry,
};

use crate::fault::{Fault, Runs};

/// Runs on virtual time and says how long it took there.
fn timed<T>(run: impl FnOnce() -> T) -> (T, Duration) {
    let clock = ManualClock::new();
    let _installed = clock.install();
    let value = run();
    (value, clock.elapsed())
}

/// A function that always fails, with these keys; gives its runs and how long it took.
macro_rules! failing {
    ($($keys:tt)*) => {{
        #[retry($($keys)*)]
        fn run(runs: &Runs) -> Result<(), Fault> {
            runs.flaky_until(u32::MAX).map(|_| ())
        }
        let runs = Runs::new();
        let (result, elapsed) = timed(|| run(&runs));
        assert_eq!(result, Err(Fault::Flaky));
        (runs.count(), elapsed)
    }};
}

const fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

const FIVE: u32 = 5;
const STEADY: Backoff = Backoff::fixed(seconds(3));
const GENTLE: Policy = Policy::new()
    .attempts(2)
    .backoff(Backoff::fixed(seconds(9)));

const fn steady() -> Backoff {
    STEADY
}

fn growing(context: &BackoffContext) -> Duration {
    seconds(u64::from(context.failures))
}

#[test]
fn attempts_is_a_literal_a_constant_or_unlimited() {
    assert_eq!(failing!(attempts = 2, backoff = none).0, 2);
    assert_eq!(failing!(attempts = FIVE, backoff = none).0, 5);
    assert_eq!(failing!(attempts = FIVE + 1, backoff = none).0, 6);
    assert_eq!(failing!(attempts = 2u32, backoff = none,).0, 2);
    let (runs, elapsed) = failing!(
        attempts = unlimited,
        deadline = "10s",
        backoff = fixed("1s")
    );
    assert_eq!((runs, elapsed), (10, seconds(9)));
}

#[test]
fn every_backoff_waits_as_it_says() {
    assert_eq!(failing!(attempts = 4, backoff = none).1, seconds(0));
    assert_eq!(failing!(attempts = 4, backoff = fixed("1s")).1, seconds(3));
    assert_eq!(
        failing!(attempts = 4, backoff = linear("1s", jitter = none)).1,
        seconds(6)
    );
    assert_eq!(
        failing!(attempts = 4, backoff = exponential("1s", jitter = none)).1,
        seconds(7)
    );
    assert_eq!(
        failing!(
            attempts = 4,
            backoff = exponential("1s", factor = 3, jitter = none)
        )
        .1,
        seconds(13)
    );
    assert_eq!(
        failing!(
            attempts = 4,
            backoff = exponential("1s", max = "2s", jitter = none)
        )
        .1,
        seconds(5)
    );
    assert_eq!(
        failing!(
            attempts = 4,
            backoff = exponential("1s", min = "2s", jitter = none)
        )
        .1,
        seconds(8)
    );
    assert_eq!(
        failing!(attempts = 5, backoff = fibonacci("1s", jitter = none)).1,
        seconds(7)
    );
    assert_eq!(
        failing!(attempts = 4, backoff = schedule("1s", "5s")).1,
        seconds(11)
    );
    assert_eq!(
        failing!(attempts = 4, backoff = custom(growing)).1,
        seconds(6)
    );
    let (_, elapsed) = failing!(attempts = 2, backoff = decorrelated("1s", max = "3s"));
    assert!((seconds(1)..=seconds(3)).contains(&elapsed), "{elapsed:?}");
    let (_, elapsed) = failing!(attempts = 3, backoff = token("2s"));
    assert!(
        (Duration::from_millis(2_500)..=seconds(5)).contains(&elapsed),
        "{elapsed:?}"
    );
}

#[test]
fn a_backoff_may_be_any_constant_expression() {
    assert_eq!(failing!(attempts = 3, backoff = STEADY).1, seconds(6));
    assert_eq!(failing!(attempts = 3, backoff = steady()).1, seconds(6));
    assert_eq!(
        failing!(
            attempts = 3,
            backoff = Backoff::fixed(Duration::from_secs(2))
        )
        .1,
        seconds(4)
    );
    assert_eq!(
        failing!(attempts = 3, backoff = fixed(Duration::from_secs(2))).1,
        seconds(4)
    );
    assert_eq!(
        failing!(
            attempts = 3,
            backoff = schedule(Duration::from_secs(2), "3s")
        )
        .1,
        seconds(5)
    );
}

#[test]
fn durations_have_units() {
    assert_eq!(
        failing!(attempts = 2, backoff = fixed("1m 30s")).1,
        seconds(90)
    );
    assert_eq!(
        failing!(attempts = 2, backoff = fixed("1500us")).1,
        Duration::from_micros(1_500)
    );
    assert_eq!(
        failing!(attempts = 2, backoff = fixed("1s 1ns")).1,
        Duration::new(1, 1)
    );
    assert_eq!(
        failing!(attempts = 2, backoff = fixed("2h")).1,
        seconds(7_200)
    );
}

#[test]
fn jitter_belongs_to_the_backoff_that_is_in_force() {
    let within = |elapsed: Duration, least: u64, most: u64| {
        let window = Duration::from_millis(least)..=Duration::from_millis(most);
        assert!(window.contains(&elapsed), "{elapsed:?}");
    };
    within(
        failing!(attempts = 2, backoff = fixed("1s"), jitter = equal).1,
        500,
        1_000,
    );
    within(
        failing!(attempts = 2, backoff = fixed("1s"), jitter = 0.1).1,
        900,
        1_100,
    );
    within(
        failing!(attempts = 2, backoff = fixed("1s"), jitter = 0).1,
        1_000,
        1_000,
    );
    within(
        failing!(attempts = 2, backoff = fixed("1s", jitter = 0.1)).1,
        900,
        1_100,
    );
    within(
        failing!(attempts = 2, backoff = STEADY, jitter = Jitter::Spread(0.1)).1,
        2_700,
        3_300,
    );
    within(failing!(attempts = 2, jitter = none).1, 100, 100);
    within(failing!(policy = GENTLE, jitter = equal).1, 4_500, 9_000);
}

#[test]
fn other_keys_override_the_policy() {
    assert_eq!(failing!(policy = GENTLE), (2, seconds(9)));
    assert_eq!(failing!(policy = GENTLE, attempts = 3), (3, seconds(18)));
    assert_eq!(failing!(policy = GENTLE, backoff = none), (2, seconds(0)));
    assert_eq!(failing!(policy = Policy::NEVER).0, 1);
}

#[test]
fn class_rules_merge_into_those_of_the_policy() {
    const LIMITED: Policy = Policy::new().attempts(5).backoff(Backoff::none()).class(
        ErrorClass::Transient,
        retry_core::ClassRule::new().backoff(Backoff::fixed(seconds(2))),
    );
    assert_eq!(failing!(policy = LIMITED), (5, seconds(8)));
    assert_eq!(
        failing!(policy = LIMITED, transient(attempts = 3)),
        (3, seconds(4))
    );
    assert_eq!(
        failing!(
            policy = LIMITED,
            transient(attempts = 3, backoff = fixed("1s"))
        ),
        (3, seconds(2))
    );
    assert_eq!(failing!(policy = LIMITED, transient = never).0, 1);
}

#[test]
fn every_class_may_have_a_rule() {
    // A path, as a closure would show that some of these keys have no effect.
    macro_rules! as_class {
        ($class:ident, $($keys:tt)*) => {{
            const fn class(_: &Fault) -> ErrorClass {
                ErrorClass::$class
            }
            failing!(attempts = 6, backoff = none, classify = class, $($keys)*)
        }};
    }
    assert_eq!(as_class!(Transient, transient(attempts = 2)).0, 2);
    assert_eq!(
        as_class!(ServerError, server_error(backoff = fixed("1s"))),
        (6, seconds(5))
    );
    assert_eq!(
        as_class!(RateLimit, rate_limit(attempts = FIVE, backoff = STEADY)),
        (5, seconds(12))
    );
    assert_eq!(as_class!(Concurrency, concurrency = never).0, 1);
    assert_eq!(as_class!(Unknown, unknown(attempts = 4)).0, 4);
    assert_eq!(as_class!(Unknown,).0, 2);
    assert_eq!(as_class!(Auth,).0, 1);
}

#[test]
fn a_hint_is_followed_capped_or_ignored() {
    macro_rules! hinted {
        ($($keys:tt)*) => {
            failing!(
                attempts = 2,
                backoff = fixed("1s"),
                classify = |_| Classification::new(ErrorClass::RateLimit).with_retry_after(seconds(100)),
                $($keys)*
            ).1
        };
    }
    assert!(hinted!() >= seconds(100));
    assert!(hinted!(retry_after = honor) >= seconds(100));
    assert_eq!(hinted!(retry_after_max = "20s"), seconds(20));
    assert_eq!(hinted!(retry_after = ignore), seconds(1));
    assert_eq!(hinted!(retry_after = RetryAfter::Ignore), seconds(1));
}

#[test]
fn retry_if_alone_replaces_classification() {
    struct Unclassified(u32);
    #[retry(attempts = 5, backoff = none, retry_if = |error| error.0 < 3)]
    fn run(runs: &Runs) -> Result<u32, Unclassified> {
        runs.flaky_until(u32::MAX)
            .map_err(|_| Unclassified(runs.count()))
    }
    let runs = Runs::new();
    assert_eq!(run(&runs).map_err(|error| error.0), Err(3));
}

#[test]
fn retry_if_next_to_classify_filters() {
    #[retry(
        attempts = 5,
        backoff = none,
        classify = |_| ErrorClass::Transient,
        retry_if = |_| runs.count() < 3
    )]
    fn run(runs: &Runs) -> Result<u32, Fault> {
        runs.flaky_until(u32::MAX)
    }
    let runs = Runs::new();
    assert_eq!((run(&runs), runs.count()), (Err(Fault::Flaky), 3));
}

#[test]
fn classify_may_be_a_path() {
    const fn hopeless(_: &Fault) -> ErrorClass {
        ErrorClass::Permanent
    }
    assert_eq!(failing!(backoff = none, classify = hopeless).0, 1);
}

static SHUTDOWN: AtomicBool = AtomicBool::new(true);
static RECORDER: std::sync::LazyLock<Recorder> = std::sync::LazyLock::new(Recorder::default);

#[test]
fn observe_borrows_a_static_or_a_field() {
    struct Watched {
        recorder: Recorder,
        runs: Runs,
    }
    impl Watched {
        #[retry(attempts = 3, backoff = none, observe = self.recorder)]
        fn field(&mut self) -> Result<u32, Fault> {
            self.runs.flaky_until(3)
        }
    }
    #[retry(attempts = 3, backoff = none, observe = RECORDER, operation = "watched")]
    fn statically(runs: &Runs) -> Result<u32, Fault> {
        runs.flaky_until(3)
    }
    let mut watched = Watched {
        recorder: Recorder::default(),
        runs: Runs::new(),
    };
    assert_eq!(watched.field(), Ok(3));
    assert_eq!(watched.recorder.count(EventKind::Retry), 2);
    assert_eq!(watched.recorder.events()[0].operation, "field");
    assert_eq!(statically(&Runs::new()), Ok(3));
    assert!(
        RECORDER
            .events()
            .iter()
            .all(|event| event.operation == "watched")
    );
}

#[test]
fn an_abort_ends_the_call_before_the_first_attempt() {
    #[retry(abort = SHUTDOWN, on_stop = |_| Fault::Fatal)]
    fn run(runs: &Runs) -> Result<u32, Fault> {
        runs.flaky_until(1)
    }
    let runs = Runs::new();
    assert_eq!((run(&runs), runs.count()), (Err(Fault::Fatal), 0));
}

#[tokio::test(start_paused = true)]
async fn an_abort_may_be_a_closure_over_an_argument() {
    #[retry(attempts = 9, backoff = fixed("1s"), abort = || stop.load(Ordering::Relaxed) > 2, on_stop = |_| Fault::Fatal)]
    async fn run(stop: &AtomicU32, runs: &Runs) -> Result<u32, Fault> {
        stop.fetch_add(1, Ordering::Relaxed);
        runs.flaky_until(u32::MAX)
    }
    let runs = Runs::new();
    assert_eq!(
        (run(&AtomicU32::new(0), &runs).await, runs.count()),
        (Err(Fault::Flaky), 3)
    );
}

#[test]
fn the_operation_is_the_functions_name_unless_it_is_given() {
    static NAMES: std::sync::LazyLock<Recorder> = std::sync::LazyLock::new(Recorder::default);
    const NAME: &str = "constant";
    #[retry(observe = NAMES)]
    fn plain() -> Result<(), Fault> {
        Ok(())
    }
    #[retry(observe = NAMES)]
    fn r#async() -> Result<(), Fault> {
        Ok(())
    }
    #[retry(observe = NAMES, operation = "given")]
    fn given() -> Result<(), Fault> {
        Ok(())
    }
    #[retry(observe = NAMES, operation = NAME)]
    fn constant() -> Result<(), Fault> {
        Ok(())
    }
    for run in [plain, r#async, given, constant] {
        assert_eq!(run(), Ok(()));
    }
    let mut names: Vec<_> = NAMES
        .events()
        .into_iter()
        .map(|event| event.operation)
        .collect();
    names.dedup();
    assert_eq!(names, ["plain", "async", "given", "constant"]);
}
