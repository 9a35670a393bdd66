//! Functions with every key.

use core::fmt::Display;
use core::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use core::time::Duration;
use std::io;

use retry_core::{
    Attempt, Backoff, BackoffContext, Budget, Bulkhead, CircuitBreaker, Classification, ErrorClass,
    Event, Jitter, Policy, RetryAfter, Stopped, retry,
};

use crate::errors::{Coded, Lost, Opaque, StoreError, Wrapped};

/// Patient.
const PATIENT: Policy = Policy::AGGRESSIVE.attempts(20);
/// How often.
const LIMIT: u32 = 4;
/// How long.
const PAUSE: Duration = Duration::from_millis(250);
/// Always the same.
const STEADY: Backoff = Backoff::fixed(PAUSE);

/// Ends all calls.
static SHUTDOWN: AtomicBool = AtomicBool::new(false);

/// Knows whether it was told anything.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU32);

impl retry_core::Observer for Counter {
    fn on_event(&self, _: &Event<'_>) {
        self.0.store(1, Ordering::Relaxed);
    }
}

/// Is told of all calls.
static COUNTER: Counter = Counter(AtomicU32::new(0));

/// Longer each time.
const fn growing(context: &BackoffContext) -> Duration {
    PAUSE.saturating_mul(context.failures)
}

/// Reads without keys.
///
/// # Errors
///
/// When it cannot be read.
#[retry]
pub fn plain(path: &str) -> io::Result<String> {
    std::fs::read_to_string(path)
}

/// Reads without keys, later.
///
/// # Errors
///
/// When it cannot be read.
#[retry(policy = PATIENT)]
pub async fn plain_async(path: &str) -> io::Result<String> {
    core::future::ready(std::fs::read_to_string(path)).await
}

/// Has the keys of a policy.
///
/// # Errors
///
/// When it cannot be read.
#[retry(
    policy = PATIENT,
    attempts = LIMIT,
    deadline = "1m 30s",
    backoff = exponential("100ms", max = "10s", min = "50ms", factor = 1.5),
    jitter = equal,
    transient(attempts = 3, backoff = fixed(PAUSE, jitter = 0.3)),
    server_error(attempts = 2),
    rate_limit(attempts = 3, backoff = schedule("1s", "5s")),
    concurrency(backoff = none),
    unknown = never,
    retry_after = honor,
    retry_after_max = "1m",
    operation = "read"
)]
pub fn policy(path: &str) -> Result<String, StoreError> {
    let text = std::fs::read_to_string(path)?;
    if text.is_empty() {
        return Err(StoreError::Conflict);
    }
    Ok(text)
}

/// Has the keys of a policy, and a timeout.
///
/// # Errors
///
/// When it cannot be read.
#[retry(
    attempts = unlimited,
    deadline = Duration::from_secs(60),
    attempt_timeout = "2s",
    backoff = STEADY,
    jitter = Jitter::Spread(0.2),
    retry_after = RetryAfter::Ignore,
    crate = ::retry_core
)]
pub async fn policy_async(path: &str) -> Result<String, StoreError> {
    let text = plain_async(path).await?;
    if text.is_empty() {
        return Err(StoreError::Conflict);
    }
    Ok(text)
}

/// Has the other backoffs.
///
/// # Errors
///
/// When it cannot be read.
#[retry(
    backoff = custom(growing),
    transient(backoff = linear("1s", max = "5s")),
    server_error(backoff = fibonacci("1s")),
    rate_limit(backoff = decorrelated("1s", max = "9s")),
    unknown(backoff = token("1s"))
)]
pub fn backoffs(path: &str) -> io::Result<String> {
    std::fs::read_to_string(path)
}

/// Is judged by closures.
///
/// # Errors
///
/// When it cannot be read.
#[retry(
    classify = |error: &Coded| if error.0 == 1 { ErrorClass::Transient } else { ErrorClass::RateLimit },
    retry_if = |error| error.0 < 9,
    retry_until = |seen: &u32| *seen > 2,
    abort = SHUTDOWN,
    observe = COUNTER,
    on_giving_up = |_| (),
    on_stop = |_: Stopped| Coded(0)
)]
pub fn judged(count: &AtomicU32) -> Result<u32, Coded> {
    Ok(count.fetch_add(1, Ordering::Relaxed))
}

/// Is judged by closures, later.
///
/// # Errors
///
/// When it cannot be read.
#[retry(
    retry_if = |_| true,
    classify_value = |seen: &u32| (*seen < 2).then(|| Classification::new(ErrorClass::Transient)),
    abort = || count.load(Ordering::Relaxed) > 9,
    observe = &COUNTER,
    on_retry = |event| count.store(event.attempt, Ordering::Relaxed),
    on_giving_up = forget,
    on_stop = stopped
)]
pub async fn judged_async(count: &AtomicU32) -> Result<u32, Opaque> {
    core::future::ready(Ok(count.fetch_add(1, Ordering::Relaxed))).await
}

/// Is of no use to anybody.
const fn forget(_: &Event<'_>) {}

/// What a stop is.
fn stopped(_: Stopped) -> Opaque {
    Opaque
}

/// Stops calling what does not answer.
static CIRCUIT: CircuitBreaker = CircuitBreaker::new("lints");
/// Is shared by all.
static BUDGET: Budget = Budget::new("lints");
/// Holds three.
static POOL: Bulkhead = Bulkhead::new("lints", 3);

/// Is guarded.
///
/// # Errors
///
/// When it cannot be read.
#[retry(breaker = CIRCUIT, budget = &BUDGET, bulkhead = POOL)]
pub fn guarded(path: &str) -> io::Result<String> {
    std::fs::read_to_string(path)
}

/// Is guarded, later.
///
/// # Errors
///
/// When it cannot be read.
#[retry(breaker = *circuit, budget = BUDGET, bulkhead = POOL, returns = outcome, allow(shared_without_jitter))]
pub async fn guarded_async(path: &str, circuit: &CircuitBreaker) -> io::Result<String> {
    core::future::ready(std::fs::read_to_string(path)).await
}

/// Has an answer in place of an error.
///
/// # Errors
///
/// Never.
#[retry(fallback = |_| Ok(path.len()))]
pub fn answered(path: &str) -> io::Result<usize> {
    let text = std::fs::read_to_string(path)?;
    Ok(text.len())
}

/// Has an answer in place of an error, later.
///
/// # Errors
///
/// Never.
#[retry(fallback = async |error: io::Error| plain_async(path).await.map_err(|_| error))]
pub async fn answered_async(path: &str) -> io::Result<String> {
    let text = plain_async(path).await?;
    Ok(text)
}

/// Says how it went.
#[retry(returns = outcome, timeline = 16)]
pub fn explained(path: &str) -> io::Result<String> {
    std::fs::read_to_string(path)
}

/// Says how it went, later.
#[retry(attempt_timeout = "1s", returns = outcome, timeline = path.len())]
pub async fn explained_async(path: &str) -> Result<String, Lost> {
    plain_async(path).await.map_err(|_| Lost)
}

/// Has arguments that each attempt changes.
///
/// # Errors
///
/// When it is too long.
#[retry(clone(body), carry(page))]
pub fn arguments(mut body: Vec<u8>, mut page: usize, limit: usize) -> Result<Vec<u8>, Lost> {
    page = page.saturating_add(1);
    body.push(0);
    if body.len() > limit {
        return Err(Lost);
    }
    body.truncate(page);
    Ok(body)
}

/// Has arguments that each attempt changes, later.
///
/// # Errors
///
/// When it is too long.
#[retry(clone(body), carry(page))]
pub async fn arguments_async(
    body: Vec<u8>,
    mut page: usize,
    limit: usize,
) -> Result<Vec<u8>, Lost> {
    page = page.saturating_add(1);
    if page > limit {
        return Err(Lost);
    }
    core::future::ready(Ok(body)).await
}

/// Knows its attempt.
///
/// # Errors
///
/// Unless it is the last.
#[retry(deadline = "1m")]
pub fn aware(#[attempt] attempt: Attempt) -> Result<u32, Lost> {
    if attempt.is_last() {
        Ok(attempt.number())
    } else {
        Err(Lost)
    }
}

/// Knows its attempt, later.
///
/// # Errors
///
/// Unless it is the last.
#[retry(deadline = "1m")]
pub async fn aware_async(limit: u32, #[attempt] attempt: Attempt) -> Result<u32, Lost> {
    if attempt.number() > limit {
        core::future::ready(Ok(attempt.number())).await
    } else {
        Err(Lost)
    }
}

/// Has generics, patterns and an opaque value.
///
/// # Errors
///
/// When there is nothing.
#[retry(attempts = N)]
pub fn shaped<'names, T, const N: u32>(
    names: &'names [T],
    (first, last): (usize, usize),
    _: u8,
    _limit: u8,
) -> Result<impl Iterator<Item = &'names T>, Wrapped<io::Error>>
where
    T: Display,
{
    names
        .get(first..last)
        .map(<[T]>::iter)
        .ok_or_else(|| Wrapped(Box::new(io::ErrorKind::NotFound.into())))
}

/// Has generics, patterns and an opaque value, later.
///
/// # Errors
///
/// When there is nothing.
#[retry]
pub async fn shaped_async<T>(
    names: &[T],
    [first, last]: [usize; 2],
    #[cfg(not(windows))] more: &str,
) -> Result<impl Iterator<Item = String>, Wrapped<io::Error>>
where
    T: Display + Sync,
{
    let found = names
        .get(first..last)
        .ok_or_else(|| Wrapped(Box::new(io::ErrorKind::NotFound.into())))?;
    core::future::ready(Ok(found.iter().map(move |name| format!("{name}{more}")))).await
}

/// May be called from elsewhere.
///
/// # Errors
///
/// When it cannot be read.
#[retry]
#[inline]
#[must_use = "it may have failed"]
#[expect(improper_ctypes_definitions, reason = "nobody calls it from there")]
pub extern "C" fn foreign(path: &str) -> io::Result<String> {
    std::fs::read_to_string(path)
}
