use retry_core::{Bulkhead, Classification, Classify, ErrorClass, retry};

#[derive(Debug)]
struct Failure;

impl Classify for Failure {
    fn classify(&self) -> Classification {
        ErrorClass::Transient.into()
    }
}

static DATABASE: Bulkhead = Bulkhead::new("database", 10);

#[retry(bulkhead = DATABASE)]
fn fetch() -> Result<(), Failure> {
    Err(Failure)
}

fn main() {}
