use retry_core::Classify;

#[derive(Classify)]
enum Failure {
    #[classify(rate_limit, retry_after = 0)]
    Busy(u64),
}

fn main() {}
