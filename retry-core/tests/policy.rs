//! What a policy is made of, what it refuses, and how rules combine.

use std::fmt::Debug;
use std::panic;
use std::time::Duration;

use proptest::prelude::*;
use retry_core::{Backoff, ClassRule, ErrorClass, Jitter, Policy, RetryAfter};

const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

const SECOND: Duration = secs(1);
const RETRIED: [ErrorClass; 5] = [
    ErrorClass::Concurrency,
    ErrorClass::RateLimit,
    ErrorClass::ServerError,
    ErrorClass::Transient,
    ErrorClass::Unknown,
];

fn refusal<T: Debug>(build: impl FnOnce() -> T + panic::UnwindSafe) -> String {
    let panic = panic::catch_unwind(build).expect_err("this should have been refused");
    match panic.downcast::<String>() {
        Ok(text) => *text,
        Err(panic) => (*panic.downcast::<&str>().unwrap()).to_owned(),
    }
}

/// The field and the reason; also that `checked` panics with the same.
fn conflict(policy: &Policy) -> (String, String) {
    let error = policy
        .validate()
        .expect_err("this should have been refused");
    assert_eq!(refusal(|| policy.checked()), error.reason());
    (error.field().to_owned(), error.reason().to_owned())
}

mod defaults {
    use super::*;

    #[test]
    fn a_new_policy_is_as_documented() {
        let policy = Policy::new();
        assert_eq!(policy.max_attempts(), Some(3));
        assert_eq!(policy.max_elapsed(), None);
        assert_eq!(policy.max_attempt_duration(), None);
        assert!(policy.honors_retry_after());
        assert_eq!(policy.longest_retry_after(), secs(120));
        let backoff = Backoff::exponential(Duration::from_millis(100))
            .factor(2.0)
            .max(secs(30))
            .jitter(Jitter::Full);
        for class in RETRIED {
            assert!(policy.is_retried(class), "{class}");
            assert_eq!(policy.backoff_for(class), Some(&backoff), "{class}");
            let cap = (class == ErrorClass::Unknown).then_some(2);
            assert_eq!(policy.class_cap(class), cap, "{class}");
        }
        for class in [
            ErrorClass::Auth,
            ErrorClass::Permission,
            ErrorClass::Permanent,
        ] {
            assert!(!policy.is_retried(class), "{class}");
        }
    }

    #[test]
    fn presets_are_valid_and_differ() {
        let presets = [
            Policy::DEFAULT,
            Policy::AGGRESSIVE,
            Policy::CONSERVATIVE,
            Policy::RATE_LIMITED,
            Policy::NEVER,
        ];
        for (index, preset) in presets.iter().enumerate() {
            assert_eq!(preset.validate(), Ok(()));
            for other in &presets[index + 1..] {
                assert_ne!(preset, other);
            }
        }
        assert_eq!(Policy::DEFAULT, Policy::new());
        assert_eq!(Policy::default(), Policy::new());
        assert_eq!(Policy::NEVER.max_attempts(), Some(1));
    }

    #[test]
    fn presets_can_be_overridden_without_contradicting_themselves() {
        for preset in [
            Policy::DEFAULT,
            Policy::AGGRESSIVE,
            Policy::CONSERVATIVE,
            Policy::RATE_LIMITED,
            Policy::NEVER,
        ] {
            assert_eq!(preset.attempts(1).validate(), Ok(()));
            assert_eq!(preset.attempt_timeout(secs(60)).validate(), Ok(()));
        }
    }
}

mod building {
    use super::*;

    /// All of it in a `const`, which is the point.
    const POLICY: Policy = Policy::new()
        .attempts(7)
        .deadline(secs(60))
        .attempt_timeout(secs(5))
        .backoff(Backoff::fixed(SECOND))
        .class(ErrorClass::Transient, ClassRule::new().attempts(4))
        .class(
            ErrorClass::RateLimit,
            ClassRule::new().backoff(Backoff::none()),
        )
        .class(ErrorClass::ServerError, ClassRule::never())
        .retry_after(RetryAfter::Ignore)
        .retry_after_max(secs(9))
        .checked();

    #[test]
    fn every_setting_is_kept() {
        assert_eq!(POLICY.max_attempts(), Some(7));
        assert_eq!(POLICY.max_elapsed(), Some(secs(60)));
        assert_eq!(POLICY.max_attempt_duration(), Some(secs(5)));
        assert!(!POLICY.honors_retry_after());
        assert_eq!(POLICY.longest_retry_after(), secs(9));
        assert_eq!(POLICY.class_cap(ErrorClass::Transient), Some(4));
        let fixed = Backoff::fixed(SECOND);
        assert_eq!(POLICY.backoff_for(ErrorClass::Transient), Some(&fixed));
        assert_eq!(
            POLICY.backoff_for(ErrorClass::RateLimit),
            Some(&Backoff::none())
        );
        assert!(!POLICY.is_retried(ErrorClass::ServerError));
        assert!(POLICY.is_retried(ErrorClass::Concurrency));
    }

    #[test]
    fn unlimited_lifts_the_limit_and_attempts_brings_it_back() {
        assert_eq!(Policy::new().unlimited().max_attempts(), None);
        assert_eq!(
            Policy::new().unlimited().attempts(2).max_attempts(),
            Some(2)
        );
    }

    #[test]
    fn without_a_backoff_only_classes_with_their_own_have_one() {
        let policy = Policy::new().no_backoff().class(
            ErrorClass::RateLimit,
            ClassRule::new().backoff(Backoff::fixed(SECOND)),
        );
        assert_eq!(policy.backoff_for(ErrorClass::Transient), None);
        let fixed = Backoff::fixed(SECOND);
        assert_eq!(policy.backoff_for(ErrorClass::RateLimit), Some(&fixed));
        let again = policy.backoff(Backoff::none());
        assert_eq!(
            again.backoff_for(ErrorClass::Transient),
            Some(&Backoff::none())
        );
    }

    #[test]
    fn jitter_changes_nothing_else_of_the_backoff() {
        let base = Backoff::exponential(SECOND).factor(3.0);
        let policy = Policy::new().backoff(base).jitter(Jitter::Equal);
        let expected = base.jitter(Jitter::Equal);
        assert_eq!(policy.backoff_for(ErrorClass::Transient), Some(&expected));
    }
}

mod merging {
    use super::*;

    const FIXED: Backoff = Backoff::fixed(SECOND);

    fn merged(rules: &[ClassRule]) -> Policy {
        rules.iter().fold(Policy::new(), |policy, rule| {
            policy.class(ErrorClass::RateLimit, *rule)
        })
    }

    #[test]
    fn a_rule_that_sets_only_a_backoff_keeps_the_cap() {
        let policy = merged(&[
            ClassRule::new().attempts(2),
            ClassRule::new().backoff(FIXED),
        ]);
        assert_eq!(policy.class_cap(ErrorClass::RateLimit), Some(2));
        assert_eq!(policy.backoff_for(ErrorClass::RateLimit), Some(&FIXED));
    }

    #[test]
    fn a_rule_that_sets_only_a_cap_keeps_the_backoff() {
        let policy = merged(&[
            ClassRule::new().backoff(FIXED),
            ClassRule::new().attempts(2),
        ]);
        assert_eq!(policy.class_cap(ErrorClass::RateLimit), Some(2));
        assert_eq!(policy.backoff_for(ErrorClass::RateLimit), Some(&FIXED));
    }

    #[test]
    fn what_a_later_rule_sets_wins() {
        let policy = merged(&[
            ClassRule::new().attempts(2).backoff(Backoff::none()),
            ClassRule::new().attempts(3).backoff(FIXED),
        ]);
        assert_eq!(policy.class_cap(ErrorClass::RateLimit), Some(3));
        assert_eq!(policy.backoff_for(ErrorClass::RateLimit), Some(&FIXED));
    }

    #[test]
    fn never_takes_the_place_of_an_earlier_rule() {
        let policy = merged(&[
            ClassRule::new().attempts(2).backoff(FIXED),
            ClassRule::never(),
        ]);
        assert_eq!(policy, merged(&[ClassRule::never()]));
        assert!(!policy.is_retried(ErrorClass::RateLimit));
    }

    #[test]
    fn a_later_rule_takes_the_place_of_never() {
        let policy = merged(&[ClassRule::never(), ClassRule::new().attempts(2)]);
        assert_eq!(policy, merged(&[ClassRule::new().attempts(2)]));
        assert!(policy.is_retried(ErrorClass::RateLimit));
    }

    #[test]
    fn a_rule_for_unknown_that_sets_only_a_backoff_keeps_its_cap_of_two() {
        let policy = Policy::new().class(ErrorClass::Unknown, ClassRule::new().backoff(FIXED));
        assert_eq!(policy.class_cap(ErrorClass::Unknown), Some(2));
        let raised = policy.class(ErrorClass::Unknown, ClassRule::new().attempts(3));
        assert_eq!(raised.class_cap(ErrorClass::Unknown), Some(3));
    }
}

mod refused_by_a_setter {
    use super::*;

    #[test]
    fn zero_attempts() {
        assert_eq!(
            refusal(|| Policy::new().attempts(0)),
            "`attempts` must be at least 1: the first attempt counts; 1 means no retry."
        );
    }

    #[test]
    fn a_deadline_of_zero() {
        assert_eq!(
            refusal(|| Policy::new().deadline(Duration::ZERO)),
            "a deadline of zero leaves no time for anything: give it a duration, or leave it out for none."
        );
    }

    #[test]
    fn an_attempt_timeout_of_zero() {
        assert_eq!(
            refusal(|| Policy::new().attempt_timeout(Duration::ZERO)),
            "an attempt timeout of zero cuts every attempt before it begins: give it a duration, or leave it out for none."
        );
    }

    #[test]
    fn a_longest_hint_of_zero() {
        assert_eq!(
            refusal(|| Policy::new().retry_after_max(Duration::ZERO)),
            "a `retry_after_max` of zero would turn every request to wait into a retry at once: give it a duration, or ignore `Retry-After`."
        );
    }

    #[test]
    fn a_cap_of_zero() {
        assert_eq!(
            refusal(|| ClassRule::new().attempts(0)),
            "the `attempts` of a class must be at least 1: 1 means that the class is never retried."
        );
    }

    #[test]
    fn a_rule_for_a_class_that_is_never_retried() {
        for class in [
            ErrorClass::Auth,
            ErrorClass::Permission,
            ErrorClass::Permanent,
        ] {
            for rule in [ClassRule::new(), ClassRule::never()] {
                assert_eq!(
                    refusal(move || Policy::new().class(class, rule)),
                    format!(
                        "the class `{class}` is never retried, so a rule for it has no effect: remove the rule, or classify such errors differently."
                    )
                );
            }
        }
    }

    #[test]
    fn settings_of_a_rule_that_never_retries() {
        let message = refusal(|| ClassRule::never().attempts(2));
        assert!(message.contains("no use for `attempts`"), "{message}");
        let message = refusal(|| ClassRule::never().backoff(Backoff::none()));
        assert!(message.contains("no use for a backoff"), "{message}");
    }

    #[test]
    fn jitter_for_a_backoff_that_is_not_there() {
        assert_eq!(
            refusal(|| Policy::new().no_backoff().jitter(Jitter::Full)),
            "a policy without a backoff of its own has no use for jitter: set `backoff` first."
        );
    }
}

mod refused_across_fields {
    use super::*;

    #[test]
    fn a_class_cap_above_the_attempts() {
        for class in RETRIED {
            let rule = ClassRule::new().attempts(4);
            let (field, reason) = conflict(&Policy::new().attempts(3).class(class, rule));
            assert_eq!(field, format!("classes.{class}.attempts"));
            assert_eq!(
                reason,
                format!(
                    "the class `{class}` allows more attempts than the whole policy: lower its `attempts`, or raise the policy's."
                )
            );
            assert_eq!(
                Policy::new().attempts(4).class(class, rule).validate(),
                Ok(())
            );
            assert_eq!(
                Policy::new().unlimited().class(class, rule).validate(),
                Ok(())
            );
        }
    }

    #[test]
    fn but_not_the_cap_that_unknown_has_by_itself() {
        assert_eq!(Policy::new().attempts(1).validate(), Ok(()));
    }

    #[test]
    fn an_attempt_timeout_at_or_above_the_deadline() {
        let policy = Policy::new().deadline(secs(10));
        for timeout in [secs(10), secs(11)] {
            let (field, reason) = conflict(&policy.attempt_timeout(timeout));
            assert_eq!(field, "attempt_timeout");
            assert_eq!(
                reason,
                "the attempt timeout must lie below the deadline, or one attempt can use up the whole call: lower `attempt_timeout`, or raise `deadline`."
            );
        }
        let below = Duration::new(9, 999_999_999);
        assert_eq!(policy.attempt_timeout(below).validate(), Ok(()));
    }

    #[test]
    fn a_last_attempt_that_cannot_start_before_the_deadline() {
        let policy = Policy::new().attempts(4).backoff(Backoff::fixed(secs(2)));
        let (field, reason) = conflict(&policy.deadline(secs(6)));
        assert_eq!(field, "deadline");
        assert_eq!(
            reason,
            "the last attempt cannot start before the deadline, even if every attempt fails at once: raise `deadline`, lower `attempts`, or shorten the backoff."
        );
        let above = secs(6) + Duration::from_nanos(1);
        assert_eq!(policy.deadline(above).validate(), Ok(()));
    }

    #[test]
    fn a_policy_error_names_the_field_and_the_reason() {
        let error = Policy::new()
            .deadline(SECOND)
            .attempt_timeout(SECOND)
            .validate()
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("`attempt_timeout`: {}", error.reason())
        );
    }
}

/// The last attempt of what mix of failures is the earliest?
mod the_earliest_last_attempt {
    use super::*;

    fn accepted(policy: &Policy) -> bool {
        policy.validate().is_ok()
    }

    #[test]
    fn counts_jitter_as_its_least() {
        let policy = Policy::new().attempts(3).deadline(secs(10));
        let backoff = Backoff::fixed(secs(8));
        assert!(!accepted(&policy.backoff(backoff)));
        assert!(accepted(&policy.backoff(backoff.jitter(Jitter::Equal))));
        assert!(accepted(&policy.backoff(backoff.jitter(Jitter::Full))));
    }

    #[test]
    fn is_that_of_the_classes_with_the_shortest_delays() {
        let policy = Policy::new()
            .attempts(4)
            .backoff(Backoff::fixed(secs(60)))
            .deadline(secs(10));
        assert!(!accepted(&policy));
        let quick = ClassRule::new().backoff(Backoff::fixed(secs(1)));
        assert!(accepted(&policy.class(ErrorClass::Concurrency, quick)));
    }

    #[test]
    fn uses_a_class_no_more_often_than_its_cap_allows() {
        let policy = Policy::new()
            .attempts(4)
            .backoff(Backoff::fixed(secs(60)))
            .deadline(secs(10));
        let quick = ClassRule::new().backoff(Backoff::fixed(secs(1)));
        assert!(!accepted(
            &policy.class(ErrorClass::Concurrency, quick.attempts(3))
        ));
        assert!(accepted(
            &policy.class(ErrorClass::Concurrency, quick.attempts(4))
        ));
    }

    #[test]
    fn uses_no_class_that_is_never_retried_or_capped_at_one() {
        let quick = ClassRule::new().backoff(Backoff::none());
        let policy = Policy::new()
            .backoff(Backoff::fixed(secs(60)))
            .deadline(secs(10))
            .class(ErrorClass::Concurrency, quick);
        assert!(accepted(&policy));
        assert!(!accepted(
            &policy.class(ErrorClass::Concurrency, ClassRule::never())
        ));
        assert!(!accepted(
            &policy.class(ErrorClass::Concurrency, ClassRule::new().attempts(1))
        ));
    }

    #[test]
    fn is_the_one_that_the_caps_of_all_classes_let_through() {
        let policy = [
            ErrorClass::Concurrency,
            ErrorClass::RateLimit,
            ErrorClass::ServerError,
            ErrorClass::Unknown,
        ]
        .into_iter()
        .fold(Policy::new().attempts(100), |policy, class| {
            policy.class(class, ClassRule::never())
        })
        .class(ErrorClass::Transient, ClassRule::new().attempts(3))
        .backoff(Backoff::fixed(SECOND));
        // Two retries, whatever `attempts` says.
        assert!(accepted(&policy.deadline(secs(3))));
        assert!(!accepted(&policy.deadline(secs(2))));
        assert!(!accepted(&policy.unlimited().deadline(secs(2))));
    }

    #[test]
    fn does_not_exist_when_nothing_limits_the_attempts() {
        let policy = Policy::new().unlimited().backoff(Backoff::fixed(SECOND));
        assert!(accepted(&policy.deadline(SECOND)));
    }

    #[test]
    fn is_not_counted_when_only_a_server_can_bring_a_retry_about() {
        assert!(accepted(
            &Policy::new().no_backoff().deadline(Duration::from_nanos(1))
        ));
    }

    #[test]
    fn does_not_count_hints() {
        let policy = Policy::new()
            .backoff(Backoff::fixed(secs(60)))
            .deadline(secs(10));
        assert!(!accepted(&policy.retry_after(RetryAfter::Honor)));
        assert!(!accepted(&policy.retry_after(RetryAfter::Ignore)));
    }

    #[test]
    fn takes_the_delays_of_a_lone_schedule_as_they_come() {
        let shrinking = Backoff::schedule(const { &[secs(5), secs(1), Duration::ZERO] });
        let policy = Policy::new().attempts(4).backoff(shrinking);
        assert!(!accepted(&policy.deadline(secs(6))));
        assert!(accepted(&policy.deadline(secs(7))));
    }

    #[test]
    fn is_never_too_late_for_a_schedule_too_long_to_look_at_every_delay() {
        const LONG: [Duration; 1_002] = {
            let mut delays = [SECOND; 1_002];
            delays[1_001] = Duration::ZERO;
            delays
        };
        let policy = Policy::new()
            .attempts(3_000)
            .backoff(Backoff::schedule(&LONG));
        assert!(accepted(&policy.deadline(secs(1_002))));
        assert!(!accepted(&policy.deadline(secs(1_000))));
    }

    #[test]
    fn is_found_in_a_const_however_many_attempts_there_are() {
        const MANY: Policy = Policy::new()
            .attempts(u32::MAX)
            .deadline(secs(u64::MAX))
            .backoff(Backoff::linear(Duration::from_nanos(1)).jitter(Jitter::Equal))
            .class(
                ErrorClass::Concurrency,
                ClassRule::new().backoff(
                    Backoff::exponential(Duration::from_nanos(1))
                        .factor(1.000_001)
                        .jitter(Jitter::Spread(0.1)),
                ),
            )
            .class(
                ErrorClass::RateLimit,
                ClassRule::new().backoff(Backoff::fibonacci(SECOND).jitter(Jitter::Spread(0.3))),
            )
            .class(
                ErrorClass::ServerError,
                ClassRule::new().backoff(Backoff::decorrelated(SECOND)),
            )
            .class(
                ErrorClass::Transient,
                ClassRule::new().backoff(Backoff::schedule(&[secs(3), secs(2), secs(5)])),
            )
            .class(
                ErrorClass::Unknown,
                ClassRule::new()
                    .attempts(u32::MAX)
                    .backoff(Backoff::token(SECOND)),
            )
            .checked();
        assert_eq!(MANY.max_attempts(), Some(u32::MAX));

        let endless = Policy::new()
            .attempts(u32::MAX)
            .backoff(Backoff::fixed(SECOND));
        assert!(accepted(&endless.deadline(secs(u64::from(u32::MAX)))));
        assert!(!accepted(&endless.deadline(secs(u64::from(u32::MAX) - 1))));
    }

    /// One failure after the other, of every class that may still come.
    fn earliest_of_all_mixes(
        policy: &Policy,
        retries: u32,
        failures: &mut Failures,
    ) -> Option<Duration> {
        if retries == 0 {
            return Some(Duration::ZERO);
        }
        let mut earliest: Option<Duration> = None;
        for (index, class) in RETRIED.into_iter().enumerate() {
            let (Some(backoff), true) = (policy.backoff_for(class), policy.is_retried(class))
            else {
                continue;
            };
            if policy
                .class_cap(class)
                .is_some_and(|cap| failures.of_class[index] + 1 >= cap)
            {
                continue;
            }
            let slot = if failures.own_backoff[index] {
                index + 1
            } else {
                0
            };
            failures.of_class[index] += 1;
            failures.of_backoff[slot] += 1;
            let delay = backoff.bounds(failures.of_backoff[slot]).0;
            if let Some(rest) = earliest_of_all_mixes(policy, retries - 1, failures) {
                let total = delay + rest;
                earliest = Some(earliest.map_or(total, |earliest| earliest.min(total)));
            }
            failures.of_class[index] -= 1;
            failures.of_backoff[slot] -= 1;
        }
        earliest
    }

    #[derive(Default)]
    struct Failures {
        of_class: [u32; RETRIED.len()],
        of_backoff: [u32; RETRIED.len() + 1],
        own_backoff: [bool; RETRIED.len()],
    }

    const SHRINKING: Backoff = Backoff::schedule(&[secs(7), secs(1), secs(4), secs(2)]);

    fn any_backoff(shrinking: bool) -> impl Strategy<Value = Backoff> {
        (0..if shrinking { 5 } else { 4 }, 0_u64..6).prop_map(|(kind, base)| match kind {
            0 => Backoff::fixed(secs(base)),
            1 => Backoff::linear(secs(base)).jitter(Jitter::None),
            2 => Backoff::exponential(secs(base)).jitter(Jitter::Equal),
            3 => Backoff::decorrelated(secs(base)),
            _ => SHRINKING,
        })
    }

    type Rules = [(u32, Option<u32>, Option<Backoff>); RETRIED.len()];

    fn any_rules(shrinking: bool) -> impl Strategy<Value = Rules> {
        let rule = || {
            (
                0_u32..4,
                proptest::option::of(1_u32..5),
                proptest::option::of(any_backoff(shrinking)),
            )
        };
        [rule(), rule(), rule(), rule(), rule()]
    }

    fn policy_of(backoff: Option<Backoff>, rules: &Rules) -> (Policy, Failures) {
        let policy = Policy::new().attempts(5);
        let mut policy = backoff.map_or(policy.no_backoff(), |backoff| policy.backoff(backoff));
        let mut failures = Failures::default();
        for (index, (never, cap, own)) in rules.iter().copied().enumerate() {
            let mut rule = ClassRule::new();
            if never == 0 {
                rule = ClassRule::never();
            } else {
                if let Some(cap) = cap {
                    rule = rule.attempts(cap);
                }
                if let Some(own) = own {
                    rule = rule.backoff(own);
                    failures.own_backoff[index] = true;
                }
            }
            policy = policy.class(RETRIED[index], rule);
        }
        (policy, failures)
    }

    /// The earliest start of the last attempt that any mix of failures reaches.
    fn brute_force(policy: &Policy, failures: &mut Failures) -> Duration {
        (0..=4)
            .rev()
            .find_map(|retries| earliest_of_all_mixes(policy, retries, failures))
            .unwrap_or_default()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(96))]

        #[test]
        fn is_that_of_the_best_of_all_mixes(
            backoff in proptest::option::of(any_backoff(false)),
            rules in any_rules(false),
        ) {
            let (policy, mut failures) = policy_of(backoff, &rules);
            let start = brute_force(&policy, &mut failures);
            prop_assert!(accepted(&policy.deadline(start + Duration::from_nanos(1))));
            if !start.is_zero() {
                prop_assert!(!accepted(&policy.deadline(start)));
            }
        }

        #[test]
        fn is_never_later_than_the_best_of_all_mixes_also_when_schedules_shrink(
            backoff in proptest::option::of(any_backoff(true)),
            rules in any_rules(true),
        ) {
            let (policy, mut failures) = policy_of(backoff, &rules);
            let start = brute_force(&policy, &mut failures);
            prop_assert!(accepted(&policy.deadline(start + Duration::from_nanos(1))));
        }
    }
}
