use std::time::Duration;

use retry_core::Classify;

#[derive(Classify)]
enum Failure {
    #[classify(rate_limit, retry_after = 0)]
    Busy { wait: Duration, limit: u32 },
}

fn main() {}
