use retry_core::retry;

#[retry]
fn fetch() -> ! {
    panic!()
}

fn main() {}
