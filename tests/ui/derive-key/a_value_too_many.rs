use retry_core::Classify;

#[derive(Classify)]
enum Failure {
    #[classify(transparent = 0)]
    Io(std::io::Error),
}

fn main() {}
