//! Lines through the `log` facade, as a logger receives them: `LogObserver`.

mod scenes;
mod support;

use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use expect_test::expect_file;
use log::kv::{self, Key, Value, VisitSource};
use log::{Level, LevelFilter, Log, Metadata, Record};
use retry_core::observe::LogObserver;
use retry_core::testing::ManualClock;
use retry_core::{Bulkhead, CircuitBreaker, Observer, Policy, SleepDecision};
use scenes::SCENES;
use support::{
    AT_ONCE, EACH_SECOND, Failure, PERMANENT, RATE_LIMIT, SERVER_ERROR, Script, TRANSIENT, millis,
    poll_to_end, secs,
};

/// What a logger received: level, target, text and fields.
#[derive(Clone, Debug, PartialEq)]
struct Line {
    level: Level,
    target: String,
    text: String,
    fields: Vec<(String, String)>,
}

/// A logger that keeps everything.
struct Keeper(Mutex<Vec<Line>>);

static KEEPER: Keeper = Keeper(Mutex::new(Vec::new()));

impl Keeper {
    fn lines(&self) -> MutexGuard<'_, Vec<Line>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Log for Keeper {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        let mut fields = Fields(Vec::new());
        record
            .key_values()
            .visit(&mut fields)
            .expect("the visitor does not fail");
        let line = Line {
            level: record.level(),
            target: record.target().to_owned(),
            text: record.args().to_string(),
            fields: fields.0,
        };
        self.lines().push(line);
    }

    fn flush(&self) {}
}

struct Fields(Vec<(String, String)>);

impl<'kvs> VisitSource<'kvs> for Fields {
    fn visit_pair(&mut self, key: Key<'kvs>, value: Value<'kvs>) -> Result<(), kv::Error> {
        self.0.push((key.to_string(), value.to_string()));
        Ok(())
    }
}

/// What is logged while `run` runs, if lines up to `most` are wanted. There is one logger, so one test at a time.
fn logged(most: LevelFilter, run: impl FnOnce()) -> Vec<Line> {
    static TURN: Mutex<()> = Mutex::new(());
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    // The second test finds it installed.
    let _ = log::set_logger(&KEEPER);
    log::set_max_level(most);
    KEEPER.lines().clear();
    run();
    KEEPER.lines().clone()
}

fn describe(error: &Failure, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(formatter, "{error:?}")
}

/// What `observer` logs about a call under `policy` whose attempts go as `results` says, each of which takes 100 ms: levels and texts.
fn said(
    observer: &LogObserver,
    policy: &Policy,
    results: &[Result<u8, Failure>],
) -> Vec<(Level, String)> {
    let lines = logged(LevelFilter::Trace, || {
        let clock = ManualClock::new();
        let script = Script::new(results).taking(millis(100), &clock);
        let call = policy
            .call("fetch")
            .clock(&clock)
            .sleeper(&clock)
            .describe(describe)
            .observe(observer);
        let _ = call.execute_blocking(|| script.attempt());
    });
    lines
        .into_iter()
        .map(|line| (line.level, line.text))
        .collect()
}

/// The same as expected.
fn lines<const N: usize>(lines: [(Level, &str); N]) -> Vec<(Level, String)> {
    lines.map(|(level, text)| (level, text.to_owned())).into()
}

static LOG: LogObserver = LogObserver::new();

// What is told.

#[test]
fn a_success_at_the_first_attempt_is_told_only_if_asked() {
    static EVERY_CALL: LogObserver = LogObserver::new().every_call();
    assert_eq!(said(&LOG, &EACH_SECOND, &[Ok(7)]), []);
    assert_eq!(
        said(&EVERY_CALL, &EACH_SECOND, &[Ok(7)]),
        lines([(Level::Debug, "fetch: succeeded in 100ms")])
    );
}

#[test]
fn the_scenes_have_these_lines() {
    let mut transcript = String::new();
    logged(LevelFilter::Trace, || {
        let scenes = SCENES.iter();
        transcript = scenes
            .map(|scene| scene.transcript(&LOG, take_text))
            .collect();
    });
    expect_file!["golden/log.txt"].assert_eq(&transcript);
}

/// What has been logged, which is forgotten.
fn take_text() -> String {
    let lines = std::mem::take(&mut *KEEPER.lines());
    let lines = lines.iter().map(|line| {
        let fields = fields_in_a_line(line);
        format!("{:5} {} | {fields}\n", line.level, line.text)
    });
    lines.collect()
}

#[test]
fn retries_are_warnings_and_the_success_after_them_good_news() {
    assert_eq!(
        said(
            &LOG,
            &EACH_SECOND,
            &[Err(TRANSIENT), Err(RATE_LIMIT), Ok(7)]
        ),
        lines([
            (
                Level::Warn,
                "fetch: attempt 1 failed (transient: Of(Transient)); attempt 2 in 1s"
            ),
            (
                Level::Warn,
                "fetch: attempt 2 failed (rate_limit: Of(RateLimit)); attempt 3 in 1s"
            ),
            (Level::Info, "fetch: succeeded at attempt 3, after 2.3s"),
        ])
    );
}

#[test]
fn a_call_that_gives_up_is_an_error() {
    assert_eq!(
        said(&LOG, &EACH_SECOND.attempts(2), &[Err(TRANSIENT)]),
        lines([
            (
                Level::Warn,
                "fetch: attempt 1 failed (transient: Of(Transient)); attempt 2 in 1s"
            ),
            (
                Level::Error,
                "fetch: gave up after 2 attempts in 1.2s (max_attempts_global): Of(Transient)"
            ),
        ])
    );
    assert_eq!(
        said(&LOG, &EACH_SECOND, &[Err(PERMANENT)]),
        lines([(
            Level::Error,
            "fetch: gave up after 1 attempt in 100ms (non_retryable_class): Of(Permanent)"
        )])
    );
}

#[test]
fn attempts_are_told_only_if_asked() {
    let observer = LogObserver::default().every_attempt();
    assert_eq!(
        said(&observer, &EACH_SECOND, &[Err(TRANSIENT), Ok(7)]),
        lines([
            (Level::Debug, "fetch: attempt 1 starts"),
            (
                Level::Debug,
                "fetch: attempt 1 failed in 100ms (transient: Of(Transient))"
            ),
            (
                Level::Warn,
                "fetch: attempt 1 failed (transient: Of(Transient)); attempt 2 in 1s"
            ),
            (Level::Debug, "fetch: attempt 2 starts"),
            (Level::Debug, "fetch: attempt 2 succeeded in 100ms"),
            (Level::Info, "fetch: succeeded at attempt 2, after 1.2s"),
        ])
    );
}

#[test]
fn what_somebody_asked_for_is_an_error_too() {
    let lines = logged(LevelFilter::Trace, || {
        let call = AT_ONCE.call("send").observe(&LOG);
        let fails = || Err::<(), _>(TRANSIENT);
        let _ = call.clone().abort(&|| true).execute_blocking(fails);
        let deferred = call.on_sleep(|_, _| SleepDecision::Defer);
        let _ = deferred.execute_blocking(fails);
    });
    let levels: Vec<_> = lines.iter().map(|line| line.level).collect();
    assert_eq!(levels, [Level::Error, Level::Error]);
    assert_eq!(
        lines[0].text,
        "send: gave up before the first attempt (aborted)"
    );
    assert!(lines[1].text.starts_with("send: deferred after 1 attempt"));
}

#[test]
fn a_circuit_that_opens_is_a_warning_and_that_it_recovers_is_good_news() {
    let lines = logged(LevelFilter::Trace, || {
        let clock = ManualClock::new();
        let breaker = CircuitBreaker::new("payments")
            .consecutive(1)
            .open_for(secs(30));
        let policy = EACH_SECOND.attempts(1);
        let call = policy
            .call("pay")
            .clock(&clock)
            .breaker(&breaker)
            .observe(&LOG);
        let _ = call.execute_blocking(|| Err::<u8, _>(TRANSIENT));
        let _ = call.execute_blocking(|| Ok::<u8, Failure>(7));
        clock.advance(secs(30));
        let _ = call.execute_blocking(|| Ok::<u8, Failure>(7));
    });
    let lines: Vec<_> = lines
        .iter()
        .map(|it| (it.level, it.text.as_str()))
        .collect();
    assert_eq!(
        lines,
        [
            (Level::Warn, "pay: the circuit `payments` opened"),
            (
                Level::Error,
                "pay: gave up after 1 attempt in 0s (max_attempts_global): log::support::Failure"
            ),
            (
                Level::Error,
                "pay: gave up before the first attempt (circuit_open `payments`, try again in 30s)"
            ),
            (Level::Info, "pay: the circuit `payments` is half-open"),
            (Level::Info, "pay: the circuit `payments` closed"),
        ]
    );
}

#[test]
fn a_long_wait_for_a_bulkhead_is_a_warning() {
    let lines = logged(LevelFilter::Trace, || {
        let clock = ManualClock::new();
        let bulkhead = Bulkhead::new("pool", 1).wait(millis(200));
        let _inside = bulkhead.try_acquire().expect("room");
        let call = AT_ONCE
            .call("query")
            .clock(&clock)
            .sleeper(&clock)
            .bulkhead(&bulkhead)
            .observe(&LOG);
        let _ = poll_to_end(call.execute(async || Ok::<_, Failure>(7)));
    });
    let levels: Vec<_> = lines.iter().map(|line| line.level).collect();
    assert_eq!(levels, [Level::Warn, Level::Error]);
    assert_eq!(lines[0].text, "query: waited 200ms for the bulkhead `pool`");
}

// The records.

#[test]
fn the_target_is_the_crate_s_unless_told_otherwise() {
    static OWN: LogObserver = LogObserver::new().target("payments::retries");
    let lines = logged(LevelFilter::Trace, || {
        let pair: [&dyn Observer; 2] = [&LOG, &OWN];
        for observer in pair {
            let call = AT_ONCE.call("pay").observe(observer);
            let _ = call.execute_blocking(|| Err::<(), _>(PERMANENT));
        }
    });
    let targets: Vec<_> = lines.iter().map(|line| line.target.as_str()).collect();
    assert_eq!(targets, ["retry_core", "payments::retries"]);
}

#[test]
fn a_record_has_the_event_s_fields_by_their_names() {
    let lines = logged(LevelFilter::Trace, || {
        let clock = ManualClock::new();
        let breaker = CircuitBreaker::new("payments")
            .consecutive(2)
            .open_for(secs(30));
        let script = Script::new([Err(SERVER_ERROR)]).taking(millis(100), &clock);
        let observer = LogObserver::new().every_attempt();
        let call = EACH_SECOND
            .call("pay")
            .clock(&clock)
            .sleeper(&clock)
            .describe(describe)
            .breaker(&breaker)
            .observe(&observer);
        let _ = call.execute_blocking(|| script.attempt() as Result<u8, _>);
    });
    let failure =
        "class=server_error cause=error error=Of(ServerError) error_type=log::support::Failure";
    let stop = "class=server_error cause=error stop_reason=circuit_open error=Of(ServerError) \
                error_type=log::support::Failure guard=payments";
    let fields: Vec<_> = lines.iter().map(fields_in_a_line).collect();
    assert_eq!(
        fields,
        [
            "kind=attempt_started operation=pay attempt=1 elapsed=0".to_owned(),
            format!(
                "kind=attempt_ended operation=pay attempt=1 elapsed=0.1 duration=0.1 {failure}"
            ),
            format!("kind=retry operation=pay attempt=1 delay=1 elapsed=0.1 {failure}"),
            "kind=attempt_started operation=pay attempt=2 elapsed=1.1".to_owned(),
            format!(
                "kind=attempt_ended operation=pay attempt=2 elapsed=1.2 duration=0.1 {failure}"
            ),
            "kind=circuit_opened operation=pay attempt=2 elapsed=1.2 guard=payments transition=1"
                .to_owned(),
            format!("kind=circuit_rejected operation=pay attempt=2 delay=30 elapsed=1.2 {stop}"),
        ]
    );
}

fn fields_in_a_line(line: &Line) -> String {
    let fields = line.fields.iter();
    let fields: Vec<_> = fields
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    fields.join(" ")
}

#[test]
fn for_a_level_that_is_off_nothing_is_formatted() {
    let texts = AtomicU32::new(0);
    let lines = logged(LevelFilter::Error, || {
        let policy = AT_ONCE.attempts(2);
        let call = policy
            .call("fetch")
            .describe(|_: &Failure, formatter| {
                texts.fetch_add(1, Ordering::Relaxed);
                formatter.write_str("no")
            })
            .observe(&LOG);
        let _ = call.execute_blocking(|| Err::<(), _>(TRANSIENT));
    });
    let levels: Vec<_> = lines.iter().map(|line| line.level).collect();
    assert_eq!(levels, [Level::Error]);
    // The text of the line, and the field.
    assert_eq!(texts.into_inner(), 2);
}
