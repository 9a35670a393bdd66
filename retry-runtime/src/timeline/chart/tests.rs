//! Whatever is recorded, its chart can be read.

use std::borrow::Cow;
use std::time::Duration;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use unicode_width::UnicodeWidthStr;

use super::drawing::LINE;
use super::{AttemptRecord, GuardRecord, Recording, TimelineEnd};
use crate::class::{Cause, ErrorClass};
use crate::event::EventKind;
use crate::outcome::StopReason;
use crate::timeline::Timeline;

/// The guards' own, and one that a later version might record.
const KINDS: [EventKind; 7] = [
    EventKind::CircuitOpened,
    EventKind::CircuitHalfOpen,
    EventKind::CircuitClosed,
    EventKind::CircuitRejected,
    EventKind::BulkheadRejected,
    EventKind::ContentionDetected,
    EventKind::Aborted,
];

const CAUSES: [Cause; 3] = [Cause::Error, Cause::Value, Cause::Timeout];

/// One short, one that is as long as they get.
const REASONS: [StopReason; 2] = [StopReason::Aborted, StopReason::MaxAttemptsPerClass];

const OPERATIONS: [&str; 4] = [
    "fetch",
    "",
    "two\nlines",
    "of_a_length_that_leaves_no_room_for_anything_else_on_a_line_of_a_hundred_columns_however_it_is_put_together",
];

fn duration() -> impl Strategy<Value = Duration> {
    prop_oneof![
        Just(Duration::ZERO),
        Just(Duration::MAX),
        (0_u64..10_000).prop_map(Duration::from_nanos),
        (0_u64..10_000).prop_map(Duration::from_millis),
        any::<Duration>(),
    ]
}

fn number() -> impl Strategy<Value = u32> {
    prop_oneof![0_u32..12, any::<u32>()]
}

fn text() -> impl Strategy<Value = String> {
    // `.` leaves out what ends a line.
    prop_oneof![
        ".{0,12}",
        vec(any::<char>(), 0..200).prop_map(String::from_iter)
    ]
}

prop_compose! {
    fn attempt()(
        number in number(),
        start in duration(),
        wait in option::of(duration()),
        duration in duration(),
        class in option::of(prop::sample::select(&ErrorClass::ALL[..])),
        cause in option::of(prop::sample::select(&CAUSES[..])),
        error in option::of(text()),
        delay in option::of(duration()),
    ) -> AttemptRecord {
        AttemptRecord { number, start, wait, duration, class, cause, error, delay }
    }
}

prop_compose! {
    fn event()(
        kind in prop::sample::select(&KINDS[..]),
        guard in text().prop_map(Cow::Owned),
        at in duration(),
        after_attempt in number(),
        duration in option::of(duration()),
    ) -> GuardRecord {
        GuardRecord { kind, guard, at, after_attempt, duration }
    }
}

prop_compose! {
    fn recording()(
        operation in prop::sample::select(&OPERATIONS[..]),
        attempts in vec(attempt(), 0..8),
        events in vec(event(), 0..8),
        omitted in prop_oneof![Just(0_u64), any::<u32>().prop_map(u64::from)],
        omitted_events in prop_oneof![Just(0_u64), any::<u64>()],
        stop_reason in option::of(prop::sample::select(&REASONS[..])),
        at in duration(),
        wait in option::of(duration()),
    ) -> Timeline {
        Timeline {
            recording: Some(Box::new(Recording {
                operation,
                attempts: attempts.into(),
                omitted,
                events: events.into(),
                omitted_events,
                end: TimelineEnd { stop_reason, at, wait },
            })),
        }
    }
}

proptest! {
    #[test]
    fn no_line_is_wider_than_the_chart_and_every_record_has_one(timeline in recording()) {
        for (chart, is_ascii) in [(format!("{timeline}"), false), (format!("{timeline:#}"), true)] {
            prop_assert!(chart.is_ascii() || !is_ascii, "{chart}");
            let records = timeline.len() + timeline.events().len();
            // The headline, what is omitted, the end, and the axis.
            let lines = chart.lines().count();
            prop_assert!((records + 1..=records + 4).contains(&lines), "{chart}");
            for line in chart.lines() {
                prop_assert!(line.width() <= LINE, "{line}");
                prop_assert!(!line.ends_with(' ') && !line.contains(char::is_control), "{line}");
            }
        }
    }

    #[test]
    fn a_record_alone_is_one_line(timeline in recording()) {
        let attempts = timeline.iter().map(ToString::to_string);
        for line in attempts.chain(timeline.events().map(ToString::to_string)) {
            prop_assert!(!line.contains(char::is_control), "{line}");
        }
    }
}
