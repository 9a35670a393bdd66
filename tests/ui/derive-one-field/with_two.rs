use retry_core::{Classify, ErrorClass};

#[derive(Classify)]
enum Failure {
    #[classify(with = by_code)]
    Database(u32, String),
}

fn by_code(_: &u32) -> ErrorClass {
    ErrorClass::Unknown
}

fn main() {}
