use std::io;

use retry_core::{CircuitBreaker, retry};

struct Client {
    breaker: CircuitBreaker,
    sent: u32,
}

impl Client {
    #[retry(breaker = self.breaker)]
    fn send(&mut self) -> io::Result<()> {
        self.count();
        Ok(())
    }

    fn count(&mut self) {
        self.sent += 1;
    }
}

fn main() {}
