use retry_core::Classify;

#[derive(Classify)]
enum Failure {
    #[classify(RateLimit)]
    Lost,
}

fn main() {}
