use retry_core::retry_methods;

struct Client;

#[retry_methods(attempts = 5)]
impl Client {
    fn len(&self) -> usize {
        0
    }

    fn get(&self) -> Option<u8> {
        None
    }
}

fn main() {}
