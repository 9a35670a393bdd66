use retry_core::Classify;

#[derive(Classify)]
enum Failure {
    #[classify(rate_limit, retry_after = wait)]
    Busy {
        #[cfg(any())]
        wait: std::time::Duration,
        limit: u32,
    },
}

fn main() {}
