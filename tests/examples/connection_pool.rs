//! Bursts of callers, with and without a bulkhead.

use crate::{figures, line, printed_by};

#[test]
fn with_the_bulkhead_the_database_refuses_nobody() {
    let printed = printed_by("connection_pool");
    // The query's time, the callers; answered, refused; answered, refused, turned away, in vain.
    let burst = |name| figures(line(&printed, name));
    assert_eq!(burst("a quiet moment"), [50, 8, 8, 0, 8, 0, 0, 0]);
    assert_eq!(burst("a busy moment"), [50, 25, 10, 15, 25, 0, 0, 0]);
    assert_eq!(burst("far too many"), [50, 60, 10, 50, 30, 0, 30, 0]);
    assert_eq!(burst("a slow database"), [1000, 25, 10, 15, 10, 0, 0, 15]);

    // The statistics are those of the bursts.
    assert_eq!(figures(line(&printed, "got a place")), [8 + 25 + 30 + 10]);
    assert_eq!(figures(line(&printed, "turned away")), [30]);
    assert_eq!(
        line(&printed, "had to wait").trim(),
        "50, 15 of them in vain"
    );
    let longest = figures(line(&printed, "waits")).pop();
    assert!(
        longest >= Some(300),
        "nobody gives up before that: {longest:?}"
    );
    // 15 and 20 until their turn, and 15 in vain; of all but the 30 that were turned away.
    assert_eq!(figures(line(&printed, "contention"))[0], 57, "50 of 88");
}
