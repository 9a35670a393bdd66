//! The sites of the report.

use std::io;
use std::sync::LazyLock;
use std::time::Duration;

use retry_core::{
    AbortSignal, BackoffContext, Budget, Bulkhead, CircuitBreaker, Outcome, retry, retry_methods,
};

static PAYMENTS: CircuitBreaker = CircuitBreaker::new("payments");
static RETRIES: Budget = Budget::new("retries");
static CONNECTIONS: Bulkhead = Bulkhead::new("connections", 10).wait(Duration::from_millis(200));
static SEARCH: LazyLock<CircuitBreaker> = LazyLock::new(|| CircuitBreaker::new("search"));
static SHUTDOWN: AbortSignal = AbortSignal::new();

#[retry]
fn browse() -> io::Result<()> {
    Ok(())
}

#[retry(
    attempts = 5,
    deadline = "1m 30s",
    attempt_timeout = "2s",
    backoff = exponential("50ms", max = "2s", factor = 3.0),
    rate_limit(attempts = 3, backoff = fixed("5s", jitter = 0.3)),
    unknown = never,
    retry_after_max = "10s",
    breaker = PAYMENTS,
    budget = &RETRIES,
    bulkhead = CONNECTIONS,
    allow(long_worst_case, shared_without_jitter)
)]
async fn pay() -> io::Result<()> {
    Ok(())
}

#[retry(attempts = unlimited, backoff = schedule("1s", "1m"), retry_after = ignore, breaker = SEARCH, abort = SHUTDOWN)]
async fn search() -> io::Result<()> {
    Ok(())
}

fn growing(context: &BackoffContext) -> Duration {
    Duration::from_millis(u64::from(context.failures))
}

#[retry(backoff = custom(growing), retry_if = |_| true, operation = "shop|\"import\"")]
fn import() -> Result<(), u32> {
    Ok(())
}

#[retry(attempts = N, bulkhead = CONNECTIONS)]
async fn stock<const N: u32>() -> io::Result<()> {
    Ok(())
}

struct Client {
    breaker: CircuitBreaker,
}

#[retry_methods(attempts = 2, backoff = none, returns = outcome)]
impl Client {
    async fn get(&self) -> io::Result<()> {
        Ok(())
    }

    #[retry(breaker = self.breaker, deadline = "10s")]
    async fn put(&self) -> io::Result<()> {
        Ok(())
    }
}

/// Both are outcomes.
async fn both(client: &Client) -> [Outcome<(), io::Error>; 2] {
    [client.get().await, client.put().await]
}
