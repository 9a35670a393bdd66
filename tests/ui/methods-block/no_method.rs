use retry_core::retry_methods;

struct Client;

#[retry_methods]
impl Client {
    const LIMIT: u32 = 5;
}

fn main() {}
