//! Ordinary mistakes in a function's body are reported where they are: with `#[retry]` the compiler says the same as without it, at the
//! same line and column.
//!
//! Each case is compiled twice, once with the attribute and once with a comment in its place, and everything that is said about it is
//! compared: level, code, line and column. The places are the compiler's own, so the cases run on one toolchain only.

use std::fmt;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;

const PINNED: &str = "rustc 1.95.";

/// What stands above every case.
const PRELUDE: &str = "
#![allow(dead_code)]
use std::io;

pub struct Client { open: bool, names: Vec<String> }

mod other {
    pub struct Sealed { secret: u32 }
    impl Sealed { pub fn new() -> Self { Self { secret: 1 } } pub fn secret(&self) -> u32 { self.secret } }
    pub trait Twice { fn twice(&self) -> u32; }
    impl Twice for u32 { fn twice(&self) -> u32 { self * 2 } }
    #[deprecated] pub fn old() -> u32 { 1 }
    pub unsafe fn raw() -> u32 { 1 }
}

pub enum Kind { One, Two, Three }
#[must_use] pub struct Important;
fn important() -> Important { Important }
fn number() -> io::Result<u32> { Ok(1) }
async fn ready() -> io::Result<u32> { Ok(1) }
fn spawn<F: Future + Send + 'static>(future: F) { drop(future); }
";

/// Where the attribute stands in a case.
const MARK: &str = "#[retry]";

struct Case {
    name: &'static str,
    /// The compiler's code for this mistake, or its lint; empty if it has none.
    code: &'static str,
    source: &'static str,
    /// Why the two differ, where they must.
    differs: Option<&'static str>,
}

const fn case(name: &'static str, code: &'static str, source: &'static str) -> Case {
    Case {
        name,
        code,
        source,
        differs: None,
    }
}

/// A mistake that cannot be reported in the same way, and why.
const fn different(
    name: &'static str,
    code: &'static str,
    source: &'static str,
    why: &'static str,
) -> Case {
    Case {
        name,
        code,
        source,
        differs: Some(why),
    }
}

const CASES: &[Case] = &[
    // Types
    case(
        "wrong type in the tail",
        "E0308",
        "
#[retry]
pub fn f() -> io::Result<u32> {
    let text = String::new();
    Ok(text)
}",
    ),
    case(
        "wrong type in the tail, async",
        "E0308",
        "
#[retry]
pub async fn f() -> io::Result<u32> {
    let text = String::new();
    Ok(text)
}",
    ),
    case(
        "no Result in the tail",
        "E0308",
        "
#[retry]
pub fn f() -> io::Result<u32> {
    number()?
}",
    ),
    case(
        "missing tail",
        "E0308",
        "
#[retry]
pub fn f() -> io::Result<u32> {
    let _one = number()?;
}",
    ),
    case(
        "missing tail, async",
        "E0308",
        "
#[retry]
pub async fn f() -> io::Result<u32> {
    let _one = ready().await?;
}",
    ),
    case(
        "semicolon behind the tail",
        "E0308",
        "
#[retry]
pub async fn f() -> io::Result<u32> {
    Ok(1);
}",
    ),
    case(
        "early return of another type",
        "E0308",
        "
#[retry]
pub async fn f(n: u32) -> io::Result<u32> {
    if n > 1 {
        return n;
    }
    Ok(1)
}",
    ),
    case(
        "if and else disagree",
        "E0308",
        "
#[retry]
pub fn f(n: u32) -> io::Result<u32> {
    let m = if n > 1 { n } else { \"one\" };
    Ok(m)
}",
    ),
    case(
        "question mark on an error that does not convert",
        "E0277",
        "
#[retry]
pub fn f(text: &str) -> io::Result<u32> {
    let n: u32 = text.parse()?;
    Ok(n)
}",
    ),
    case(
        "question mark on an error that does not convert, async",
        "E0277",
        "
#[retry]
pub async fn f(text: &str) -> io::Result<u32> {
    let n = text.parse::<u32>()?;
    Ok(n)
}",
    ),
    case(
        "question mark on an Option",
        "E0277",
        "
#[retry]
pub async fn f(names: &[u32]) -> io::Result<u32> {
    Ok(*names.first()?)
}",
    ),
    case(
        "question mark on what is no Result",
        "E0277",
        "
#[retry]
pub fn f(n: u32) -> io::Result<u32> {
    Ok(n?)
}",
    ),
    case(
        "type annotations needed",
        "E0282",
        "
#[retry]
pub async fn f() -> io::Result<u32> {
    let names = Vec::new();
    Ok(1)
}",
    ),
    case(
        "collect into what",
        "E0283",
        "
#[retry]
pub fn f(names: &[u32]) -> io::Result<u32> {
    let all = names.iter().collect();
    Ok(1)
}",
    ),
    case(
        "comparison of different types",
        "E0308",
        "
#[retry]
pub async fn f(n: u32) -> io::Result<bool> {
    Ok(n == \"one\")
}",
    ),
    case(
        "missing bound",
        "E0277",
        "
#[retry]
pub fn f<T>(item: &T) -> io::Result<String> {
    Ok(format!(\"{item}\"))
}",
    ),
    // Async
    case(
        "missing await",
        "E0277",
        "
#[retry]
pub async fn f() -> io::Result<u32> {
    let n = ready()?;
    Ok(n)
}",
    ),
    case(
        "missing await in the tail",
        "E0308",
        "
#[retry]
pub async fn f() -> io::Result<u32> {
    ready()
}",
    ),
    case(
        "unawaited future",
        "unused_must_use",
        "
#[retry]
pub async fn f() -> io::Result<u32> {
    ready();
    Ok(1)
}",
    ),
    case(
        "await in a sync function",
        "E0728",
        "
#[retry]
pub fn f() -> io::Result<u32> {
    ready().await
}",
    ),
    case(
        "not Send when spawned",
        "",
        "
#[retry]
pub async fn f() -> io::Result<u32> {
    let shared = std::rc::Rc::new(1);
    ready().await?;
    Ok(*shared)
}
pub fn g() { spawn(f()) }",
    ),
    case(
        "not Send in a nested spawn",
        "",
        "
#[retry]
pub async fn f() -> io::Result<u32> {
    spawn(async {
        let shared = std::cell::RefCell::new(std::rc::Rc::new(1));
        let _ = ready().await;
        drop(shared);
    });
    Ok(1)
}",
    ),
    different(
        "recursion without a box",
        "E0733",
        "
#[retry]
pub async fn f(n: u32) -> io::Result<u32> {
    f(n - 1).await
}",
        "reported at the body's brace instead of at `fn`: with the user's own braces around the expansion, clippy would judge it",
    ),
    // Borrows
    case(
        "lifetime of another argument",
        "",
        "
#[retry]
pub fn f<'a, 'b>(one: &'a str, two: &'b str) -> io::Result<&'a str> {
    drop(one);
    Ok(two)
}",
    ),
    case(
        "lifetime of another argument, async",
        "",
        "
#[retry]
pub async fn f<'a, 'b>(one: &'a str, two: &'b str) -> io::Result<&'a str> {
    drop(one);
    Ok(two)
}",
    ),
    case(
        "borrow of a moved value",
        "E0382",
        "
#[retry]
pub async fn f() -> io::Result<usize> {
    let text = String::new();
    let other = text;
    drop(other);
    Ok(text.len())
}",
    ),
    case(
        "reference to a local",
        "E0515",
        "
#[retry]
pub fn f<'a>(text: &'a str) -> io::Result<&'a str> {
    let owned = text.to_owned();
    Ok(&owned)
}",
    ),
    case(
        "reference to a local, async",
        "E0515",
        "
#[retry]
pub async fn f<'a>(text: &'a str) -> io::Result<&'a str> {
    let owned = text.to_owned();
    Ok(&owned)
}",
    ),
    case(
        "value does not live long enough",
        "E0597",
        "
#[retry]
pub async fn f() -> io::Result<usize> {
    let longest;
    {
        let text = String::new();
        longest = &text;
    }
    Ok(longest.len())
}",
    ),
    case(
        "two mutable borrows",
        "E0499",
        "
#[retry]
pub fn f(names: &mut Vec<String>) -> io::Result<usize> {
    let one = &mut *names;
    names.clear();
    Ok(one.len())
}",
    ),
    different(
        "change behind a shared reference",
        "E0594",
        "
#[retry]
pub async fn f(client: &Client) -> io::Result<()> {
    client.open = true;
    Ok(())
}",
        "what the body changes is borrowed where the attempt begins, so that is what is refused, at the body's brace; the line is labelled",
    ),
    different(
        "change behind a shared reference, sync",
        "E0594",
        "
impl Client {
    #[retry]
    pub fn f(&self) -> io::Result<()> {
        self.open = true;
        Ok(())
    }
}",
        "what the body changes is borrowed where the attempt begins, so that is what is refused, at the body's brace; the line is labelled",
    ),
    case(
        "mutable borrow of what is not mut",
        "E0596",
        "
#[retry]
pub fn f() -> io::Result<usize> {
    let names: Vec<u32> = Vec::new();
    names.push(1);
    Ok(names.len())
}",
    ),
    case(
        "second assignment to what is not mut",
        "E0384",
        "
#[retry]
pub async fn f() -> io::Result<u32> {
    let n = 1;
    drop(n);
    n = 2;
    Ok(n)
}",
    ),
    case(
        "closure that outlives what it captures",
        "E0373",
        "
#[retry]
pub fn f() -> io::Result<usize> {
    let names = vec![1];
    let handle = std::thread::spawn(|| names.len());
    drop(handle);
    Ok(1)
}",
    ),
    case(
        "change of what a closure borrows",
        "E0506",
        "
#[retry]
pub async fn f() -> io::Result<u32> {
    let mut n = 1;
    let read = || n;
    n = 2;
    Ok(read())
}",
    ),
    // Names
    case(
        "undefined name",
        "E0425",
        "
#[retry]
pub async fn f() -> io::Result<u32> {
    Ok(nmber)
}",
    ),
    case(
        "undefined module",
        "E0433",
        "
#[retry]
pub fn f() -> io::Result<u32> {
    let map = tree::Map::new();
    Ok(1)
}",
    ),
    case(
        "missing trait import",
        "E0599",
        "
#[retry]
pub fn f(n: u32) -> io::Result<u32> {
    Ok(n.twice())
}",
    ),
    case(
        "unknown field of self",
        "E0609",
        "
impl Client {
    #[retry]
    pub async fn f(&mut self) -> io::Result<bool> {
        self.closed = false;
        Ok(self.open)
    }
}",
    ),
    case(
        "private field",
        "E0616",
        "
#[retry]
pub async fn f() -> io::Result<u32> {
    let sealed = other::Sealed::new();
    Ok(sealed.secret)
}",
    ),
    case(
        "wrong number of arguments",
        "E0061",
        "
#[retry]
pub fn f() -> io::Result<u32> {
    let n = u32::pow(2);
    Ok(n)
}",
    ),
    case(
        "missing field",
        "E0063",
        "
#[retry]
pub fn f() -> io::Result<Client> {
    Ok(Client { open: true })
}",
    ),
    case(
        "missing match arm",
        "E0004",
        "
#[retry]
pub async fn f(kind: &Kind) -> io::Result<u32> {
    match kind {
        Kind::One => Ok(1),
        Kind::Two => Ok(2),
    }
}",
    ),
    case(
        "refutable pattern",
        "E0005",
        "
#[retry]
pub fn f(n: Option<u32>) -> io::Result<u32> {
    let Some(n) = n;
    Ok(n)
}",
    ),
    case(
        "unsafe call",
        "E0133",
        "
#[retry]
pub async fn f() -> io::Result<u32> {
    Ok(other::raw())
}",
    ),
    different(
        "break outside of a loop",
        "E0268",
        "
#[retry]
pub fn f(n: u32) -> io::Result<u32> {
    if n > 1 {
        break;
    }
    Ok(1)
}",
        "the same place and advice, but the compiler has another code for it in a closure",
    ),
    case(
        "break outside of a loop, async",
        "E0267",
        "
#[retry]
pub async fn f(n: u32) -> io::Result<u32> {
    if n > 1 {
        break;
    }
    Ok(1)
}",
    ),
    // Warnings
    case(
        "unused variable",
        "unused_variables",
        "
#[retry]
pub async fn f() -> io::Result<u32> {
    let n = 1;
    Ok(2)
}",
    ),
    case(
        "unused argument",
        "unused_variables",
        "
#[retry]
pub fn f(n: u32) -> io::Result<u32> {
    Ok(2)
}",
    ),
    case(
        "unused argument, async",
        "unused_variables",
        "
#[retry]
pub async fn f(n: u32) -> io::Result<u32> {
    Ok(2)
}",
    ),
    case(
        "unused mut",
        "unused_mut",
        "
#[retry]
pub fn f() -> io::Result<u32> {
    let mut n = 1;
    Ok(n)
}",
    ),
    case(
        "dead assignment",
        "unused_assignments",
        "
#[retry]
pub async fn f() -> io::Result<u32> {
    let mut n = number()?;
    n = 2;
    n = 3;
    Ok(n)
}",
    ),
    case(
        "unused must_use",
        "unused_must_use",
        "
#[retry]
pub fn f() -> io::Result<u32> {
    important();
    Ok(1)
}",
    ),
    case(
        "unreachable code",
        "unreachable_code",
        "
#[retry]
pub fn f() -> io::Result<u32> {
    return Ok(1);
    drop(2);
    Ok(3)
}",
    ),
    case(
        "unreachable code, async",
        "unreachable_code",
        "
#[retry]
pub async fn f() -> io::Result<u32> {
    return Ok(1);
    Ok(3)
}",
    ),
    case(
        "unreachable arm",
        "unreachable_patterns",
        "
#[retry]
pub fn f(n: u32) -> io::Result<u32> {
    match n {
        _ => Ok(1),
        2 => Ok(2),
    }
}",
    ),
    case(
        "unused import",
        "unused_imports",
        "
#[retry]
pub async fn f() -> io::Result<u32> {
    use std::rc::Rc;
    Ok(1)
}",
    ),
    case(
        "deprecated",
        "deprecated",
        "
#[retry]
pub fn f() -> io::Result<u32> {
    Ok(other::old())
}",
    ),
    case(
        "needless parentheses",
        "unused_parens",
        "
#[retry]
pub async fn f(n: u32) -> io::Result<u32> {
    if (n > 1) {
        return Ok(2);
    }
    Ok(1)
}",
    ),
    different(
        "endless recursion",
        "unconditional_recursion",
        "
#[retry]
pub fn f() -> io::Result<u32> {
    f()
}",
        "this lint of the compiler does not look into closures",
    ),
];

/// What the compiler says about a place.
struct Diagnostic {
    level: String,
    code: String,
    line: u64,
    column: u64,
    message: String,
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            level,
            code,
            line,
            column,
            message,
        } = self;
        write!(formatter, "{line}:{column} {level}[{code}]: {message}")
    }
}

struct Compiler {
    rustc: PathBuf,
    retry_core: PathBuf,
    folder: PathBuf,
}

impl Compiler {
    fn all(&self, name: &str, source: &str) -> Vec<Diagnostic> {
        let file = self.folder.join(name).with_extension("rs");
        fs::write(&file, source).expect("the case is written");
        let output = Command::new(&self.rustc)
            .args(["--edition=2024", "--crate-type=lib", "--emit=metadata"])
            .args(["--error-format=json", "-o"])
            .arg(file.with_extension("rmeta"))
            .arg("--extern")
            .arg(format!("retry_core={}", self.retry_core.display()))
            .arg("-L")
            .arg(self.retry_core.parent().expect("it lies in a folder"))
            .arg(&file)
            .output()
            .expect("the compiler runs");
        let said = String::from_utf8(output.stderr).expect("the compiler writes UTF-8");
        said.lines()
            .map(|line| serde_json::from_str(line).expect("the compiler writes JSON"))
            .filter_map(|message| diagnostic(&message))
            .collect()
    }
}

/// What a message says about a place, if it is about one.
fn diagnostic(message: &Value) -> Option<Diagnostic> {
    let span = message["spans"]
        .as_array()?
        .iter()
        .find(|span| span["is_primary"] == true)?;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    Some(Diagnostic {
        level: text(&message["level"]),
        code: text(&message["code"]["code"]),
        line: span["line_start"].as_u64()?,
        column: span["column_start"].as_u64()?,
        message: text(&message["message"]),
    })
}

/// The runtime as this test was built with it. Everything is fresh, so that cargo only says where it lies.
fn retry_core() -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .parent()
        .expect("it lies in the target folder");
    let output = Command::new(env!("CARGO"))
        .args(["test", "--no-run", "--test=parity", "--offline"])
        .arg("--message-format=json")
        .arg("--target-dir")
        .arg(target)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs");
    let said = String::from_utf8(output.stdout).expect("cargo writes UTF-8");
    said.lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|artifact| artifact["target"]["name"] == "retry_core")
        .filter_map(|artifact| artifact["filenames"][0].as_str().map(PathBuf::from))
        .find(|file| {
            file.extension()
                .is_some_and(|extension| extension == "rlib")
        })
        .unwrap_or_else(|| {
            panic!(
                "no retry_core among what cargo built: {}",
                String::from_utf8_lossy(&output.stderr)
            )
        })
}

/// What is wrong with a case, if anything is.
fn complaint(compiler: &Compiler, index: usize, case: &Case) -> Option<String> {
    let Case {
        name,
        code,
        source,
        differs,
    } = case;
    assert_eq!(source.matches(MARK).count(), 1, "{name}");
    let without = format!("{PRELUDE}{source}").replace(MARK, "// ");
    let with = format!("{PRELUDE}{source}").replace(MARK, "#[retry_core::retry]");
    let without = compiler.all(&format!("{index}_without"), &without);
    let with = compiler.all(&format!("{index}_with"), &with);
    let list = |all: &[Diagnostic]| {
        let lines: Vec<String> = all.iter().map(Diagnostic::to_string).collect();
        lines.join("\n      ")
    };
    let said = format!(
        "{name}\n    without:\n      {}\n    with:\n      {}",
        list(&without),
        list(&with)
    );
    let Some(expected) = without.first() else {
        return Some(format!("{said}\n    no mistake"));
    };
    if expected.code != *code {
        return Some(format!("{said}\n    not the mistake [{code}]"));
    }
    let place = |one: &Diagnostic| (one.level.clone(), one.code.clone(), one.line, one.column);
    let same = with.iter().map(place).eq(without.iter().map(place));
    match (same, differs) {
        (true, None) | (false, Some(_)) => None,
        (false, None) => Some(format!("{said}\n    differ")),
        (true, Some(_)) => Some(format!("{said}\n    no longer differ")),
    }
}

#[test]
fn mistakes_in_a_body_are_reported_where_they_are() {
    let rustc = std::env::var_os("RUSTC").map_or_else(|| "rustc".into(), PathBuf::from);
    let version = Command::new(&rustc)
        .arg("--version")
        .output()
        .map(|output| String::from_utf8_lossy(&output.stdout).into_owned())
        .unwrap_or_default();
    if !version.starts_with(PINNED) {
        // Not `eprintln!`, which a passing test swallows.
        let mut screen = std::io::stderr();
        let _ = writeln!(
            screen,
            "SKIPPED: the compiler's own messages are compared on {PINNED}x, and this is {version}"
        );
        return;
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("parity");
    fs::create_dir_all(&folder).expect("there is room for the cases");
    let compiler = Compiler {
        rustc,
        retry_core: retry_core(),
        folder,
    };
    let next = AtomicUsize::new(0);
    let work = || {
        let mut complaints = Vec::new();
        while let Some((index, case)) = {
            let index = next.fetch_add(1, Ordering::Relaxed);
            CASES.get(index).map(|case| (index, case))
        } {
            complaints.extend(complaint(&compiler, index, case));
        }
        complaints
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let complaints: Vec<String> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        workers
            .into_iter()
            .flat_map(|worker| worker.join().expect("no case panics"))
            .collect()
    });
    assert!(complaints.is_empty(), "{}", complaints.join("\n\n"));
}
