use retry_core::Classify;

#[derive(Classify)]
#[classify(transient)]
enum Failure {
    Lost,
}

fn main() {}
