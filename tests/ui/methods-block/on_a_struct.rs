use retry_core::retry_methods;

#[retry_methods(attempts = 5)]
struct Client {
    limit: u32,
}

fn main() {}
