use retry_core::Classify;

#[derive(Classify)]
enum Failure {
    #[classify(with = |code: &u32| ErrorClass::Unknown)]
    Database(u32),
}

fn main() {}
