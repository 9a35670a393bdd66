use retry_core::Classify;

#[derive(Classify)]
#[classify(default = retryable)]
enum Failure {
    Lost,
}

fn main() {}
