use retry_core::{Classify, ErrorClass};

#[derive(Classify)]
enum Failure {
    #[classify(with = by_code)]
    Database(u32),
}

fn by_code(code: &str) -> ErrorClass {
    code.parse().unwrap_or(ErrorClass::Unknown)
}

fn main() {}
