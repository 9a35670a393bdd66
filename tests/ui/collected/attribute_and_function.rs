use retry_core::retry;

#[retry(attempts = 0)]
fn fetch(mut page: u32) {
    page += 1;
    println!("{page}");
}

fn main() {}
