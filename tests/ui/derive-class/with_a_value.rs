use retry_core::Classify;

#[derive(Classify)]
enum Failure {
    #[classify(transient = true)]
    Lost,
}

fn main() {}
