use std::io;

use retry_core::retry;

struct Request(String);

impl Request {
    #[retry]
    fn send(self) -> io::Result<String> {
        let Self(body) = self;
        Ok(body)
    }
}

fn main() {}
