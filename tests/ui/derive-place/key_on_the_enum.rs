use retry_core::Classify;

#[derive(Classify)]
#[classify(status = code)]
enum Failure {
    Http { code: u16 },
}

fn main() {}
