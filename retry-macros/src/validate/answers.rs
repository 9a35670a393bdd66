//! What a closure visibly answers, whatever it is given: only what stands there is looked at, and anything else may be any answer.

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens as _;
use syn::{Block, Expr, ExprLit, ExprPath, Lit, Stmt};

/// The classes, as the keys of rules and as variants of `ErrorClass`.
const CLASSES: [(&str, &str); 8] = [
    ("auth", "Auth"),
    ("permission", "Permission"),
    ("permanent", "Permanent"),
    ("concurrency", "Concurrency"),
    ("rate_limit", "RateLimit"),
    ("server_error", "ServerError"),
    ("transient", "Transient"),
    ("unknown", "Unknown"),
];

/// What a classifier may say.
#[derive(Default)]
pub(super) struct Classes {
    /// By the names of the keys, each once.
    pub(super) named: Vec<&'static str>,
    /// A hint when to come back.
    pub(super) hint: bool,
}

/// What the closure `classify` says of errors.
pub(super) fn classes(closure: &Expr) -> Option<Classes> {
    let mut classes = Classes::default();
    each(body(closure)?, &mut |answer| class(answer, &mut classes))?;
    Some(classes)
}

/// What the closure `classify_value` says of values, and whether it accepts any.
pub(super) fn optional_classes(closure: &Expr) -> Option<(Classes, bool)> {
    let (mut classes, mut accepts) = (Classes::default(), false);
    each(body(closure)?, &mut |answer| match answer {
        Expr::Path(path) if ends_with(path, &["None"]) => {
            accepts = true;
            Some(())
        }
        Expr::Call(call) if matches!(&*call.func, Expr::Path(path) if ends_with(path, &["Some"])) => {
            class(call.args.first()?, &mut classes)
        }
        _ => diverges(answer),
    })?;
    Some((classes, accepts))
}

/// The answer of a closure that is always the same.
pub(super) fn always(closure: &Expr) -> Option<bool> {
    let mut said = Vec::new();
    each(body(closure)?, &mut |answer| match answer {
        Expr::Lit(ExprLit {
            lit: Lit::Bool(answer),
            ..
        }) => {
            said.push(answer.value);
            Some(())
        }
        _ => diverges(answer),
    })?;
    let first = *said.first()?;
    said.iter().all(|answer| *answer == first).then_some(first)
}

fn body(closure: &Expr) -> Option<&Expr> {
    match closure {
        Expr::Closure(closure) if closure.asyncness.is_none() => {
            (!leaves_early(closure.body.to_token_stream())).then_some(&*closure.body)
        }
        Expr::Paren(inner) => body(&inner.expr),
        Expr::Group(inner) => body(&inner.expr),
        _ => None,
    }
}

/// Whether anything but the end of the body may be an answer.
fn leaves_early(tokens: TokenStream) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(word) => word == "return",
        TokenTree::Punct(punct) => punct.as_char() == '?',
        TokenTree::Group(group) => leaves_early(group.stream()),
        TokenTree::Literal(_) => false,
    })
}

/// Calls `visit` with each expression that may be the value of this one; `None` if not all of them can be told.
fn each(expression: &Expr, visit: &mut dyn FnMut(&Expr) -> Option<()>) -> Option<()> {
    match expression {
        Expr::Paren(inner) => each(&inner.expr, visit),
        Expr::Group(inner) => each(&inner.expr, visit),
        Expr::Block(block) if block.label.is_none() => each(tail(&block.block)?, visit),
        Expr::If(branch) => {
            each(tail(&branch.then_branch)?, visit)?;
            each(&branch.else_branch.as_ref()?.1, visit)
        }
        Expr::Match(choice) => choice
            .arms
            .iter()
            .try_for_each(|arm| each(&arm.body, visit)),
        other => visit(other),
    }
}

fn tail(block: &Block) -> Option<&Expr> {
    match block.stmts.as_slice() {
        [Stmt::Expr(tail, None)] => Some(tail),
        _ => None,
    }
}

/// `ErrorClass::Transient`, also as a `Classification`.
fn class(expression: &Expr, classes: &mut Classes) -> Option<()> {
    match expression {
        Expr::Paren(inner) => class(&inner.expr, classes),
        Expr::Group(inner) => class(&inner.expr, classes),
        Expr::Path(path) => {
            let (name, _) = CLASSES
                .iter()
                .find(|(_, variant)| ends_with(path, &["ErrorClass", variant]))?;
            if !classes.named.contains(name) {
                classes.named.push(name);
            }
            Some(())
        }
        Expr::Call(call) => match &*call.func {
            Expr::Path(path)
                if ends_with(path, &["Classification", "new"])
                    || ends_with(path, &["Classification", "from"]) =>
            {
                class(call.args.first()?, classes)
            }
            _ => None,
        },
        Expr::MethodCall(call) => {
            match call.method.to_string().as_str() {
                "into" | "with_reason" => {}
                "with_retry_after" => classes.hint = true,
                _ => return None,
            }
            class(&call.receiver, classes)
        }
        _ => diverges(expression),
    }
}

fn diverges(expression: &Expr) -> Option<()> {
    let Expr::Macro(call) = expression else {
        return None;
    };
    let name = &call.mac.path.segments.last()?.ident;
    ["panic", "unreachable", "unimplemented", "todo"]
        .iter()
        .any(|macro_name| name == macro_name)
        .then_some(())
}

fn ends_with(path: &ExprPath, words: &[&str]) -> bool {
    let segments = &path.path.segments;
    path.qself.is_none()
        && segments.len() >= words.len()
        && segments
            .iter()
            .rev()
            .zip(words.iter().rev())
            .all(|(segment, word)| segment.ident == word && segment.arguments.is_empty())
}

#[cfg(test)]
mod tests {
    use super::{always, classes, optional_classes};

    fn named(closure: &str) -> Option<(Vec<&'static str>, bool)> {
        let closure = syn::parse_str(closure).expect("it is an expression");
        classes(&closure).map(|classes| (classes.named, classes.hint))
    }

    #[test]
    fn what_stands_there_is_known() {
        let permanent = Some((vec!["permanent"], false));
        assert_eq!(named("|_| ErrorClass::Permanent"), permanent);
        assert_eq!(
            named("|_| { retry_core::ErrorClass::Permanent }"),
            permanent
        );
        assert_eq!(
            named(
                "|_: &E| -> Classification { Classification::new(ErrorClass::Permanent).with_reason(\"no\") }"
            ),
            permanent
        );
        assert_eq!(
            named(
                "|e| if e.is_busy() { ErrorClass::RateLimit } else if matches!(e, E::A) { ErrorClass::Auth } else { ErrorClass::Auth.into() }"
            ),
            Some((vec!["rate_limit", "auth"], false))
        );
        assert_eq!(
            named(
                "|e| match e { E::A => ErrorClass::Transient, E::B(d) => Classification::from(ErrorClass::RateLimit).with_retry_after(*d), E::C => unreachable!() }"
            ),
            Some((vec!["transient", "rate_limit"], true))
        );
    }

    #[test]
    fn what_does_not_stand_there_may_be_anything() {
        for closure in [
            "by_code",
            "|e| by_code(e)",
            "|e| http_status(e.0)",
            "|e| { let class = ErrorClass::Auth; class }",
            "|e| { if e.0 { return ErrorClass::Transient; } ErrorClass::Auth }",
            "|e| { e.known()?; ErrorClass::Auth }",
            "|e| if e.is_busy() { ErrorClass::RateLimit } else { e.class() }",
            "|e| match e { E::A => return ErrorClass::Auth, _ => ErrorClass::Auth }",
            "|e| class!(e)",
            "|_| Permanent",
            "|e| ErrorClass::of(e)",
            "move |_| FALLBACK",
        ] {
            assert_eq!(named(closure), None, "{closure}");
        }
    }

    #[test]
    fn values_are_judged_by_an_option() {
        let judged = |closure: &str| {
            let closure = syn::parse_str(closure).expect("it is an expression");
            optional_classes(&closure).map(|(classes, accepts)| (classes.named, accepts))
        };
        assert_eq!(judged("|_| None"), Some((vec![], true)));
        assert_eq!(
            judged("|job| if job.done() { None } else { Some(ErrorClass::Transient.into()) }"),
            Some((vec!["transient"], true))
        );
        assert_eq!(
            judged("|_| Some(ErrorClass::Transient.into())"),
            Some((vec!["transient"], false))
        );
        assert_eq!(judged("|job| job.failure()"), None);
        assert_eq!(
            judged("|job| (job.0).then(|| ErrorClass::Transient.into())"),
            None
        );
    }

    #[test]
    fn an_answer_may_always_be_the_same() {
        let always = |closure: &str| always(&syn::parse_str(closure).expect("an expression"));
        assert_eq!(always("|_| true"), Some(true));
        assert_eq!(always("|_| { false }"), Some(false));
        assert_eq!(always("|e| if e.0 { true } else { true }"), Some(true));
        assert_eq!(always("|e| if e.0 { true } else { false }"), None);
        assert_eq!(always("|e| e.0"), None);
        assert_eq!(always("is_busy"), None);
        assert_eq!(always("|_| YES"), None);
    }
}
