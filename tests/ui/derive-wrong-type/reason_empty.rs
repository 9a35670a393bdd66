use retry_core::Classify;

#[derive(Classify)]
enum Failure {
    #[classify(transient, reason = "")]
    Lost,
}

fn main() {}
