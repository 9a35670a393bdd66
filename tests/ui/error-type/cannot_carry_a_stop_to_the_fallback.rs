use retry_core::{Classification, Classify, ErrorClass, retry};

#[derive(Debug)]
struct Failure;

impl Classify for Failure {
    fn classify(&self) -> Classification {
        ErrorClass::Transient.into()
    }
}

#[retry(retry_until = |n| *n > 1, fallback = |_| Ok(0))]
fn fetch() -> Result<u32, Failure> {
    Err(Failure)
}

fn main() {}
