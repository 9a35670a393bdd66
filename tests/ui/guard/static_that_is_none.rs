use std::io;
use std::sync::Mutex;

use retry_core::{CircuitBreaker, retry};

static PAYMENTS: Mutex<CircuitBreaker> = Mutex::new(CircuitBreaker::new("payments"));

#[retry(breaker = PAYMENTS)]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
