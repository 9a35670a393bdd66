use std::time::Duration;

use retry_core::Classify;

#[derive(Classify)]
enum Failure {
    #[classify(rate_limit, retry_after = wait)]
    Busy(u32, Duration),
}

fn main() {}
