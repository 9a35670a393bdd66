use retry_core::Classify;

#[derive(Classify)]
enum Failure {
    #[classify(rate_limit, status = 0)]
    Http(u16),
}

fn main() {}
