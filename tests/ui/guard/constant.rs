use std::io;

use retry_core::{CircuitBreaker, retry};

const PAYMENTS: CircuitBreaker = CircuitBreaker::new("payments");

#[retry(breaker = PAYMENTS)]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
