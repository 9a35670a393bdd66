use retry_core::{Classify, ErrorClass};

#[derive(Classify)]
enum Failure {
    #[classify(status = 0, with = by_code)]
    Database(u32),
}

fn by_code(_: &u32) -> ErrorClass {
    ErrorClass::Unknown
}

fn main() {}
