use retry_core::{Classify, ErrorClass};

#[derive(Classify)]
#[classify(with = by_code)]
struct Failure(u32);

fn by_code(_: &u32) -> ErrorClass {
    ErrorClass::Unknown
}

fn main() {}
