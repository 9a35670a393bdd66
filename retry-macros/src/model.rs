//! What was written, with every value next to the tokens it came from.

use std::rc::Rc;
use std::time::Duration;

use proc_macro2::{Group, Ident, TokenStream};
use quote::ToTokens;
use syn::{Attribute, Expr, LitStr, Pat, Path, Signature, Stmt, Token, Type, Visibility};

use crate::grammar::Kind;

/// A value and the key that introduced it.
#[derive(Clone)]
pub(crate) struct Keyed<T> {
    pub(crate) key: Ident,
    pub(crate) value: T,
}

/// A duration: a literal that was understood, or an expression that the compiler will evaluate.
#[derive(Clone)]
pub(crate) enum Time {
    Literal { written: LitStr, value: Duration },
    Expression(Box<Expr>),
}

impl Time {
    pub(crate) fn literal(&self) -> Option<Duration> {
        match self {
            Self::Literal { value, .. } => Some(*value),
            Self::Expression(_) => None,
        }
    }
}

impl ToTokens for Time {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        match self {
            Self::Literal { written, .. } => written.to_tokens(tokens),
            Self::Expression(expression) => expression.to_tokens(tokens),
        }
    }
}

/// A number of attempts.
#[derive(Clone)]
pub(crate) enum Count {
    Literal { written: Expr, value: u32 },
    Unlimited(Ident),
    Expression(Expr),
}

impl Count {
    pub(crate) fn literal(&self) -> Option<u32> {
        match self {
            Self::Literal { value, .. } => Some(*value),
            Self::Unlimited(_) | Self::Expression(_) => None,
        }
    }
}

impl ToTokens for Count {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        match self {
            Self::Literal { written, .. } | Self::Expression(written) => written.to_tokens(tokens),
            Self::Unlimited(word) => word.to_tokens(tokens),
        }
    }
}

/// A plain number: a literal that was understood, or an expression.
#[derive(Clone)]
pub(crate) struct Number {
    pub(crate) written: Expr,
    pub(crate) value: Option<f64>,
}

/// How much of a delay is left to chance.
#[derive(Clone)]
pub(crate) enum Jitter {
    /// `none`, `full`, `equal`
    Named(Ident),
    /// `0.3`
    Spread(Number),
    Expression(Expr),
}

impl ToTokens for Jitter {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        match self {
            Self::Named(word) => word.to_tokens(tokens),
            Self::Spread(number) => number.written.to_tokens(tokens),
            Self::Expression(expression) => expression.to_tokens(tokens),
        }
    }
}

/// The rule that gives the delay before the next attempt.
#[derive(Clone)]
pub(crate) enum Backoff {
    Known(Box<KnownBackoff>),
    Expression(Box<Expr>),
}

/// A backoff that was written in the attribute's own words.
#[derive(Clone)]
pub(crate) struct KnownBackoff {
    pub(crate) kind: &'static Kind,
    pub(crate) name: Ident,
    /// The delay or the delays that have no name.
    pub(crate) delays: Vec<Time>,
    /// The function of `custom`.
    pub(crate) function: Option<Expr>,
    pub(crate) max: Option<Keyed<Time>>,
    pub(crate) min: Option<Keyed<Time>>,
    pub(crate) factor: Option<Keyed<Number>>,
    pub(crate) jitter: Option<Keyed<Jitter>>,
}

/// What is different for one class of failures.
#[derive(Clone)]
pub(crate) enum Rule {
    Never(Ident),
    Own(Box<OwnRule>),
}

/// The keys of a class rule.
#[derive(Clone)]
pub(crate) struct OwnRule {
    pub(crate) attempts: Option<Keyed<Count>>,
    pub(crate) backoff: Option<Keyed<Backoff>>,
}

/// A word of a closed set, or an expression of the type it stands for.
#[derive(Clone)]
pub(crate) enum RetryAfter {
    Honor(Ident),
    Ignore(Ident),
    Expression(Expr),
}

/// What the caller gets.
#[derive(Clone)]
pub(crate) enum Form {
    Result,
    Outcome,
}

/// The attribute.
#[derive(Clone, Default)]
pub(crate) struct Config {
    pub(crate) policy: Option<Keyed<Expr>>,
    pub(crate) attempts: Option<Keyed<Count>>,
    pub(crate) deadline: Option<Keyed<Time>>,
    pub(crate) attempt_timeout: Option<Keyed<Time>>,
    pub(crate) backoff: Option<Keyed<Backoff>>,
    pub(crate) jitter: Option<Keyed<Jitter>>,
    /// The class rules, in the order they were written.
    pub(crate) rules: Vec<Keyed<Rule>>,
    pub(crate) retry_after: Option<Keyed<RetryAfter>>,
    pub(crate) retry_after_max: Option<Keyed<Time>>,
    pub(crate) classify: Option<Keyed<Expr>>,
    pub(crate) retry_if: Option<Keyed<Expr>>,
    pub(crate) retry_until: Option<Keyed<Expr>>,
    pub(crate) classify_value: Option<Keyed<Expr>>,
    pub(crate) breaker: Option<Keyed<Expr>>,
    pub(crate) budget: Option<Keyed<Expr>>,
    pub(crate) bulkhead: Option<Keyed<Expr>>,
    pub(crate) abort: Option<Keyed<Expr>>,
    pub(crate) observe: Option<Keyed<Expr>>,
    pub(crate) on_retry: Option<Keyed<Expr>>,
    pub(crate) on_giving_up: Option<Keyed<Expr>>,
    pub(crate) on_stop: Option<Keyed<Expr>>,
    pub(crate) fallback: Option<Keyed<Expr>>,
    pub(crate) returns: Option<Keyed<Form>>,
    pub(crate) timeline: Option<Keyed<Expr>>,
    pub(crate) operation: Option<Keyed<Expr>>,
    pub(crate) clone: Vec<Ident>,
    pub(crate) carry: Vec<Ident>,
    /// Names of lints, each once.
    pub(crate) allow: Vec<Ident>,
    pub(crate) runtime: Option<Path>,
    /// Keys whose value could not be understood; nothing is concluded from their absence.
    pub(crate) failed: Vec<&'static str>,
    /// The keys as they stand there, for editors.
    pub(crate) written: Vec<Ident>,
}

impl Config {
    /// The key because of which the caller gets an `Outcome`.
    pub(crate) fn returns_outcome(&self) -> Option<&Ident> {
        match &self.returns {
            Some(Keyed {
                key,
                value: Form::Outcome,
            }) => Some(key),
            _ => None,
        }
    }

    /// The key because of which a call can end without an error of its own.
    pub(crate) fn stops_without_an_error(&self) -> Option<&Ident> {
        None.or(self.attempt_timeout.as_ref().map(|keyed| &keyed.key))
            .or(self.abort.as_ref().map(|keyed| &keyed.key))
            .or(self.retry_until.as_ref().map(|keyed| &keyed.key))
            .or(self.classify_value.as_ref().map(|keyed| &keyed.key))
            .or(self.breaker.as_ref().map(|keyed| &keyed.key))
            .or(self.bulkhead.as_ref().map(|keyed| &keyed.key))
    }
}

/// How the attempts are awaited, if they are.
pub(crate) enum Flavor {
    Blocking,
    Async,
    /// What `#[async_trait]` leaves behind.
    Boxed(Box<Boxed>),
}

/// The body that `#[async_trait]` made: `Box::pin(async move { …; let __ret: T = { the user's body }; __ret })`.
pub(crate) struct Boxed {
    /// The whole call of `Box::pin`, with the user's body in it.
    pub(crate) call: syn::ExprCall,
    /// Which statement of the async block holds the user's body.
    pub(crate) at: usize,
    /// The type that the user wrote behind the arrow.
    pub(crate) output: Type,
    /// The name that stands for `self` in the body.
    pub(crate) receiver: Option<Ident>,
}

impl Boxed {
    /// The async block that is pinned.
    fn block(&self) -> Option<&syn::Block> {
        match self.call.args.first() {
            Some(Expr::Async(block)) => Some(&block.block),
            _ => None,
        }
    }

    /// The statements in front of the user's body, which bind the arguments.
    pub(crate) fn prelude(&self) -> &[Stmt] {
        self.block().map_or(&[], |block| &block.stmts[..self.at])
    }

    /// The same, to be changed.
    pub(crate) fn prelude_mut(&mut self) -> &mut [Stmt] {
        match self.call.args.first_mut() {
            Some(Expr::Async(block)) => &mut block.block.stmts[..self.at],
            _ => &mut [],
        }
    }

    /// Removes statements in front of the user's body.
    pub(crate) fn remove_from_prelude(&mut self, remove: impl Fn(&Stmt) -> bool) {
        let Some(Expr::Async(block)) = self.call.args.first_mut() else {
            return;
        };
        let body = block.block.stmts.split_off(self.at);
        block.block.stmts.retain(|statement| !remove(statement));
        self.at = block.block.stmts.len();
        block.block.stmts.extend(body);
    }

    /// The user's body, a block.
    pub(crate) fn body_mut(&mut self) -> Option<&mut Expr> {
        let Some(Expr::Async(block)) = self.call.args.first_mut() else {
            return None;
        };
        match block.block.stmts.get_mut(self.at) {
            Some(Stmt::Local(local)) => local.init.as_mut().map(|init| &mut *init.expr),
            _ => None,
        }
    }
}

/// A parameter marked `#[attempt]`.
pub(crate) struct AttemptParameter {
    pub(crate) marker: Attribute,
    /// The others.
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) pattern: Pat,
    pub(crate) ty: Type,
}

/// The function under the attribute, its body left as it was.
pub(crate) struct Function {
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) visibility: Visibility,
    pub(crate) defaultness: Option<Token![default]>,
    /// Without the parameters that the loop supplies.
    pub(crate) signature: Signature,
    /// One at most, once it has been checked.
    pub(crate) attempt: Vec<AttemptParameter>,
    pub(crate) inner_attributes: Vec<Attribute>,
    /// The body without its inner attributes, in its braces.
    pub(crate) body: Group,
    pub(crate) flavor: Flavor,
    /// The block that it is a method of, where that is known.
    pub(crate) home: Option<Rc<Home>>,
}

/// What a method has to know about its `impl` block.
pub(crate) struct Home {
    /// The names of its type and const parameters.
    pub(crate) generics: Vec<Ident>,
    /// What `Self` stands for, if that can be written anywhere.
    pub(crate) plain_self: Option<Type>,
}

impl Function {
    pub(crate) fn is_async(&self) -> bool {
        !matches!(self.flavor, Flavor::Blocking)
    }

    /// The type that an attempt gives.
    pub(crate) fn output(&self) -> Option<&Type> {
        match (&self.flavor, &self.signature.output) {
            (Flavor::Boxed(boxed), _) => Some(&boxed.output),
            (_, syn::ReturnType::Type(_, ty)) => Some(ty),
            (_, syn::ReturnType::Default) => None,
        }
    }
}
