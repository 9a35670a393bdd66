use std::io;

use retry_core::{Policy, retry};

const POLICY: Policy = Policy::new().attempts(0);

#[retry(policy = POLICY)]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
