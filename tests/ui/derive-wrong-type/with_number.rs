use retry_core::Classify;

#[derive(Classify)]
enum Failure {
    #[classify(with = 5)]
    Database(u32),
}

fn main() {}
