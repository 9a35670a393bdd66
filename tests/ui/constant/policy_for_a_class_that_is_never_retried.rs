use std::io;

use retry_core::{ClassRule, ErrorClass, Policy, retry};

const POLICY: Policy = Policy::new().class(ErrorClass::Auth, ClassRule::new().attempts(2));

#[retry(policy = POLICY)]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
