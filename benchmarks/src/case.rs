//! The cases: what is measured, for as many subjects as can do it.

/// Something that a user does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Case {
    /// Its name, in the results and on the command line.
    pub name: &'static str,
    /// The table that it is in.
    pub group: Group,
    /// What happens.
    pub about: &'static str,
}

/// Cases that stand in one table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// Nothing goes wrong.
    Success,
    /// Nothing goes wrong, and guards stand around it.
    Guarded,
    /// Something goes wrong.
    Failure,
    /// Guards on their own, shared by threads.
    Threads,
    /// Many calls at a time.
    Asleep,
    /// What the compiler does with it.
    Building,
}

impl Group {
    /// In the order of the results.
    pub const ALL: [Self; 6] = [
        Self::Success,
        Self::Guarded,
        Self::Failure,
        Self::Threads,
        Self::Asleep,
        Self::Building,
    ];

    /// The heading.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Success => "Success at the first attempt",
            Self::Guarded => "The same through guards",
            Self::Failure => "Failures, without a delay",
            Self::Threads => "Guards that threads share",
            Self::Asleep => "A hundred thousand calls asleep",
            Self::Building => "Building a program",
        }
    }

    /// The file name of the plot.
    #[must_use]
    pub const fn slug(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Guarded => "guarded",
            Self::Failure => "failures",
            Self::Threads => "threads",
            Self::Asleep => "asleep",
            Self::Building => "building",
        }
    }
}

macro_rules! cases {
    ($($constant:ident = $name:literal in $group:ident: $about:literal;)*) => {
        $(
            #[doc = $about]
            pub const $constant: Case = Case { name: $name, group: Group::$group, about: $about };
        )*

        /// All of them, in the order of the results.
        pub const ALL: &[Case] = &[$($constant),*];
    };
}

cases! {
    SUCCESS_SYNC = "success_sync" in Success: "A sync function succeeds.";
    SUCCESS_ASYNC = "success_async" in Success: "An async function succeeds at its first poll.";
    SUCCESS_ASYNC_DYN = "success_async_dyn" in Success: "The same, the whole call boxed as `dyn Future`.";
    SUCCESS_ASYNC_MULTI_THREAD = "success_async_multi_thread" in Success: "The same in a task on a runtime with two threads.";
    SUCCESS_WITH_DEADLINE = "success_with_deadline" in Success: "With a limit of 30 s for the whole call.";
    SUCCESS_WITH_TIMEOUT_READY = "success_with_timeout_ready" in Success: "With a limit of 2 s for an attempt.";
    SUCCESS_WITH_TIMEOUT_PENDING_ONCE = "success_with_timeout_pending_once" in Success: "The same, and the attempt is pending once.";
    SUCCESS_WITH_JITTER = "success_with_jitter" in Success: "With jitter configured.";
    SUCCESS_WITH_TRACING_IDLE = "success_with_tracing_idle" in Success: "With an observer for `tracing`, and nobody subscribes.";
    SUCCESS_WITH_METRICS_IDLE = "success_with_metrics_idle" in Success: "With an observer for `metrics`, and nobody records.";

    SUCCESS_WITH_BREAKER = "success_with_breaker" in Guarded: "Behind a breaker that opens after five failures in a row.";
    SUCCESS_WITH_RATE_BREAKER = "success_with_rate_breaker" in Guarded: "Behind a breaker that opens when half of the latest calls have failed.";
    SUCCESS_WITH_BUDGET = "success_with_budget" in Guarded: "With a budget for retries.";
    SUCCESS_WITH_BULKHEAD = "success_with_bulkhead" in Guarded: "Through a bulkhead with room.";
    SUCCESS_WITH_EVERYTHING = "success_with_everything" in Guarded: "Deadline, attempt timeout, jitter, breaker, budget and bulkhead.";
    OPEN_CIRCUIT_REJECTION = "open_circuit_rejection" in Guarded: "The circuit is open: no attempt is made.";

    TWO_FAILURES_THEN_SUCCESS = "two_failures_then_success" in Failure: "An async function fails twice, then succeeds.";
    TWO_FAILURES_THEN_SUCCESS_SYNC = "two_failures_then_success_sync" in Failure: "The same for a sync function.";
    HUNDRED_FAILURES = "hundred_failures" in Failure: "An async function fails a hundred times, then succeeds.";
    HUNDRED_FAILURES_SYNC = "hundred_failures_sync" in Failure: "The same for a sync function.";
    PERMANENT_ERROR = "permanent_error" in Failure: "An async function fails in a way that is not retried.";
    PERMANENT_ERROR_SYNC = "permanent_error_sync" in Failure: "The same for a sync function.";

    BREAKER_ONE_THREAD = "breaker_one_thread" in Threads: "A success through a closed breaker that counts failures in a row.";
    BREAKER_TWO_THREADS = "breaker_two_threads" in Threads: "The same breaker, hammered by two threads.";
    BREAKER_FOUR_THREADS = "breaker_four_threads" in Threads: "The same breaker, hammered by four threads.";
    RATE_BREAKER_ONE_THREAD = "rate_breaker_one_thread" in Threads: "A success through a closed breaker that watches the share of failures.";
    RATE_BREAKER_TWO_THREADS = "rate_breaker_two_threads" in Threads: "The same breaker, hammered by two threads.";
    RATE_BREAKER_FOUR_THREADS = "rate_breaker_four_threads" in Threads: "The same breaker, hammered by four threads.";
    BUDGET_ONE_THREAD = "budget_one_thread" in Threads: "What a budget does for a call that succeeds.";
    BUDGET_TWO_THREADS = "budget_two_threads" in Threads: "The same budget, hammered by two threads.";
    BUDGET_FOUR_THREADS = "budget_four_threads" in Threads: "The same budget, hammered by four threads.";
    BULKHEAD_ONE_THREAD = "bulkhead_one_thread" in Threads: "Into a bulkhead with room, and out.";
    BULKHEAD_TWO_THREADS = "bulkhead_two_threads" in Threads: "The same bulkhead, hammered by two threads.";
    BULKHEAD_FOUR_THREADS = "bulkhead_four_threads" in Threads: "The same bulkhead, hammered by four threads.";

    ASLEEP_100K = "asleep_100k" in Asleep: "A hundred thousand calls have failed once, sleep, and are woken at once.";

    CLEAN_BUILD = "clean_build" in Building: "A program with one retried function is built with all that it needs: time by the wall.";
    CLEAN_BUILD_PROCESSOR = "clean_build_processor" in Building: "The same: time of processors.";
    CHECK_200_FUNCTIONS = "check_200_functions" in Building: "One of 200 retried functions changes, and `cargo check` runs: time by the wall.";
    CHECK_200_FUNCTIONS_PROCESSOR = "check_200_functions_processor" in Building: "The same: time of processors.";
    MACHINE_CODE_PER_SITE = "machine_code_per_site" in Building: "What one more async function that is retried adds to the program's machine code.";
    MACHINE_CODE_PER_SITE_SYNC = "machine_code_per_site_sync" in Building: "What one more sync function adds.";
}

/// Each kind of guard on one, two and four threads.
pub const BREAKER_ON_THREADS: [(Case, u32); 3] = [
    (BREAKER_ONE_THREAD, 1),
    (BREAKER_TWO_THREADS, 2),
    (BREAKER_FOUR_THREADS, 4),
];
/// See [`BREAKER_ON_THREADS`].
pub const RATE_BREAKER_ON_THREADS: [(Case, u32); 3] = [
    (RATE_BREAKER_ONE_THREAD, 1),
    (RATE_BREAKER_TWO_THREADS, 2),
    (RATE_BREAKER_FOUR_THREADS, 4),
];
/// See [`BREAKER_ON_THREADS`].
pub const BUDGET_ON_THREADS: [(Case, u32); 3] = [
    (BUDGET_ONE_THREAD, 1),
    (BUDGET_TWO_THREADS, 2),
    (BUDGET_FOUR_THREADS, 4),
];
/// See [`BREAKER_ON_THREADS`].
pub const BULKHEAD_ON_THREADS: [(Case, u32); 3] = [
    (BULKHEAD_ONE_THREAD, 1),
    (BULKHEAD_TWO_THREADS, 2),
    (BULKHEAD_FOUR_THREADS, 4),
];

impl Case {
    /// The case of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        ALL.iter().copied().find(|case| case.name == name)
    }

    /// Few times and many, for figures that are what many have more than few. The longer a case takes, the fewer.
    #[must_use]
    pub fn repetitions(self) -> (u32, u32) {
        match self {
            HUNDRED_FAILURES | HUNDRED_FAILURES_SYNC => (1, 5),
            TWO_FAILURES_THEN_SUCCESS | TWO_FAILURES_THEN_SUCCESS_SYNC => (4, 20),
            _ => (16, 176),
        }
    }
}
