//! What `blocking.rs` and `asynchronous.rs` have not: each shape of function on its other side, and the odd ones on both.

use std::fmt::{Debug, Display, Write};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;

use retry_core::{Attempt, retry};

use crate::fault::{Fault, Runs};

async fn breath() {
    tokio::task::yield_now().await;
}

#[derive(Debug, Default)]
struct Client {
    runs: Runs,
    name: String,
    log: Vec<u32>,
}

impl Client {
    #[retry(backoff = none)]
    async fn by_value(self) -> Result<usize, Fault> {
        breath().await;
        self.runs.flaky_until(2)?;
        Ok(self.name.len())
    }

    #[retry(backoff = none, carry(self))]
    async fn changing_value(mut self) -> Result<Vec<u32>, Fault> {
        self.log.push(1);
        breath().await;
        self.runs.flaky_until(3)?;
        Ok(self.log.clone())
    }

    #[retry(backoff = none)]
    async fn copied(self) -> Result<String, Fault> {
        let name = self.name.clone();
        breath().await;
        self.runs.flaky_until(3)?;
        Ok(name)
    }

    #[retry(backoff = none)]
    async fn counted(self: Arc<Self>) -> Result<u32, Fault> {
        breath().await;
        self.runs.flaky_until(2)
    }

    #[retry(backoff = none)]
    async fn counted_and_borrowed(self: &Arc<Self>) -> Result<Arc<Self>, Fault> {
        breath().await;
        self.runs.flaky_until(2)?;
        Ok(Self::clone_of(self))
    }

    fn clone_of(this: &Arc<Self>) -> Arc<Self> {
        Arc::clone(this)
    }

    #[retry(backoff = none)]
    #[expect(clippy::future_not_send, reason = "that is the test")]
    async fn single_threaded(self: Rc<Self>) -> Result<u32, Fault> {
        breath().await;
        self.runs.flaky_until(2)
    }

    #[retry(backoff = none, carry(self))]
    async fn pinned(mut self: Pin<&mut Self>) -> Result<Vec<u32>, Fault>
    where
        Self: Unpin,
    {
        breath().await;
        self.log.push(1);
        self.runs.flaky_until(3)?;
        Ok(self.log.clone())
    }

    #[retry(backoff = none)]
    fn pinned_and_shared(self: Pin<&Self>) -> Result<&str, Fault> {
        self.runs.flaky_until(2)?;
        Ok(&self.get_ref().name)
    }

    #[retry(backoff = none)]
    async fn boxed(self: Box<Self>) -> Result<u32, Fault> {
        breath().await;
        self.runs.flaky_until(2)
    }

    #[retry(backoff = none)]
    #[expect(clippy::needless_arbitrary_self_type, reason = "that is the test")]
    fn spelled_out(self: &mut Self) -> Result<usize, Fault> {
        self.log.push(1);
        self.runs.flaky_until(3)?;
        Ok(self.log.len())
    }
}

fn named() -> Client {
    Client {
        name: "abc".to_owned(),
        ..Client::default()
    }
}

#[tokio::test]
async fn an_async_method_may_own_itself() {
    assert_eq!(named().by_value().await, Ok(3));
    assert_eq!(named().copied().await, Ok("abc".to_owned()));
    assert_eq!(named().changing_value().await, Ok(vec![1, 1, 1]));
}

#[tokio::test]
async fn an_async_method_may_be_behind_a_pointer() {
    let client = Arc::new(named());
    assert_eq!(Arc::clone(&client).counted().await, Ok(2));
    let again = client.counted_and_borrowed().await.expect("it is there");
    assert_eq!((again.runs.count(), &*again.name), (3, "abc"));
    assert_eq!(Rc::new(named()).single_threaded().await, Ok(2));
    assert_eq!(Box::new(named()).boxed().await, Ok(2));
}

#[tokio::test]
async fn a_method_may_be_behind_a_pin() {
    let mut client = named();
    assert_eq!(Pin::new(&mut client).pinned().await, Ok(vec![1, 1, 1]));
    assert_eq!(Pin::new(&named()).pinned_and_shared(), Ok("abc"));
}

#[test]
fn a_receiver_may_be_spelled_out() {
    assert_eq!(named().spelled_out(), Ok(3));
}

#[tokio::test]
async fn lifetimes_may_have_names() {
    struct Parser<'text>(&'text str);
    impl<'text> Parser<'text> {
        #[retry(backoff = none)]
        fn first(&self, runs: &Runs) -> Result<&'text str, Fault> {
            runs.flaky_until(2)?;
            Ok(&self.0[..1])
        }
        #[retry(backoff = none)]
        async fn first_async(&self, runs: &Runs) -> Result<&'text str, Fault> {
            breath().await;
            runs.flaky_until(2)?;
            Ok(&self.0[..1])
        }
    }
    #[retry(backoff = none)]
    async fn longer<'a>(left: &'a str, right: &'a str, runs: &Runs) -> Result<&'a str, Fault> {
        breath().await;
        runs.flaky_until(2)?;
        Ok(if left.len() > right.len() {
            left
        } else {
            right
        })
    }
    #[retry(backoff = none)]
    async fn outlives<'a, 'b: 'a>(
        left: &'a str,
        right: &'b str,
        runs: &Runs,
    ) -> Result<(&'a str, &'b str), Fault> {
        runs.flaky_until(2)?;
        Ok((right, right).max((left, right)))
    }
    let text = "abc".to_owned();
    let parser = Parser(&text);
    assert_eq!(parser.first(&Runs::new()), Ok("a"));
    assert_eq!(parser.first_async(&Runs::new()).await, Ok("a"));
    assert_eq!(longer("ab", "abc", &Runs::new()).await, Ok("abc"));
    assert_eq!(outlives("x", "y", &Runs::new()).await, Ok(("y", "y")));
}

#[tokio::test]
async fn lifetimes_may_be_elided_everywhere() {
    struct Wrapped<'a>(&'a str);
    #[retry(backoff = none)]
    async fn wrap(text: &str) -> Result<Wrapped<'_>, Fault> {
        breath().await;
        Ok(Wrapped(text))
    }
    #[retry(backoff = none)]
    fn in_a_higher_rank(read: &dyn Fn(&str) -> &str, runs: &Runs) -> Result<usize, Fault> {
        runs.flaky_until(2)?;
        Ok(read("abc").len())
    }
    #[retry(backoff = none)]
    fn with_for<F>(read: F, runs: &Runs) -> Result<usize, Fault>
    where
        F: for<'a> Fn(&'a str) -> &'a str,
    {
        runs.flaky_until(2)?;
        Ok(read("abc").len())
    }
    assert_eq!(wrap("a").await.map(|wrapped| wrapped.0), Ok("a"));
    assert_eq!(in_a_higher_rank(&|text| text, &Runs::new()), Ok(3));
    assert_eq!(with_for(|text| &text[1..], &Runs::new()), Ok(2));
}

#[tokio::test]
async fn a_const_generic_can_be_a_key_of_an_async_function() {
    struct Window<const SIZE: u32>;
    impl<const SIZE: u32> Window<SIZE> {
        #[retry(attempts = SIZE, backoff = none)]
        async fn sum<const N: usize>(&self, of: [u32; N], runs: &Runs) -> Result<u32, Fault> {
            breath().await;
            runs.flaky_until(100)?;
            Ok(of.iter().sum::<u32>() + SIZE)
        }
    }
    let runs = Runs::new();
    assert_eq!(Window::<4>.sum([1, 2], &runs).await, Err(Fault::Flaky));
    assert_eq!(runs.count(), 4);
}

#[tokio::test]
async fn impl_trait_may_be_anywhere_in_the_arguments() {
    #[retry(backoff = none)]
    fn show(
        one: &impl Display,
        maybe: Option<impl Display>,
        (left, right): (impl Display, impl Debug),
        many: &[impl Display],
        into: &mut impl Write,
        runs: &Runs,
    ) -> Result<(), Fault> {
        runs.flaky_until(2)?;
        let maybe = maybe.as_ref().map(ToString::to_string).unwrap_or_default();
        write!(into, "{one}{maybe}{left}{right:?}{}", many[0]).map_err(|_| Fault::Fatal)
    }
    #[retry(backoff = none)]
    async fn call(
        make: impl Fn(u32) -> std::future::Ready<u32> + Send + Sync,
        names: impl IntoIterator<Item = &'static str> + Clone + Send + Sync,
        into: &mut (impl Extend<&'static str> + Send),
        runs: &Runs,
    ) -> Result<u32, Fault> {
        into.extend(names.clone());
        let run = runs.flaky_until(2)?;
        Ok(make(run).await)
    }
    let mut text = String::new();
    assert_eq!(
        show(&1, Some('b'), ("c", 'd'), &[5], &mut text, &Runs::new()),
        Ok(())
    );
    assert_eq!(text, "1bc'd'5");
    let mut names = Vec::new();
    let called = call(
        |run| std::future::ready(run * 2),
        ["a"],
        &mut names,
        &Runs::new(),
    )
    .await;
    assert_eq!((called, names.len()), (Ok(4), 2));
}

#[tokio::test]
async fn impl_trait_may_be_anywhere_in_the_value() {
    #[retry(backoff = none)]
    fn pair(runs: &Runs) -> Result<(impl Display + use<>, Vec<impl Debug + use<>>), Fault> {
        runs.flaky_until(2)?;
        Ok(("a", vec![1_u8]))
    }
    #[retry(backoff = none)]
    async fn nested(runs: &Runs) -> Result<Option<Box<impl Fn(u32) -> u32 + use<>>>, Fault> {
        breath().await;
        runs.flaky_until(2)?;
        Ok(Some(Box::new(|number| number + 1)))
    }
    #[retry(backoff = none)]
    fn borrowing<'a>(
        names: &'a [String],
        runs: &Runs,
    ) -> Result<impl Iterator<Item = usize> + use<'a>, Fault> {
        runs.flaky_until(2)?;
        Ok(names.iter().map(String::len))
    }
    #[retry(backoff = none)]
    async fn iterates<'a>(
        names: &'a [String],
        runs: &Runs,
    ) -> Result<impl Iterator<Item = usize> + use<'a>, Fault> {
        breath().await;
        runs.flaky_until(2)?;
        Ok(names.iter().map(String::len))
    }
    let shown = pair(&Runs::new()).map(|(one, many)| format!("{one}{many:?}"));
    assert_eq!(shown, Ok("a[1]".to_owned()));
    let found = nested(&Runs::new()).await.map(|add| add.map(|add| add(1)));
    assert_eq!(found, Ok(Some(2)));
    let (names, runs) = (["a".to_owned()], Runs::new());
    assert_eq!(borrowing(&names, &runs).map(Iterator::sum), Ok(1_usize));
    let runs = Runs::new();
    assert_eq!(
        iterates(&names, &runs).await.map(Iterator::sum),
        Ok(1_usize)
    );
}

#[test]
fn dyn_trait_may_be_anywhere() {
    #[retry(backoff = none)]
    fn show(
        one: &dyn Display,
        into: &mut dyn Write,
        owned: Box<dyn Fn(u32) -> u32>,
        shared: Rc<dyn Display>,
        many: &[&dyn Display],
        runs: &Runs,
    ) -> Result<u32, Fault> {
        let run = runs.flaky_until(3)?;
        write!(into, "{one}{shared}{}", many[0]).map_err(|_| Fault::Fatal)?;
        Ok(owned(run))
    }
    #[retry(backoff = none)]
    fn made<'a>(
        names: &'a [String],
        runs: &Runs,
    ) -> Result<Box<dyn Iterator<Item = &'a str> + 'a>, Fault> {
        runs.flaky_until(2)?;
        Ok(Box::new(names.iter().map(String::as_str)))
    }
    let mut text = String::new();
    let shown = show(
        &1,
        &mut text,
        Box::new(|run| run + 1),
        Rc::new('b'),
        &[&"c"],
        &Runs::new(),
    );
    assert_eq!((shown, &*text), (Ok(4), "1bc"));
    assert_eq!(
        made(&["a".to_owned()], &Runs::new()).map(Iterator::count),
        Ok(1)
    );
}

#[tokio::test]
async fn dyn_trait_may_be_anywhere_in_an_async_function() {
    #[retry(backoff = none)]
    async fn show(
        one: &(dyn Display + Sync),
        into: &mut (dyn Write + Send),
        owned: Box<dyn Fn(u32) -> u32 + Send + Sync>,
        runs: &Runs,
    ) -> Result<u32, Fault> {
        breath().await;
        let run = runs.flaky_until(3)?;
        write!(into, "{one}").map_err(|_| Fault::Fatal)?;
        Ok(owned(run))
    }
    #[retry(backoff = none)]
    async fn made(runs: &Runs) -> Result<Box<dyn Display + Send>, Fault> {
        breath().await;
        runs.flaky_until(2)?;
        Ok(Box::new('a'))
    }
    let mut text = String::new();
    let shown = show(&1, &mut text, Box::new(|run| run + 1), &Runs::new()).await;
    assert_eq!((shown, &*text), (Ok(4), "1"));
    let made = made(&Runs::new()).await.map(|made| made.to_string());
    assert_eq!(made, Ok("a".to_owned()));
}

#[tokio::test]
async fn patterns_in_async_arguments_are_bound_once() {
    struct Point {
        x: u32,
        y: u32,
    }
    #[retry(backoff = none, clone(a, rest), carry(up))]
    #[expect(
        clippy::too_many_arguments,
        clippy::toplevel_ref_arg,
        reason = "that is the test"
    )]
    async fn sum(
        (mut a, b): (u32, u32),
        Point { x, y: mut up }: Point,
        [first, ..]: [u32; 3],
        _: u32,
        whole @ (_, _): (u32, u32),
        &by_reference: &u32,
        ref borrowed: String,
        Wrapper(mut rest): Wrapper,
        runs: &Runs,
    ) -> Result<(u32, u32, usize), Fault> {
        a += 1;
        up += 1;
        rest.push(0);
        breath().await;
        runs.flaky_until(3)?;
        let fixed = b + x + first + whole.0 + by_reference;
        Ok((a + fixed, up, rest.len() + borrowed.len()))
    }
    struct Wrapper(Vec<u8>);
    let point = Point { x: 3, y: 4 };
    let runs = Runs::new();
    let sum = sum(
        (1, 2),
        point,
        [5, 0, 0],
        0,
        (6, 0),
        &7,
        "abc".to_owned(),
        Wrapper(vec![]),
        &runs,
    );
    assert_eq!((sum.await, runs.count()), (Ok((25, 7, 4)), 3));
}

#[tokio::test]
async fn async_arguments_behind_cfg_are_left_alone() {
    #[retry(backoff = none, clone(there))]
    async fn run(
        #[cfg(test)] there: String,
        #[cfg(any())] missing: String,
        #[cfg(test)] runs: &Runs,
    ) -> Result<String, Fault> {
        breath().await;
        runs.flaky_until(2)?;
        Ok(there)
    }
    let ran = run("there".to_owned(), &Runs::new()).await;
    assert_eq!(ran, Ok("there".to_owned()));
}

#[tokio::test]
async fn unsafe_functions_stay_unsafe() {
    /// # Safety
    ///
    /// The pointer points to something.
    #[retry(backoff = none)]
    #[expect(unsafe_code, reason = "that is the test")]
    unsafe fn read(from: *const u32, runs: &Runs) -> Result<u32, Fault> {
        runs.flaky_until(2)?;
        // SAFETY: as is asked of the caller.
        Ok(unsafe { *from })
    }
    /// # Safety
    ///
    /// None needed.
    #[retry(backoff = none)]
    async unsafe fn later(runs: &Runs) -> Result<u32, Fault> {
        breath().await;
        runs.flaky_until(3)
    }
    // SAFETY: it is the address of a number.
    #[expect(unsafe_code, reason = "that is the test")]
    let number = unsafe { read(&raw const NUMBER, &Runs::new()) };
    let runs = Runs::new();
    // SAFETY: nothing is asked for.
    #[expect(unsafe_code, reason = "that is the test")]
    let run = unsafe { later(&runs) }.await;
    assert_eq!((number, run), (Ok(7), Ok(3)));
}

static NUMBER: u32 = 7;

#[test]
fn a_foreign_calling_convention_of_any_name_stays() {
    #[retry(backoff = none)]
    #[expect(improper_ctypes_definitions, reason = "nobody calls it from there")]
    extern "system" fn system(runs: &Runs) -> Result<u32, Fault> {
        runs.flaky_until(2)
    }
    #[retry(backoff = none)]
    #[expect(improper_ctypes_definitions, reason = "that is the test")]
    unsafe extern "C" fn unwinding(runs: &Runs) -> Result<u32, Fault> {
        runs.flaky_until(3)
    }
    let pointer: extern "system" fn(&Runs) -> Result<u32, Fault> = system;
    // SAFETY: nothing is asked for.
    #[expect(unsafe_code, reason = "that is the test")]
    let second = unsafe { unwinding(&Runs::new()) };
    assert_eq!((pointer(&Runs::new()), second), (Ok(2), Ok(3)));
}

#[test]
fn functions_may_call_each_other() {
    #[retry(attempts = 2, backoff = none)]
    fn even(n: u32, runs: &Runs) -> Result<bool, Fault> {
        runs.flaky_until(2)?;
        if n == 0 { Ok(true) } else { odd(n - 1, runs) }
    }
    #[retry(attempts = 2, backoff = none)]
    fn odd(n: u32, runs: &Runs) -> Result<bool, Fault> {
        if n == 0 { Ok(false) } else { even(n - 1, runs) }
    }
    let runs = Runs::new();
    assert_eq!((even(4, &runs), runs.count()), (Ok(true), 4));
}

#[tokio::test]
async fn a_retried_function_may_be_inside_another() {
    #[retry(backoff = none)]
    async fn outer(runs: &Runs) -> Result<u32, Fault> {
        #[retry(attempts = 2, backoff = none)]
        fn sync(runs: &Runs) -> Result<u32, Fault> {
            runs.flaky_until(4)
        }
        #[retry(attempts = 2, backoff = none)]
        async fn later(runs: &Runs) -> Result<u32, Fault> {
            breath().await;
            runs.flaky_until(6)
        }
        struct Local;
        impl Local {
            #[retry(backoff = none)]
            fn method(&self, runs: &Runs) -> Result<u32, Fault> {
                let Self = self;
                runs.flaky_until(1)
            }
        }
        sync(runs)?;
        later(runs).await?;
        Local.method(runs)
    }
    let runs = Runs::new();
    // 2 and 2 of `sync`, 1 and 1 of `later` behind another `sync`, and the method.
    assert_eq!((outer(&runs).await, runs.count()), (Ok(7), 7));
}

#[tokio::test]
async fn async_names_may_be_raw() {
    struct r#Struct;
    impl r#Struct {
        #[retry(backoff = none, clone(r#type), carry(r#mut))]
        async fn r#match(
            &self,
            r#type: String,
            mut r#mut: u32,
            #[attempt] r#try: Attempt,
            runs: &Runs,
        ) -> Result<(String, u32, u32), Fault> {
            r#mut += 1;
            breath().await;
            runs.flaky_until(2)?;
            Ok((r#type, r#mut, r#try.number()))
        }
    }
    let made = r#Struct.r#match("t".to_owned(), 0, &Runs::new()).await;
    assert_eq!(made, Ok(("t".to_owned(), 2, 2)));
}

#[tokio::test]
async fn there_is_no_limit_to_the_arguments() {
    #[retry(backoff = none, clone(n))]
    #[expect(clippy::too_many_arguments, reason = "that is the test")]
    async fn many(
        a: u8,
        b: u16,
        c: u32,
        d: u64,
        e: u128,
        f: i8,
        g: i16,
        h: i32,
        i: i64,
        j: i128,
        k: bool,
        l: char,
        m: f64,
        n: String,
        o: (),
        p: [u8; 2],
        q: &str,
        runs: &Runs,
    ) -> Result<String, Fault> {
        let owned = n;
        runs.flaky_until(2)?;
        Ok(format!(
            "{a}{b}{c}{d}{e}{f}{g}{h}{i}{j}{k}{l}{m}{owned}{o:?}{p:?}{q}"
        ))
    }
    let runs = Runs::new();
    let made = many(
        1,
        2,
        3,
        4,
        5,
        6,
        7,
        8,
        9,
        0,
        true,
        'x',
        0.5,
        "n".to_owned(),
        (),
        [1, 2],
        "q",
        &runs,
    );
    assert_eq!(made.await, Ok("1234567890truex0.5n()[1, 2]q".to_owned()));
}

#[tokio::test]
async fn a_loop_around_the_call_is_not_that_of_the_call() {
    #[retry(backoff = none)]
    async fn run(runs: &Runs) -> Result<u32, Fault> {
        let mut seen = 0;
        'call: loop {
            for step in 0_u32.. {
                breath().await;
                if step == 1 {
                    continue 'call;
                }
                seen += 1;
                if seen == 3 {
                    break 'call;
                }
            }
        }
        runs.flaky_until(2)?;
        let closure = || -> Result<u32, Fault> { Err(Fault::Fatal)? };
        let block = async { Ok::<_, Fault>(runs.flaky_until(1)? * 2) };
        Ok(seen + closure().unwrap_or(1) + block.await?)
    }
    assert_eq!(run(&Runs::new()).await, Ok(10));
}

#[tokio::test]
async fn a_generic_method_of_a_generic_trait_for_a_generic_type() {
    trait Store<K, V> {
        type Key<'a>
        where
            K: 'a;
        fn get<Q>(&self, key: Q) -> Result<V, Fault>
        where
            Q: Into<K> + Clone;
        async fn put<'a>(&self, key: Self::Key<'a>, value: V) -> Result<Self::Key<'a>, Fault>
        where
            K: 'a;
    }
    struct Map<V>(V, Runs);
    impl<K: Sync, V: Clone + Send + Sync + PartialEq> Store<K, V> for Map<V> {
        type Key<'a>
            = &'a K
        where
            K: 'a;
        #[retry(backoff = none, clone(key))]
        fn get<Q>(&self, key: Q) -> Result<V, Fault>
        where
            Q: Into<K> + Clone,
        {
            let _: K = key.into();
            self.1.flaky_until(2)?;
            Ok(self.0.clone())
        }
        #[retry(backoff = none)]
        async fn put<'a>(&self, key: Self::Key<'a>, value: V) -> Result<Self::Key<'a>, Fault>
        where
            K: 'a,
        {
            breath().await;
            self.1.flaky_until(4)?;
            if value == self.0 {
                Ok(key)
            } else {
                Err(Fault::Fatal)
            }
        }
    }
    let map = Map(5_u32, Runs::new());
    assert_eq!(Store::<String, u32>::get(&map, "k"), Ok(5));
    assert_eq!(Store::<u8, u32>::put(&map, &9, 5).await, Ok(&9));
}

#[test]
fn functions_may_be_where_items_may_be() {
    mod inner {
        pub(in crate::shapes) struct Hidden(pub(super) u32);
    }
    #[retry(backoff = none)]
    pub(in crate::shapes) fn of_hidden(runs: &Runs) -> Result<inner::Hidden, Fault> {
        runs.flaky_until(2).map(inner::Hidden)
    }
    const RUN: fn(&Runs) -> Result<inner::Hidden, Fault> = {
        #[retry(backoff = none)]
        fn in_a_constant(runs: &Runs) -> Result<inner::Hidden, Fault> {
            runs.flaky_until(3).map(inner::Hidden)
        }
        in_a_constant
    };
    assert_eq!(of_hidden(&Runs::new()).map(|hidden| hidden.0), Ok(2));
    assert_eq!(RUN(&Runs::new()).map(|hidden| hidden.0), Ok(3));
}
