use retry_core::Classify;

#[derive(Classify)]
enum Failure {
    #[classify(transparent)]
    Io(std::io::Error, String),
}

fn main() {}
