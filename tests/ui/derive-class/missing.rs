use retry_core::Classify;

#[derive(Classify)]
enum Failure {
    #[classify(transient)]
    Lost,
    Broken,
    Busy { wait: u64 },
}

fn main() {}
