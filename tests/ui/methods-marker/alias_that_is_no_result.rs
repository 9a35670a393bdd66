use std::io;

use retry_core::retry_methods;

struct Client;
type Found = Option<u32>;
#[retry_methods]
impl Client {
    fn read(&self) -> io::Result<()> {
        Ok(())
    }

    #[retry]
    fn find(&self) -> Found {
        Some(1)
    }
}

fn main() {}
