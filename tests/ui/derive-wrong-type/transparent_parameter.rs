use retry_core::Classify;

#[derive(Classify)]
enum Failure<E> {
    #[classify(transparent)]
    Inner(Box<E>),
}

fn classified(_: impl Classify) {}

fn ask(failure: Failure<u8>) {
    classified(failure);
}

fn main() {}
