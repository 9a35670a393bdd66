use std::io;

use retry_core::retry;

#[retry(allow(conflicting_policy, breaker_without_budget, long_worstcase))]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
