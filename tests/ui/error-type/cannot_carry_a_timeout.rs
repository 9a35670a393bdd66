use retry_core::{Classification, Classify, ErrorClass, retry};

#[derive(Debug)]
struct Failure;

impl Classify for Failure {
    fn classify(&self) -> Classification {
        ErrorClass::Transient.into()
    }
}

#[retry(attempt_timeout = "1s")]
async fn fetch() -> Result<(), Failure> {
    Err(Failure)
}

fn main() {}
