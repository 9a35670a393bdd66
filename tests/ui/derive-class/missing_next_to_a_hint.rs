use std::time::Duration;

use retry_core::Classify;

#[derive(Classify)]
enum Failure {
    #[classify(retry_after = 0)]
    Busy(Duration),
}

fn main() {}
