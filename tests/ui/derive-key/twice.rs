use retry_core::Classify;

#[derive(Classify)]
enum Failure {
    #[classify(transient, reason = "a", reason = "b")]
    Lost,
}

fn main() {}
