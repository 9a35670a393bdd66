use retry_core::retry;

#[retry]
fn fetch() -> Result<(), impl std::error::Error> {
    Err(std::fmt::Error)
}

fn main() {}
