use std::time::Duration;

use retry_core::{Classification, Classify, ErrorClass, Policy, retry_methods};

const CUT: Policy = Policy::new().attempt_timeout(Duration::from_secs(1));

struct Refused;

impl Classify for Refused {
    fn classify(&self) -> Classification {
        ErrorClass::Transient.into()
    }
}

struct Client<T>(T);

#[retry_methods(policy = CUT)]
impl<T> Client<T> {
    async fn read(&self) -> Result<(), Refused> {
        Ok(())
    }
}

fn main() {}
