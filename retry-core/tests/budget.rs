//! How many retries a budget allows, by hand and on virtual time, in the order of its forms.

mod support;

use std::error::Error;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Barrier;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use retry_core::testing::ManualClock;
use retry_core::{Budget, BudgetCosts, BudgetExhausted, BudgetSettings, BudgetToken, ErrorClass};
use support::{millis, secs};

const YEAR: Duration = secs(365 * 24 * 60 * 60);
const CLASS: ErrorClass = ErrorClass::Transient;

fn deposit(budget: &Budget, times: u64) {
    (0..times).for_each(|_| budget.deposit());
}

/// Asks for a retry, and runs it if it may.
fn retry(budget: &Budget) -> bool {
    budget.withdraw(CLASS).map(BudgetToken::spend).is_ok()
}

/// Retries until the budget refuses, and says how often.
fn drain(budget: &Budget) -> u64 {
    let retries = (0..100_000).take_while(|_| retry(budget)).count();
    assert!(retries < 100_000, "there is no end to {budget:?}");
    retries as u64
}

/// What a builder refuses with.
fn refusal(build: impl FnOnce() -> Budget) -> String {
    let panic = catch_unwind(AssertUnwindSafe(build)).expect_err("it is refused");
    match panic.downcast::<String>() {
        Ok(message) => *message,
        Err(panic) => (*panic.downcast::<&str>().expect("a message")).to_owned(),
    }
}

// By ratio.

#[test]
fn a_tenth_of_the_first_attempts_may_be_retried() {
    let clock = ManualClock::new();
    let _installed = clock.install();
    let budget = Budget::new("payments").floor(0);
    deposit(&budget, 9);
    assert!(!retry(&budget));
    deposit(&budget, 1);
    assert_eq!(drain(&budget), 1);
    deposit(&budget, 1_000);
    assert_eq!(drain(&budget), 100);
}

#[test]
fn the_floor_is_per_second_and_lasts_for_ten() {
    let clock = ManualClock::new();
    let _installed = clock.install();
    let budget = Budget::new("payments").floor(3);
    assert_eq!(drain(&budget), 30);
    clock.advance(millis(9_999));
    assert!(!retry(&budget));
    clock.advance(millis(1));
    assert_eq!(drain(&budget), 30);
}

#[test]
fn the_floor_counts_until_the_ratio_allows_more() {
    let clock = ManualClock::new();
    let _installed = clock.install();
    let budget = Budget::new("payments").ratio(0.5).floor(1);
    deposit(&budget, 7);
    assert_eq!(budget.remaining(), 10);
    deposit(&budget, 19);
    assert_eq!(budget.remaining(), 13);
    assert_eq!(drain(&budget), 13);
    assert_eq!(budget.remaining(), 0);
}

#[test]
fn a_first_attempt_counts_for_ten_seconds() {
    let clock = ManualClock::new();
    let _installed = clock.install();
    let budget = Budget::new("payments").ratio(1.0).floor(0);
    deposit(&budget, 32);
    clock.advance(millis(9_999));
    assert_eq!(budget.remaining(), 32);
    clock.advance(millis(1));
    assert_eq!(budget.remaining(), 0);
}

#[test]
fn a_retry_counts_for_ten_seconds() {
    let clock = ManualClock::new();
    let _installed = clock.install();
    let budget = Budget::new("payments").ratio(1.0).floor(0);
    deposit(&budget, 32);
    assert_eq!(drain(&budget), 32);
    clock.advance(secs(5));
    deposit(&budget, 32);
    assert_eq!(drain(&budget), 32);
    // The first thirty-two of both are gone.
    clock.advance(secs(5));
    assert_eq!(budget.remaining(), 0);
    deposit(&budget, 1);
    assert_eq!(budget.remaining(), 1);
}

#[test]
fn at_most_thirty_one_first_attempts_are_dated_late() {
    let clock = ManualClock::new();
    let _installed = clock.install();
    let budget = Budget::new("payments").ratio(1.0).floor(0);
    deposit(&budget, 32 + 31);
    clock.advance(YEAR);
    assert_eq!(budget.remaining(), 31);
    clock.advance(secs(10));
    assert_eq!(budget.remaining(), 0);
}

#[test]
fn ratios_do_not_suffer_from_binary_fractions() {
    for (ratio, first_attempts, retries) in [
        (0.1, 10, 1),
        (0.29, 100, 29),
        (0.07, 100, 7),
        (1.0 / 3.0, 3, 1),
        (0.7, 10, 7),
        (1.1, 10, 11),
        (1000.0, 2, 2_000),
    ] {
        let budget = Budget::new("payments").ratio(ratio).floor(0);
        deposit(&budget, first_attempts);
        assert_eq!(budget.remaining(), retries, "{ratio} of {first_attempts}");
    }
}

// Per window.

#[test]
fn a_window_holds_so_many_retries_and_no_more() {
    let clock = ManualClock::new();
    let _installed = clock.install();
    let budget = Budget::new("payments").per_window(3, secs(60));
    assert_eq!(budget.remaining(), 3);
    assert!(retry(&budget));
    clock.advance(secs(20));
    assert!(retry(&budget));
    clock.advance(secs(20));
    assert!(retry(&budget));
    clock.advance(millis(19_999));
    assert!(!retry(&budget));
    clock.advance(millis(1));
    assert!(retry(&budget));
    assert!(!retry(&budget));
    clock.advance(secs(20));
    assert_eq!(drain(&budget), 1);
}

#[test]
fn first_attempts_and_successes_are_nothing_to_a_window() {
    let budget = Budget::new("payments").per_window(1, secs(3600));
    assert!(retry(&budget));
    deposit(&budget, 1_000);
    (0..1_000).for_each(|_| budget.succeeded());
    assert!(!retry(&budget));
}

#[test]
fn the_largest_window_holds_65_536_retries() {
    let budget = Budget::new("payments").per_window(65_536, Duration::MAX);
    assert_eq!(drain(&budget), 65_536);
    let clock = ManualClock::new();
    let _installed = clock.install();
    clock.advance(Duration::MAX);
    assert!(!retry(&budget));
}

// Token bucket.

#[test]
fn each_class_pays_its_cost() {
    let budget = Budget::new("payments")
        .token_bucket(100)
        .cost(ErrorClass::RateLimit, 40)
        .cost(ErrorClass::Transient, 20)
        .cost(ErrorClass::Unknown, 0);
    let takes = |class| budget.withdraw(class).map(BudgetToken::spend).is_ok();
    assert!(takes(ErrorClass::RateLimit));
    assert!(takes(ErrorClass::RateLimit));
    assert!(!takes(ErrorClass::RateLimit));
    assert!(takes(ErrorClass::Transient));
    assert!(!takes(ErrorClass::Transient));
    assert!(!takes(ErrorClass::Concurrency));
    assert!(takes(ErrorClass::Unknown));
}

#[test]
fn a_success_brings_its_refund_up_to_the_capacity() {
    let budget = Budget::new("payments").token_bucket(20).refund(3);
    assert_eq!(drain(&budget), 4);
    budget.succeeded();
    assert!(!retry(&budget));
    budget.succeeded();
    assert!(retry(&budget));
    (0..100).for_each(|_| budget.succeeded());
    assert_eq!(drain(&budget), 4);
}

#[test]
fn time_and_first_attempts_fill_no_bucket() {
    let clock = ManualClock::new();
    let _installed = clock.install();
    let budget = Budget::new("payments").token_bucket(5);
    assert!(retry(&budget));
    clock.advance(YEAR);
    deposit(&budget, 100);
    assert!(!retry(&budget));
}

#[test]
fn a_small_bucket_holds_one_retry() {
    let budget = Budget::new("payments").token_bucket(2);
    assert_eq!(drain(&budget), 1);
}

#[test]
fn what_remains_of_a_bucket_is_counted_at_the_dearest_cost() {
    let budget = Budget::new("payments")
        .token_bucket(100)
        .cost(ErrorClass::Unknown, 30);
    assert_eq!(budget.remaining(), 3);
    let mut free = BudgetCosts::DEFAULT;
    for cost in [
        &mut free.concurrency,
        &mut free.rate_limit,
        &mut free.server_error,
        &mut free.transient,
        &mut free.unknown,
    ] {
        *cost = 0;
    }
    let settings = BudgetSettings::TokenBucket {
        capacity: 1,
        costs: free,
        refund: 1,
    };
    let budget = Budget::from_settings("payments", settings).expect("good settings");
    assert_eq!(budget.remaining(), u64::MAX);
}

// What never ran.

fn of_each_form() -> [Budget; 3] {
    [
        Budget::new("ratio").ratio(0.0).floor(1),
        Budget::new("window").per_window(10, secs(10)),
        Budget::new("bucket").token_bucket(50),
    ]
}

#[test]
fn a_token_that_is_dropped_goes_back() {
    for budget in of_each_form() {
        let tokens: Vec<_> = (0..10)
            .map(|_| budget.withdraw(CLASS).expect("enough"))
            .collect();
        assert!(!retry(&budget), "{budget:?}");
        let mut tokens = tokens.into_iter();
        drop(tokens.next());
        drop(tokens.next_back());
        assert_eq!(drain(&budget), 2, "{budget:?}");
        tokens.for_each(BudgetToken::spend);
        assert!(!retry(&budget), "{budget:?}");
    }
}

#[test]
fn a_token_goes_back_to_when_it_was_taken() {
    let clock = ManualClock::new();
    let _installed = clock.install();
    for budget in &of_each_form()[..2] {
        let early = budget.withdraw(CLASS).expect("enough");
        clock.advance(secs(6));
        assert_eq!(drain(budget), 9);
        clock.advance(secs(4));
        // What was taken ten seconds ago counts no more, so there is nothing to give back.
        assert_eq!(budget.remaining(), 1, "{budget:?}");
        drop(early);
        assert_eq!(budget.remaining(), 1, "{budget:?}");
        assert_eq!(drain(budget), 1);
    }
}

#[test]
fn a_full_bucket_takes_nothing_back() {
    let budget = Budget::new("payments").token_bucket(10).refund(10);
    let token = budget.withdraw(CLASS).expect("enough");
    budget.succeeded();
    drop(token);
    assert_eq!(drain(&budget), 2);
}

#[test]
fn after_a_reset_a_budget_is_as_at_first_and_old_tokens_are_worth_nothing() {
    for budget in of_each_form() {
        let token = budget.withdraw(CLASS).expect("enough");
        assert_eq!(drain(&budget), 9);
        budget.reset();
        assert_eq!(drain(&budget), 10, "{budget:?}");
        drop(token);
        assert!(!retry(&budget), "{budget:?}");
    }
    let budget = Budget::new("payments").ratio(1.0).floor(0);
    deposit(&budget, 32 + 31);
    budget.reset();
    assert_eq!(budget.remaining(), 0);
}

#[test]
fn a_budget_tells_what_it_was_asked() {
    for budget in of_each_form() {
        deposit(&budget, 3);
        drop(budget.withdraw(CLASS));
        assert_eq!(drain(&budget), 10);
        budget.reset();
        let statistics = budget.statistics();
        assert_eq!(statistics.first_attempts, 3);
        assert_eq!(statistics.allowed, 11);
        assert_eq!(statistics.refused, 1);
        assert_eq!(statistics.given_back, 1);
        assert_eq!(
            statistics.to_string(),
            "3 first attempts; retries: 11 allowed, 1 refused, 1 given back"
        );
    }
}

#[test]
fn a_refusal_names_the_budget() {
    let budget = Budget::new("payments").floor(0);
    let refused: Box<dyn Error + Send + Sync> = budget.withdraw(CLASS).expect_err("empty").into();
    assert_eq!(
        refused.to_string(),
        "the retry budget `payments` is exhausted"
    );
    let refused = refused.downcast::<BudgetExhausted>().expect("this error");
    assert_eq!(refused.budget(), "payments");
}

#[test]
fn a_token_is_small_and_crosses_threads() {
    const fn crosses<T: Send + Sync>() {}
    crosses::<BudgetToken<'_>>();
    crosses::<Budget>();
    crosses::<BudgetExhausted>();
    assert_eq!(size_of::<Option<BudgetToken<'_>>>(), 2 * size_of::<u64>());
    let budget = Budget::new("payments");
    let token = format!("{:?}", budget.withdraw(CLASS).expect("enough"));
    assert_eq!(token, "BudgetToken { budget: \"payments\", .. }");
}

// Settings.

type Build = Box<dyn FnOnce() -> Budget>;

#[test]
fn every_form_is_a_static() {
    static RATIO: Budget = Budget::new("ratio").ratio(0.2).floor(5);
    static WINDOW: Budget = Budget::new("window").per_window(100, secs(60));
    static BUCKET: Budget = Budget::new("bucket")
        .token_bucket(500)
        .cost(ErrorClass::RateLimit, 10)
        .refund(2);
    assert_eq!(RATIO.remaining(), 50);
    assert_eq!(WINDOW.remaining(), 100);
    assert_eq!(BUCKET.remaining(), 50);
    assert_eq!(RATIO.name(), "ratio");
    let settings = BudgetSettings::PerWindow {
        retries: 100,
        window: secs(60),
    };
    assert_eq!(WINDOW.settings(), settings);
}

#[test]
fn wrong_settings_are_refused_in_the_same_words_by_builder_and_data() {
    let bucket = |capacity, costs, refund| BudgetSettings::TokenBucket {
        capacity,
        costs,
        refund,
    };
    let mut dear = BudgetCosts::DEFAULT;
    dear.unknown = 11;
    let per_window = |retries, window| BudgetSettings::PerWindow { retries, window };
    let ratio = |ratio, floor| BudgetSettings::Ratio { ratio, floor };
    let new = || Budget::new("payments");
    let cases: Vec<(BudgetSettings, &str, &str, Build)> = vec![
        (
            ratio(-0.1, 10),
            "ratio",
            "A ratio is how many",
            Box::new(move || new().ratio(-0.1)),
        ),
        (
            ratio(f64::NAN, 10),
            "ratio",
            "A ratio is how many",
            Box::new(move || new().ratio(f64::NAN)),
        ),
        (
            ratio(f64::INFINITY, 10),
            "ratio",
            "A ratio is how many",
            Box::new(move || new().ratio(f64::INFINITY)),
        ),
        (
            ratio(1000.1, 10),
            "ratio",
            "A ratio is how many",
            Box::new(move || new().ratio(1000.1)),
        ),
        (
            ratio(0.0, 0),
            "ratio",
            "A ratio of 0 with a floor of 0",
            Box::new(move || new().ratio(0.0).floor(0)),
        ),
        (
            per_window(0, secs(1)),
            "retries",
            "A budget of 0 retries",
            Box::new(move || new().per_window(0, secs(1))),
        ),
        (
            per_window(65_537, secs(1)),
            "retries",
            "A budget per window remembers",
            Box::new(move || new().per_window(65_537, secs(1))),
        ),
        (
            per_window(1, Duration::ZERO),
            "window",
            "A window of zero",
            Box::new(move || new().per_window(1, Duration::ZERO)),
        ),
        (
            bucket(0, BudgetCosts::DEFAULT, 1),
            "capacity",
            "A bucket without room",
            Box::new(move || new().token_bucket(0)),
        ),
        (
            bucket(10, dear, 1),
            "costs",
            "A retry that costs more",
            Box::new(move || new().token_bucket(10).cost(ErrorClass::Unknown, 11)),
        ),
        (
            bucket(10, BudgetCosts::DEFAULT, 0),
            "refund",
            "A bucket that successes",
            Box::new(move || new().token_bucket(10).refund(0)),
        ),
    ];
    for (settings, field, reason, build) in cases {
        let error = Budget::from_settings("payments", settings).expect_err("it is refused");
        assert_eq!(error.field(), field);
        assert!(error.reason().starts_with(reason), "{error}");
        assert_eq!(refusal(build), error.reason());
    }
    let error = Budget::from_settings("", BudgetSettings::DEFAULT).expect_err("it is refused");
    assert_eq!(error.field(), "name");
}

#[test]
fn a_setter_of_another_form_is_refused() {
    let new = || Budget::new("payments");
    let one_form = "A budget has one form, which cannot be changed once it is set";
    for (message, refused) in [
        (one_form, refusal(|| new().token_bucket(5).ratio(0.1))),
        (
            one_form,
            refusal(|| new().per_window(5, secs(1)).ratio(0.1)),
        ),
        (
            one_form,
            refusal(|| new().ratio(0.2).per_window(5, secs(1))),
        ),
        (one_form, refusal(|| new().floor(9).token_bucket(5))),
        (
            one_form,
            refusal(|| new().token_bucket(5).per_window(5, secs(1))),
        ),
        (
            "Only a budget by ratio has a floor",
            refusal(|| new().token_bucket(5).floor(1)),
        ),
        (
            "Only in a token bucket do classes have a cost",
            refusal(|| new().cost(CLASS, 1)),
        ),
        (
            "Only a token bucket has a refund",
            refusal(|| new().refund(1)),
        ),
        (
            "This class is never retried",
            refusal(|| new().token_bucket(5).cost(ErrorClass::Auth, 1)),
        ),
    ] {
        assert!(refused.starts_with(message), "{refused}");
    }
}

#[cfg(feature = "serde")]
#[test]
fn settings_come_from_files_and_go_there() {
    for (text, settings) in [
        ("kind = \"ratio\"", BudgetSettings::DEFAULT),
        (
            "kind = \"ratio\"\nratio = 1\nfloor = 0",
            Budget::new("b").ratio(1.0).floor(0).settings(),
        ),
        (
            "kind = \"per_window\"\nretries = 100\nwindow = \"1m 30s\"",
            Budget::new("b").per_window(100, secs(90)).settings(),
        ),
        (
            "kind = \"token_bucket\"\ncapacity = 500",
            Budget::new("b").token_bucket(500).settings(),
        ),
        (
            "kind = \"token_bucket\"\ncapacity = 500\ncosts = { rate_limit = 10 }\nrefund = 2",
            Budget::new("b")
                .token_bucket(500)
                .cost(ErrorClass::RateLimit, 10)
                .refund(2)
                .settings(),
        ),
    ] {
        let read: BudgetSettings = toml::from_str(text).expect("good settings");
        assert_eq!(read, settings);
        let written = toml::to_string(&settings).expect("they can be written");
        assert_eq!(toml::from_str(&written), Ok(settings));
        let written = serde_json::to_string(&settings).expect("they can be written");
        assert_eq!(
            serde_json::from_str::<BudgetSettings>(&written).ok(),
            Some(settings)
        );
    }
    for (text, complaint) in [
        ("ratio = 0.1", "kind"),
        ("kind = \"tokens\"", "unknown variant"),
        ("kind = \"ratio\"\nfloors = 1", "unknown field `floors`"),
        (
            "kind = \"token_bucket\"\ncapacity = 9\ncosts = { auth = 1 }",
            "unknown field `auth`",
        ),
        (
            "kind = \"per_window\"\nretries = 1\nwindow = \"1\"",
            "write a number with its unit",
        ),
        ("kind = \"token_bucket\"", "capacity"),
    ] {
        let error = toml::from_str::<BudgetSettings>(text).expect_err("it is refused");
        assert!(error.message().contains(complaint), "{error}");
    }
}

// Clocks.

#[test]
fn years_of_silence_are_but_an_empty_window() {
    let clock = ManualClock::new();
    let _installed = clock.install();
    for budget in &of_each_form()[..2] {
        let token = budget.withdraw(CLASS).expect("enough");
        drain(budget);
        clock.advance(100 * YEAR);
        drop(token);
        assert_eq!(drain(budget), 10, "{budget:?}");
        clock.advance(millis(9_999));
        assert!(!retry(budget), "{budget:?}");
    }
    clock.advance(Duration::MAX);
    for budget in of_each_form() {
        assert_eq!(drain(&budget), 10, "{budget:?}");
        assert!(!retry(&budget), "{budget:?}");
    }
}

#[test]
fn a_clock_that_repeats_its_reading_loses_nothing() {
    let clock = ManualClock::new();
    let _installed = clock.install();
    let budget = Budget::new("payments").per_window(1_000, secs(1));
    for _ in 0..3 {
        assert_eq!(drain(&budget), 1_000);
        clock.advance(secs(1));
    }
    let budget = Budget::new("payments").ratio(1.0).floor(0);
    for _ in 0..3 {
        deposit(&budget, 1_000);
        assert_eq!(drain(&budget), 1_000);
        clock.advance(secs(10));
    }
}

#[test]
fn a_clock_that_goes_back_restarts_the_wait_and_no_more() {
    let (early, late) = (ManualClock::new(), ManualClock::new());
    late.advance(100 * YEAR);
    for budget in &of_each_form()[..2] {
        {
            let _installed = late.install();
            assert_eq!(drain(budget), 10);
        }
        let _installed = early.install();
        assert!(!retry(budget), "{budget:?}");
        early.advance(millis(9_999));
        assert!(!retry(budget), "{budget:?}");
        early.advance(millis(1));
        assert_eq!(drain(budget), 10, "{budget:?}");
        early.advance(secs(10));
    }
}

#[test]
fn two_clocks_that_take_turns_do_not_jam_a_budget() {
    let (early, late) = (ManualClock::new(), ManualClock::new());
    late.advance(YEAR);
    for budget in &of_each_form()[..2] {
        let mut retries = 0;
        for _ in 0..1_000 {
            for clock in [&early, &late] {
                clock.advance(millis(500));
                let _installed = clock.install();
                retries += u64::from(retry(budget));
            }
        }
        assert!(retries >= 500, "{retries} of {budget:?}");
    }
}

#[test]
fn the_longest_window_is_a_window() {
    let clock = ManualClock::new();
    let _installed = clock.install();
    let budget = Budget::new("payments").per_window(2, Duration::MAX);
    assert!(retry(&budget));
    drop(budget.withdraw(CLASS));
    clock.advance(Duration::MAX);
    assert_eq!(drain(&budget), 1);
}

#[test]
fn the_greatest_settings_are_settings() {
    let budget = Budget::new("payments").ratio(1000.0).floor(u32::MAX);
    deposit(&budget, 100);
    assert_eq!(budget.remaining(), u64::from(u32::MAX) * 10);
    let budget = Budget::new("payments")
        .token_bucket(u32::MAX)
        .cost(CLASS, u32::MAX)
        .refund(u32::MAX);
    assert_eq!(drain(&budget), 1);
    budget.succeeded();
    assert_eq!(drain(&budget), 1);
}

// Threads.

const THREADS: u64 = 8;

/// Lets eight threads do the same at once, on a clock that stands still, and adds up what they say.
fn together(clock: &ManualClock, run: impl Fn() -> u64 + Sync) -> u64 {
    let (total, start) = (AtomicU64::new(0), Barrier::new(8));
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                let _installed = clock.install();
                start.wait();
                total.fetch_add(run(), Ordering::Relaxed);
            });
        }
    });
    total.into_inner()
}

#[test]
fn threads_that_hammer_a_budget_get_exactly_what_there_is() {
    let clock = ManualClock::new();
    for budget in [
        Budget::new("ratio").ratio(0.1).floor(100),
        Budget::new("window").per_window(1_000, secs(10)),
        Budget::new("bucket").token_bucket(5_003),
    ] {
        let got = together(&clock, || {
            (0..5_000_u64)
                .filter(|turn| {
                    let token = budget.withdraw(CLASS);
                    match token {
                        // Every third retry never runs.
                        Ok(token) if turn % 3 == 0 => drop(token),
                        Ok(token) => {
                            token.spend();
                            return true;
                        }
                        Err(_) => {}
                    }
                    false
                })
                .count() as u64
        });
        assert_eq!(got, 1_000, "{budget:?}");
        let statistics = budget.statistics();
        assert_eq!(statistics.allowed - statistics.given_back, 1_000);
        assert_eq!(statistics.allowed + statistics.refused, THREADS * 5_000);
    }
}

#[test]
fn threads_that_begin_calls_earn_exactly_their_share() {
    let clock = ManualClock::new();
    let budget = Budget::new("ratio").ratio(0.5).floor(0);
    let got = together(&clock, || {
        (0..10_000)
            .filter(|_| {
                budget.deposit();
                retry(&budget)
            })
            .count() as u64
    });
    let _installed = clock.install();
    assert_eq!(got + drain(&budget), THREADS * 10_000 / 2);
    assert_eq!(budget.statistics().first_attempts, THREADS * 10_000);
}

#[test]
fn threads_that_fail_and_succeed_keep_a_bucket_whole() {
    let clock = ManualClock::new();
    let budget = Budget::new("bucket").token_bucket(100).cost(CLASS, 1);
    let got = together(&clock, || {
        (0..10_000)
            .filter(|_| {
                let allowed = retry(&budget);
                if allowed {
                    budget.succeeded();
                }
                allowed
            })
            .count() as u64
    });
    assert_eq!(got, THREADS * 10_000);
    assert_eq!(budget.remaining(), 100 / 5);
}
