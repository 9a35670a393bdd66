use retry_core::Classify;

#[derive(Classify)]
enum Failure {
    #[classify(status = -1)]
    Http(u16),
}

fn main() {}
