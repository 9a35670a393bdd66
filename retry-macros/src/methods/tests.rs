//! The block on token streams: what comes out, and what is left when something is wrong.

use proc_macro2::{TokenStream, TokenTree};
use quote::quote;

use super::expanded;
use crate::grammar::{BLOCK, METHOD};

fn expand(keys: &str, block: TokenStream) -> String {
    let keys = keys.parse().expect("the keys are tokens");
    expanded(keys, block).to_string()
}

/// Every message about these keys on this block, in order.
fn complaints(keys: &str, block: &str) -> Vec<String> {
    let keys: TokenStream = keys.parse().expect("the keys are tokens");
    let block: TokenStream = block.parse().expect("the block is tokens");
    let tokens: Vec<TokenTree> = expanded(keys, block).into_iter().collect();
    let mut found = Vec::new();
    for (index, token) in tokens.iter().enumerate() {
        if matches!(token, TokenTree::Ident(word) if word == "compile_error") {
            if let Some(TokenTree::Group(group)) = tokens.get(index + 2) {
                let text: syn::LitStr = syn::parse2(group.stream()).expect("a message is a string");
                found.push(text.value());
            }
        }
    }
    found
}

#[test]
fn what_is_not_retried_comes_out_as_it_went_in() {
    let before = quote! {
        #![allow(dead_code)]
        const A: [u8; 1] = { [0; 1] };
        type B = u8;
        make! { fn of_a_macro() -> Result<(), E> {} }
        make!(of_another);
        #[doc = "kept"]
        pub(crate) const fn constant() -> Result<[u8; { 1 }], E> { Ok([0]) }
        gen fn generated() -> u8 { 1 }
        fn bodiless() -> Result<(), E>;
        #[inline]
        fn half_typed(&self) { let x = ; }
    };
    let block = quote! { impl<T> Client<T> where T: Copy { #before #[retry(skip)] fn read() -> Result<(), E> { Ok(()) } fn write() -> Result<(), E> { Ok(()) } } };
    let output = expand("", block);
    assert!(
        output.starts_with("impl < T > Client < T > where T : Copy {"),
        "{output}"
    );
    assert!(output.contains(&before.to_string()), "{output}");
    assert!(
        output.contains("fn read () -> Result < () , E > { Ok (()) }"),
        "{output}"
    );
    assert_eq!(output.matches(":: run_blocking").count(), 1, "{output}");
    assert!(!output.contains("retry (skip)"), "{output}");
}

#[test]
fn a_broken_block_is_left_without_our_attributes() {
    let block = quote! {
        #[doc = "block"]
        unsafe impl Read for Client {
            #[retry(skip)]
            #[doc = "read"]
            fn read() -> Result<(), E> { Ok(()) }
            #[other::retry]
            #[cfg_attr(a, retry, inline)]
            #[cfg_attr(b, retry(skip))]
            fn write(#[attempt] attempt: Attempt) -> Result<(), E> { Ok(()) }
        }
    };
    let output = expand("", block);
    let (item, _) = output
        .split_once(":: core :: compile_error")
        .expect("something is wrong");
    assert!(!item.contains("retry"), "{item}");
    assert!(item.contains("# [doc = \"read\"] fn read ()"), "{item}");
    assert!(
        item.contains("# [cfg_attr (a , inline)] fn write ()"),
        "{item}"
    );
}

#[test]
fn a_wrong_default_is_reported_once_and_each_method_for_itself() {
    let block = "impl Client {
        #[retry(attempts = 0)] fn a() -> Result<(), E> {}
        #[retry(attempts = 0)] fn b() -> Result<(), E> {}
        fn c() -> Result<(), E> {}
        fn d() -> Result<(), E> {}
    }";
    assert_eq!(complaints("attempts = 0", block).len(), 3);
    assert_eq!(complaints("deadline = \"0s\"", block).len(), 3);
}

#[test]
fn defaults_that_every_method_overrides_need_not_fit_the_usual_ones() {
    let block = "impl Client { #[retry(attempts = 9)] fn a() -> Result<(), E> {} }";
    assert_eq!(complaints("rate_limit(attempts = 5)", block), [""; 0]);
    assert_eq!(
        complaints("attempts = 2, rate_limit(attempts = 5)", block).len(),
        1
    );
}

#[test]
fn every_key_is_documented_once_and_those_of_nobody_at_the_first_method() {
    let output = expand(
        "attempts = 2, backoff = none, default = skip, methods(a, b(deadline = \"1m\"), c(skip))",
        quote! { impl Client {
            fn a() -> Result<(), E> {}
            fn b() -> Result<(), E> {}
            fn c() -> Result<(), E> {}
        } },
    );
    assert!(
        output
            .contains("keys :: attempts :: backoff :: default :: methods :: skip :: run_blocking"),
        "{output}"
    );
    assert!(
        output.contains("keys :: deadline :: run_blocking"),
        "{output}"
    );
}

#[test]
fn a_default_is_for_the_methods_that_have_a_use_for_it() {
    let defaults = "attempts = 5, backoff = fixed(\"1s\"), jitter = 0.1, deadline = \"1m\", rate_limit(attempts = 2), retry_after_max = \"9s\", abort = A, on_retry = h, on_stop = f";
    let block = "impl Client {
        fn a() -> Result<(), E> {}
        #[retry(attempts = 1)] fn b() -> Result<(), E> {}
        #[retry(retry_if = f, transient(backoff = none))] fn c() -> Result<(), E> {}
        #[retry(rate_limit(attempts = 1), unknown(attempts = 1))] fn d() -> Result<(), E> {}
    }";
    assert_eq!(complaints(defaults, block), [""; 0]);
    // Nobody is left who has.
    let block = "impl Client {
        #[retry(attempts = 1)] fn a() -> Result<(), E> {}
        #[retry(retry_if = f, transient(backoff = none))] fn b() -> Result<(), E> {}
    }";
    let defaults = "attempts = 5, backoff = fixed(\"1s\"), deadline = \"1m\", rate_limit(attempts = 2), on_stop = f";
    let idle = complaints(defaults, block);
    assert_eq!(idle.len(), 3, "{idle:#?}");
    for (message, key) in idle.iter().zip(["`backoff`", "`rate_limit`", "`on_stop`"]) {
        assert!(message.contains(key), "{message}");
    }
}

#[test]
fn a_method_may_lift_what_the_defaults_judge() {
    let block = "impl Client {
        fn a() -> Result<u8, E> {}
        #[retry(retry_until = |_| true, retry_if = |_| true)] fn b() -> Result<u8, E> {}
    }";
    assert_eq!(
        complaints("classify = f, retry_if = g, classify_value = h", block),
        [""; 0]
    );
    assert_eq!(complaints("classify = f", block).len(), 2);
}

#[test]
fn a_key_of_a_method_needs_an_effect_of_its_own() {
    let block = "impl Client {
        fn a() -> Result<(), E> {}
        #[retry(attempts = 1, backoff = none)] fn b() -> Result<(), E> {}
        #[retry(retry_if = f, rate_limit(attempts = 2))] fn c() -> Result<(), E> {}
    }";
    let defaults = "backoff = fixed(\"1s\"), rate_limit(attempts = 3)";
    assert_eq!(complaints(defaults, block).len(), 2);
}

#[test]
fn the_documentation_says_what_holds_for_the_method() {
    let block = quote! { impl Client {
        fn a() -> Result<(), E> {}
        #[retry(attempts = 5, rate_limit(attempts = 2))] fn b() -> Result<(), E> {}
        #[retry(skip)] fn c() -> Result<(), E> {}
    } };
    let output = expand(
        "attempts = 4, backoff = fixed(\"1s\"), rate_limit(backoff = fixed(\"9s\"))",
        block,
    );
    assert_eq!(output.matches("# Retries").count(), 2, "{output}");
    assert!(
        output.contains(
            "Up to 4 attempts, waiting 1s each time. Rate limits are retried waiting 9s each time."
        ),
        "{output}"
    );
    assert!(
        output.contains(
            "Up to 5 attempts, waiting 1s each time. Rate limits are retried once, waiting 9s."
        ),
        "{output}"
    );
}

#[test]
fn what_cannot_be_read_is_named_only_to_whoever_wants_it_retried() {
    let block = "impl Client { fn a() -> Result<(), E> {} gen fn b() -> u8 { 1 } }";
    assert_eq!(complaints("", block), [""; 0]);
    assert_eq!(
        complaints("methods(b)", block),
        ["a `gen fn` cannot be retried; use a plain `fn` or `async fn`"]
    );
}

#[test]
fn nothing_makes_it_panic() {
    let blocks = [
        "",
        "impl",
        "impl X",
        "impl X {",
        "{}",
        "impl X { fn }",
        "impl X { fn f( {} }",
        "impl X { # }",
        "impl X { #[retry] }",
        "impl { fn f() -> Result<(), E> {} }",
        "fn f() {}",
        "struct X;",
        "trait X {}",
    ];
    let keys = [
        "",
        "methods",
        "methods()",
        "methods(,)",
        "methods(a(",
        "methods(a(b(c)))",
        "default",
        "default =",
        "default = = skip",
        ", ,",
        "methods(a b c)",
        "attempts = 5 methods(a)",
    ];
    for block in blocks {
        for keys in keys {
            if let (Ok(keys), Ok(block)) = (keys.parse(), block.parse()) {
                let _ = expanded(keys, block);
            }
        }
    }
}

#[test]
fn the_reference_describes_the_keys_of_the_block() {
    let reference = include_str!("../../retry_methods.md");
    for word in BLOCK {
        assert!(
            reference.contains(&format!("\n## `{}`\n", word.name)),
            "{}",
            word.name
        );
    }
    for word in METHOD {
        assert!(
            reference.contains(&format!("`#[retry({})]` on a method", word.name)),
            "{}",
            word.name
        );
    }
}

#[test]
fn every_example_of_the_grammar_is_accepted() {
    let block = "impl Client {
        async fn read() -> Result<(), E> {}
        #[retry] async fn write() -> Result<(), E> {}
        #[retry] async fn other() -> Result<(), E> {}
    }";
    for word in BLOCK {
        let keys = word.example.replace("write", "other");
        let block = block.replace("#[retry] async fn other", "async fn other");
        assert_eq!(complaints(&keys, &block), [""; 0], "{keys}");
    }
    for word in METHOD {
        let block = block.replacen("#[retry]", &format!("#[retry({})]", word.example), 1);
        assert_eq!(complaints("", &block), [""; 0], "{}", word.example);
    }
}
