use retry_core::Classify;

#[derive(Classify)]
enum Failure {
    #[classify(transparent)]
    Parse(std::num::ParseIntError),
}

fn main() {}
