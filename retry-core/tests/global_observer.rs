//! The observer of the whole process. Alone in its process, as there can be one only.

mod support;

use std::sync::Mutex;

use retry_core::{Event, GlobalObserverAlreadySet, Observer, set_global_observer};
use support::{AT_ONCE, Failure, RecordingSleeper, Script, TRANSIENT, poll_to_end};

static SEEN: Mutex<Vec<String>> = Mutex::new(Vec::new());

struct Note(&'static str);

impl Observer for Note {
    fn on_event(&self, event: &Event<'_>) {
        let line = format!("{}: {}", self.0, event);
        SEEN.lock().expect("no panic").push(line);
    }
}

fn seen() -> Vec<String> {
    std::mem::take(&mut SEEN.lock().expect("no panic"))
}

#[test]
fn the_global_observer_sees_every_call_and_stays() {
    static GLOBAL: Note = Note("global");
    static SECOND: Note = Note("second");
    let (own, policy) = (Note("own"), AT_ONCE.attempts(2));
    let script = Script::new([Err(TRANSIENT)]);

    // Before it is set, nobody hears anything.
    let _ = policy
        .call("early")
        .run_blocking(|| script.attempt() as Result<u8, _>);
    assert!(seen().is_empty());

    // While a call runs: the number of the attempt is right, although nobody has heard of those before.
    let mut runs = 0;
    let result = AT_ONCE.call("late").run_blocking(|| {
        runs += 1;
        if runs < 3 {
            return Err(TRANSIENT);
        }
        assert_eq!(set_global_observer(&GLOBAL), Ok(()));
        Ok(runs)
    });
    assert_eq!(result, Ok(3));
    assert_eq!(
        seen(),
        [
            "global: late attempt_ended attempt=3",
            "global: late success attempt=3",
        ]
    );
    let refused: GlobalObserverAlreadySet =
        set_global_observer(&SECOND).expect_err("there is one already");
    assert!(
        refused
            .to_string()
            .starts_with("a global observer is already set")
    );

    // A call without an observer of its own, blocking and async.
    let expected = [
        "global: fetch attempt_started attempt=1",
        "global: fetch attempt_ended attempt=1 class=transient cause=error",
        "global: fetch retry attempt=1 class=transient cause=error delay=0ns",
        "global: fetch attempt_started attempt=2",
        "global: fetch attempt_ended attempt=2 class=transient cause=error",
        "global: fetch max_attempts_exceeded attempt=2 class=transient cause=error stop_reason=max_attempts_global",
    ];
    let call = policy.call("fetch");
    let _ = call.run_blocking(|| script.attempt());
    assert_eq!(seen(), expected);
    let sleeper = RecordingSleeper::default();
    let call = policy.call("fetch").sleeper(&sleeper);
    let _ = poll_to_end(call.run(async || script.attempt()));
    assert_eq!(seen(), expected);

    // Next to the call's own: each event to both, own first.
    let call = policy.call("fetch").observe(&own);
    let _ = call.execute_blocking(|| Ok::<_, Failure>(7));
    assert_eq!(
        seen(),
        [
            "own: fetch attempt_started attempt=1",
            "global: fetch attempt_started attempt=1",
            "own: fetch attempt_ended attempt=1",
            "global: fetch attempt_ended attempt=1",
            "own: fetch success attempt=1",
            "global: fetch success attempt=1",
        ]
    );

    // It sees the calls of other threads too, and one that never runs.
    let outcome = std::thread::spawn(move || {
        policy
            .call("other")
            .abort(&|| true)
            .execute_blocking(|| Ok::<_, Failure>(7))
    })
    .join()
    .expect("no panic");
    assert_eq!(outcome.attempts(), 0);
    assert_eq!(
        seen(),
        ["global: other aborted attempt=0 stop_reason=aborted"]
    );
}
