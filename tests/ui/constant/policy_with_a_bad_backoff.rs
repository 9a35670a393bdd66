use std::io;
use std::time::Duration;

use retry_core::{Backoff, Policy, retry};

const POLICY: Policy = Policy::new().backoff(Backoff::exponential(Duration::from_secs(1)).factor(0.0));

#[retry(policy = POLICY)]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
