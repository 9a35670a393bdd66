use std::io;
use std::time::Duration;

use retry_core::{CircuitBreaker, retry};

static PAYMENTS: CircuitBreaker =
    CircuitBreaker::new("payments").failures(0, Duration::from_secs(60));

#[retry(breaker = PAYMENTS)]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
