use std::io;

use retry_core::retry_methods;

struct Client;

#[retry_methods(carry(page))]
impl Client {
    fn read(&self, page: u32) -> io::Result<()> {
        Ok(drop(page))
    }
}

fn main() {}
