use std::io;
use std::time::Duration;

use retry_core::{Policy, retry};

const POLICY: Policy = Policy::new().attempt_timeout(Duration::from_secs(5));

#[retry(policy = POLICY, deadline = "5s")]
async fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
