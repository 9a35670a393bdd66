use retry_core::retry_methods;

struct Client;

#[retry_methods]
impl Client {
    #![allow(dead_code)]

    const LIMIT: u32 = 1;

    fn len(&self) -> usize {
        0
    }
}

fn main() {}
