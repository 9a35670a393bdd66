use retry_core::{Classification, Classify, ErrorClass, retry};

#[derive(Debug)]
struct Failure;

impl Classify for Failure {
    fn classify(&self) -> Classification {
        ErrorClass::Transient.into()
    }
}

#[retry(retry_until = |_| false, fallback = |_| Ok(()))]
fn fetch() -> Result<(), Failure> {
    Err(Failure)
}

fn main() {}
