use std::io;
use std::sync::Arc;

use retry_core::{Budget, CircuitBreaker, retry};

#[retry(breaker = CircuitBreaker::new("payments").consecutive(3), budget = Arc::new(Budget::new("payments")))]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {
    let _ = fetch();
}
