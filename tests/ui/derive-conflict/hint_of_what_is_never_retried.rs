use std::time::Duration;

use retry_core::Classify;

#[derive(Classify)]
enum Failure {
    #[classify(permanent, retry_after = 0)]
    Gone(Duration),
}

fn main() {}
