use retry_core::Classify;

#[derive(Classify)]
enum Failure {
    #[classify(status = code)]
    Http,
}

fn main() {}
