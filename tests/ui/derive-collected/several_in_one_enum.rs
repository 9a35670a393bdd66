use std::time::Duration;

use retry_core::Classify;

#[derive(Classify)]
enum Failure {
    #[classify(transiant)]
    Lost,
    #[classify(rate_limit, retry_after = wiat, reason = 5)]
    Busy { wait: Duration },
    Broken,
    #[classify(status = code)]
    Http { code: String },
    #[classify(permanent, transparent)]
    Gone,
}

fn main() {}
