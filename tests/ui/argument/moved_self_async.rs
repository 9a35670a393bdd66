use std::io;

use retry_core::retry;

struct Request(String);

impl Request {
    #[retry]
    async fn send(self) -> io::Result<String> {
        Ok(self.body())
    }

    fn body(self) -> String {
        self.0
    }
}

fn main() {}
