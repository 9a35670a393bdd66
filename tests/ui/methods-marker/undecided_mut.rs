use std::io;

use retry_core::retry_methods;

struct Client;

#[retry_methods]
impl Client {
    fn read(&self, mut page: u32) -> io::Result<()> {
        page += 1;
        Ok(drop(page))
    }
}

fn main() {}
