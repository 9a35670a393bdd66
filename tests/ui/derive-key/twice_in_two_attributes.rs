use retry_core::Classify;

#[derive(Classify)]
enum Failure {
    #[classify(transient, reason = "a")]
    #[classify(reason = "b")]
    Lost,
}

fn main() {}
