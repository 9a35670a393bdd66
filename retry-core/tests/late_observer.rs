//! The observer of the whole process, set by an operation that then fails for good. Alone in its process, as there can be one only.

mod support;

use retry_core::testing::Recorder;
use retry_core::{EventKind, set_global_observer};
use support::{AT_ONCE, PERMANENT};

#[test]
fn an_observer_that_comes_during_the_last_attempt_is_told_how_the_call_ends() {
    static LATE: Recorder = Recorder::new();
    let result = AT_ONCE.call("test").run_blocking(|| {
        assert_eq!(set_global_observer(&LATE), Ok(()));
        Err::<(), _>(PERMANENT)
    });
    assert_eq!(result, Err(PERMANENT));
    assert_eq!(
        LATE.kinds(),
        [EventKind::AttemptEnded, EventKind::PermanentFail]
    );
}
