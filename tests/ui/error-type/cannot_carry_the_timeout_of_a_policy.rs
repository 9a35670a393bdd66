use std::time::Duration;

use retry_core::{Classification, Classify, ErrorClass, Policy, retry};

#[derive(Debug)]
struct Failure;

impl Classify for Failure {
    fn classify(&self) -> Classification {
        ErrorClass::Transient.into()
    }
}

const POLICY: Policy = Policy::new().attempt_timeout(Duration::from_secs(1));

#[retry(policy = POLICY)]
async fn fetch() -> Result<(), Failure> {
    Err(Failure)
}

fn main() {}
