use retry_core::retry;

#[retry]
fn fetch() -> Option<u32> {
    None
}

fn main() {}
