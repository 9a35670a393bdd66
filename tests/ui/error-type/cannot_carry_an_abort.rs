use retry_core::{Classification, Classify, ErrorClass, retry};

#[derive(Debug)]
struct Failure;

impl Classify for Failure {
    fn classify(&self) -> Classification {
        ErrorClass::Transient.into()
    }
}

static SHUTDOWN: std::sync::atomic::AtomicBool = std::sync::atomic::AtomicBool::new(false);

#[retry(abort = SHUTDOWN)]
fn fetch() -> Result<(), Failure> {
    Err(Failure)
}

fn main() {}
