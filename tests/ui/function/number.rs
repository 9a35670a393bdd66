use retry_core::retry;

#[retry]
async fn fetch() -> u32 {
    5
}

fn main() {}
