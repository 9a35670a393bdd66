use retry_core::Classify;

#[derive(Classify)]
enum Failure {
    #[classify(rate_limit, retry_after = "5s")]
    Lost,
}

fn main() {}
