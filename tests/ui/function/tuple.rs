use retry_core::retry;

#[retry]
fn fetch() -> (u32, u32) {
    (5, 5)
}

fn main() {}
