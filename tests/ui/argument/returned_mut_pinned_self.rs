use std::io;
use std::pin::Pin;

use retry_core::retry;

struct Client(Vec<u8>);

impl Client {
    #[retry]
    async fn buffer(self: Pin<&mut Self>) -> io::Result<Option<&mut [u8]>> {
        Ok(Some(&mut self.get_mut().0))
    }
}

fn main() {}
