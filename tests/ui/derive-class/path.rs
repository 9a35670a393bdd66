use retry_core::Classify;

#[derive(Classify)]
enum Failure {
    #[classify(ErrorClass::Transient)]
    Lost,
}

fn main() {}
