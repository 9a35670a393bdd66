use retry_core::Classify;

#[derive(Classify)]
enum Failure {
    #[classify(transparent, transient)]
    Io(std::io::Error),
}

fn main() {}
