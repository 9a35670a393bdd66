use retry_core::Classify;

#[derive(Classify)]
enum Failure {
    #[classify(status)]
    Http(u16),
}

fn main() {}
