use retry_core::Classify;

#[derive(Classify)]
enum Failure {
    #[classify(with = by_code())]
    Database(u32),
}

fn main() {}
