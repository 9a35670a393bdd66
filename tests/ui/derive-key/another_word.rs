use retry_core::Classify;

#[derive(Classify)]
enum Failure {
    #[classify(source)]
    Io(std::io::Error),
}

fn main() {}
