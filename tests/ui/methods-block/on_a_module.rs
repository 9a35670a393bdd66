use retry_core::retry_methods;

#[retry_methods(attempts = 5)]
mod client {}

fn main() {}
