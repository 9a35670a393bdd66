use retry_core::Classify;

#[derive(Classify)]
union Failure {
    code: u16,
    number: u8,
}

fn main() {}
