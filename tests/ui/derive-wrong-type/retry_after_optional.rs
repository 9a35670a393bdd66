use retry_core::Classify;

#[derive(Classify)]
#[classify(rate_limit, retry_after = seconds)]
struct Failure {
    seconds: Option<u64>,
}

fn main() {}
