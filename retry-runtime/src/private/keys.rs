//! What the keys of the attributes mean. The expansion goes through the module of each key that is written, at the key, on its way to the
//! driver, as in `keys::attempts::deadline::driver`: that is where an editor looks for what to show, and it costs nothing but the way.

/// Modules from which the way leads to any other, and to the driver.
macro_rules! keys {
    ($($(#[$documentation:meta])* $key:ident)*) => {$(
        $(#[$documentation])*
        pub mod $key {
            pub use crate::__private::keys::*;
        }
    )*};
}

pub use crate::__private::{
    begun_driver, driver, keeping_driver, run_blocking, run_blocking_aware,
};

keys! {
    /// The policy to start from, a constant; the other keys override it. Type `Policy`, default `Policy::new()`.
    ///
    /// `policy = Policy::AGGRESSIVE`
    policy

    /// How often the function runs at most, the first run included; `unlimited` for no limit. Type `u32`, default 3.
    ///
    /// `attempts = 5`
    attempts

    /// How long the call may take, waits included; a wait that does not fit is never begun. Type `Duration`, default none.
    ///
    /// `deadline = "30s"`
    deadline

    /// When a single attempt is cut; only on async functions. Type `Duration`, default none.
    ///
    /// `attempt_timeout = "2s"`
    attempt_timeout

    /// How long to wait before the next attempt. Type `Backoff`, default `exponential("100ms")`, at most 30 s.
    ///
    /// `backoff = exponential("100ms", max = "10s")`
    backoff

    /// How much of the wait is left to chance. Type `Jitter`, default what the backoff has.
    ///
    /// `jitter = equal`
    jitter

    /// A rule of its own for transient failures. Type `ClassRule`, default none.
    ///
    /// `transient(attempts = 5)`
    transient

    /// A rule of its own for failures of the server. Type `ClassRule`, default none.
    ///
    /// `server_error(attempts = 3)`
    server_error

    /// A rule of its own for rate limits. Type `ClassRule`, default none.
    ///
    /// `rate_limit(attempts = 3, backoff = fixed("5s"))`
    rate_limit

    /// A rule of its own for conflicts with others. Type `ClassRule`, default none.
    ///
    /// `concurrency(attempts = 10, backoff = none)`
    concurrency

    /// A rule of its own for failures that nothing is known about. Type `ClassRule`, default `(attempts = 2)`.
    ///
    /// `unknown = never`
    unknown

    /// Whether a server's hint when to come back replaces the backoff's delay. Type `RetryAfter`, default `honor`.
    ///
    /// `retry_after = ignore`
    retry_after

    /// The longest hint that is followed in full. Type `Duration`, default 2 minutes.
    ///
    /// `retry_after_max = "1m"`
    retry_after_max

    /// What kind of failure an error is, instead of `Classify`. Type `Fn(&E) -> Classification`, default what the error's `Classify` says.
    ///
    /// `classify = |error: &MyError| error.class()`
    classify

    /// Which errors are retried. Type `Fn(&E) -> bool`, default all whose class is retried.
    ///
    /// `retry_if = |error: &MyError| error.is_temporary()`
    retry_if

    /// Which values are accepted; any other is a transient failure. Type `Fn(&T) -> bool`, default all.
    ///
    /// `retry_until = |job: &Job| job.is_done()`
    retry_until

    /// What kind of failure a value is, `None` if it is none. Type `Fn(&T) -> Option<Classification>`, default none.
    ///
    /// `classify_value = |job: &Job| job.failure()`
    classify_value

    /// The circuit breaker that every attempt asks and tells. Type `CircuitBreaker`, default none.
    ///
    /// `breaker = PAYMENTS`
    breaker

    /// The budget that every retry is taken from. Type `Budget`, default none.
    ///
    /// `budget = BUDGET`
    budget

    /// The bulkhead in which every attempt has a place. Type `Bulkhead`, default none.
    ///
    /// `bulkhead = DB_POOL`
    bulkhead

    /// A signal that ends the call. Type `Abort`, default none.
    ///
    /// `abort = SHUTDOWN`
    abort

    /// Who is told what happens. Type `Observer`, default nobody.
    ///
    /// `observe = OBSERVER`
    observe

    /// What is done at each retry, before its wait. Type `Fn(&Event)`, default nothing.
    ///
    /// `on_retry = |event| eprintln!("{event}")`
    on_retry

    /// What is done once when the call ends without success. Type `Fn(&Event)`, default nothing.
    ///
    /// `on_giving_up = |event| eprintln!("{event}")`
    on_giving_up

    /// How a stop without an error of its own becomes one. Type `Fn(Stopped) -> E`, default the error's `From<Stopped>`.
    ///
    /// `on_stop = MyError::from_stopped`
    on_stop

    /// Who answers in place of the error that the call ended with. Type `FnOnce(E) -> Result<T, E>`, default nobody.
    ///
    /// `fallback = |error| cached(id)`
    fallback

    /// What the caller gets: the `Outcome` with everything about the call, or the `result`. Default `result`.
    ///
    /// `returns = outcome`
    returns

    /// How many attempts the outcome records, the latest; only with `returns = outcome`. Type `usize`, default none.
    ///
    /// `timeline = 16`
    timeline

    /// The stable name in events. Type `&str`, default the function's name, of a method in a block `Type::method`.
    ///
    /// `operation = "fetch_user"`
    operation

    /// Arguments of which each attempt gets a fresh copy. Default none.
    ///
    /// `clone(body)`
    clone

    /// `mut` arguments whose changes carry over to the next attempt. Default none.
    ///
    /// `carry(cursor)`
    carry

    /// Lints over the inventory that say nothing of this function. Default none.
    ///
    /// `allow(breaker_without_budget)`
    allow

    /// Where `retry-core` is found. Default `::retry_core`.
    ///
    /// `crate = ::my_crate::retry_core`
    runtime

    /// What single methods have instead of the defaults, as if it were written on them. Default nothing.
    ///
    /// `methods(read(attempts = 3), write(skip))`
    methods

    /// Retries only the methods that are named. Default every method that returns what ends in `Result`.
    ///
    /// `default = skip`
    default

    /// Leaves the method alone.
    ///
    /// `skip`
    skip
}

/// The keys of a class rule.
pub mod rule {
    keys! {
        /// How many attempts may end in this class; 1 is never retried. Type `u32`, default as many as the call has.
        ///
        /// `attempts = 3`
        attempts

        /// How long to wait after a failure of this class. Type `Backoff`, default what the call has.
        ///
        /// `backoff = fixed("5s")`
        backoff
    }
}

/// The named values of a backoff.
pub mod modifier {
    keys! {
        /// No delay is longer, jitter included. Type `Duration`, default 30 s for those that grow.
        ///
        /// `max = "10s"`
        max

        /// No delay is shorter, jitter included. Type `Duration`, default none.
        ///
        /// `min = "50ms"`
        min

        /// What an exponential backoff is multiplied by each time. Type `f64`, default 2, of `token` 1.5.
        ///
        /// `factor = 2.0`
        factor

        /// How much of the delay is left to chance. Type `Jitter`, default full for those that grow, else none.
        ///
        /// `jitter = equal`
        jitter
    }
}
