use retry_core::Classify;

#[derive(Classify)]
enum Failure {
    #[classify(transparent, retry_after = 0)]
    Io(std::io::Error),
}

fn main() {}
