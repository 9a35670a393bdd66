use retry_core::Classify;

#[derive(Classify)]
enum Failure {
    #[classify(with = is_temporary)]
    Database(u32),
}

fn is_temporary(code: &u32) -> bool {
    *code == 0
}

fn main() {}
