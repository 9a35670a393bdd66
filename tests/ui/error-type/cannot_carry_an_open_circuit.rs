use retry_core::{CircuitBreaker, Classification, Classify, ErrorClass, retry};

#[derive(Debug)]
struct Failure;

impl Classify for Failure {
    fn classify(&self) -> Classification {
        ErrorClass::Transient.into()
    }
}

static PAYMENTS: CircuitBreaker = CircuitBreaker::new("payments");

#[retry(breaker = PAYMENTS)]
fn fetch() -> Result<(), Failure> {
    Err(Failure)
}

fn main() {}
