use retry_core::retry_methods;

struct Client;
struct Unclassified;
#[retry_methods(attempts = 2)]
impl Client {
    fn read(&self) -> Result<(), Unclassified> {
        Ok(())
    }

    fn write(&self) -> Result<u8, Unclassified> {
        Ok(1)
    }
}

fn main() {}
