use retry_core::Classify;

#[derive(Classify)]
#[classify(default = ErrorClass::Unknown)]
enum Failure {
    Lost,
}

fn main() {}
