use std::io;

use retry_core::{CircuitBreaker, retry};

static PAYMENTS: CircuitBreaker = CircuitBreaker::new("payments");

#[retry(circuit_breaker = PAYMENTS)]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
