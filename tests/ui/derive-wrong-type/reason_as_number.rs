use retry_core::Classify;

#[derive(Classify)]
enum Failure {
    #[classify(transient, reason = 5)]
    Lost,
}

fn main() {}
