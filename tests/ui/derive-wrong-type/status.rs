use retry_core::Classify;

#[derive(Classify)]
enum Failure {
    #[classify(status = code)]
    Http { code: String },
}

fn main() {}
