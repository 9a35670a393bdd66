use std::io;

use retry_core::retry_methods;

struct Client;

#[retry_methods(clone(key))]
impl Client {
    fn read(&self, key: String) -> io::Result<()> {
        Ok(drop(key))
    }
}

fn main() {}
