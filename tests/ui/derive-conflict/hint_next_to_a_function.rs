use std::time::Duration;

use retry_core::{Classify, ErrorClass};

#[derive(Classify)]
#[classify(with = Self::class, retry_after = wait)]
struct Failure {
    wait: Duration,
}

impl Failure {
    fn class(&self) -> ErrorClass {
        ErrorClass::Transient
    }
}

fn main() {}
