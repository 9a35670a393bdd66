use retry_core::Classify;

#[derive(Classify)]
enum Failure {
    #[classify(class = transient)]
    Lost,
}

fn main() {}
