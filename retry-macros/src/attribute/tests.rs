//! The attribute on token streams: what is reported and where, and what comes out.

use proc_macro2::{TokenStream, TokenTree};
use quote::quote;

use super::{expanded, guarded};
use crate::errors::Errors;
use crate::grammar::{
    BACKOFFS, BLOCK, JITTERS, KEYS, LINTS, METHOD, MODIFIERS, REFUSED, RULE, SYNONYMS,
};
use crate::parse;

const FUNCTION: &str = "async fn fetch(body: Vec<u8>) -> Result<(), E> { body; }";

/// Every message about these keys on this function, with the column that it is at.
fn complaints(keys: &str, function: &str) -> Vec<(usize, String)> {
    let keys: TokenStream = keys.parse().expect("the keys are tokens");
    let function: TokenStream = function.parse().expect("the function is tokens");
    let output = expanded(keys, function);
    let tokens: Vec<TokenTree> = output.into_iter().collect();
    let mut found = Vec::new();
    for (index, token) in tokens.iter().enumerate() {
        let TokenTree::Ident(word) = token else {
            continue;
        };
        if word != "compile_error" {
            continue;
        }
        let Some(TokenTree::Group(group)) = tokens.get(index + 2) else {
            continue;
        };
        let text: syn::LitStr = syn::parse2(group.stream()).expect("a message is a string");
        found.push((word.span().start().column, text.value()));
    }
    found
}

#[track_caller]
fn assert_fine(keys: &str) {
    assert_eq!(complaints(keys, FUNCTION), [], "{keys}");
}

#[track_caller]
fn assert_at(keys: &str, places: &[usize]) {
    let complaints = complaints(keys, FUNCTION);
    let columns: Vec<usize> = complaints.iter().map(|(column, _)| *column).collect();
    assert_eq!(columns, places, "{keys}: {complaints:#?}");
}

/// What is left of the item when something is wrong with it.
fn survivor(keys: &str, function: TokenStream) -> String {
    let output = expanded(keys.parse().expect("the keys are tokens"), function).to_string();
    let (item, _) = output
        .split_once(":: core :: compile_error")
        .expect("something is wrong");
    item.trim().to_owned()
}

#[test]
fn every_example_of_the_grammar_is_accepted() {
    for key in KEYS {
        let mut errors = Errors::default();
        parse::attribute(
            key.example.parse().expect("an example is tokens"),
            &mut errors,
        );
        let problem = errors.finish().err().map(|error| error.to_string());
        assert_eq!(problem, None, "{}", key.example);
    }
    for backoff in BACKOFFS {
        assert_fine(&format!("backoff = {}", backoff.word.example));
    }
    for jitter in JITTERS {
        assert_fine(&format!("jitter = {}", jitter.example));
    }
    for lint in LINTS {
        assert_fine(&format!("allow({})", lint.example));
    }
    for rule in RULE {
        assert_fine(&format!("attempts = 9, transient({})", rule.example));
    }
    for modifier in MODIFIERS {
        assert_fine(&format!(
            "backoff = exponential(\"100ms\", {})",
            modifier.example
        ));
    }
}

#[test]
fn every_modifier_is_taken_by_the_backoffs_that_say_so_and_by_no_other() {
    for backoff in BACKOFFS {
        for modifier in MODIFIERS {
            let Some(call) = backoff.word.example.strip_suffix(')') else {
                continue;
            };
            let call = call.split(", max").next().expect("there is a first part");
            let keys = format!("backoff = {call}, {})", modifier.example);
            let mut complaints = complaints(&keys, FUNCTION).into_iter();
            let fine = !complaints.any(|(_, message)| message.contains("has no use for"));
            assert_eq!(fine, backoff.modifiers.contains(&modifier.name), "{keys}");
        }
    }
}

#[test]
fn the_reference_describes_every_word_of_the_grammar() {
    let reference = include_str!("../../retry.md").replace('\n', " ");
    for key in KEYS {
        assert!(
            reference.contains(&format!("## `{}`", key.name)),
            "{}",
            key.name
        );
        let meaning = key.meaning.split([';', ',']).next().unwrap_or_default();
        let mut letters = meaning.chars();
        let first = letters.next().into_iter().flat_map(char::to_uppercase);
        let sentence: String = first.chain(letters).collect();
        assert!(reference.contains(&sentence), "{}: {sentence}", key.name);
    }
    for backoff in BACKOFFS {
        let row = format!("| `{}` | {} |", backoff.word.example, backoff.word.meaning);
        assert!(reference.contains(&row), "{row}");
        let modifiers: Vec<String> = backoff
            .modifiers
            .iter()
            .map(|name| format!("`{name}`"))
            .collect();
        assert!(
            reference.contains(&modifiers.join(", ")),
            "{}",
            backoff.word.name
        );
    }
    for lint in LINTS {
        let row = format!("| `{}` | {} |", lint.name, lint.meaning);
        assert!(reference.contains(&row), "{row}");
    }
    for jitter in JITTERS {
        assert!(
            reference.contains(&format!("`{}`", jitter.name)),
            "{}",
            jitter.name
        );
    }
}

#[test]
fn no_key_is_also_a_word_that_is_corrected() {
    for (words, _) in SYNONYMS.iter().chain(REFUSED) {
        for word in *words {
            assert!(KEYS.iter().all(|key| key.name != *word), "{word}");
        }
    }
}

#[test]
fn each_mistake_is_reported_at_its_own_token() {
    assert_at("atempts = 5, deadline = 30, jitter = 2", &[0, 24, 37]);
    assert_at("attempts = 5, attempts = 6, attempts = 7", &[14, 28]);
    assert_at(
        "backoff = exponential(\"1s\", max = 5, fctor = 2)",
        &[34, 37],
    );
    assert_at(
        "rate_limit(attempts = 0, backof = none), colour",
        &[25, 41, 22],
    );
    assert_at("allow(long_worst_case, colour, long_worst_case)", &[23, 31]);
}

#[test]
fn a_mistake_hides_neither_what_follows_nor_what_precedes_it() {
    assert_at("attempts = , deadline = 5", &[9, 24]);
    assert_at("attempts = 5 deadline = 5", &[13, 24]);
    assert_at("attempts(5), deadline = 5", &[8, 24]);
    assert_at("retry_if = |error, deadline = 5", &[28]);
    assert_at("5, deadline = 5", &[0, 14]);
    assert_at("deadline = , attempts = 0", &[9, 24]);
    assert_at("a::b = 5, deadline = 5", &[0, 21]);
    assert_at("backoff = [1, 2], deadline = 5", &[29]);
    assert_at(
        "backoff = linear(\"1s\" max = \"2s\"), deadline = 5",
        &[22, 46],
    );
}

#[test]
fn trailing_commas_and_odd_spacing_are_fine() {
    assert_fine("");
    assert_fine("attempts = 5,");
    assert_fine("rate_limit(attempts = 2,), backoff = schedule(\"1s\", \"2s\",),");
    assert_fine("clone(body,)");
}

#[test]
fn expressions_may_hold_commas_and_equals_signs() {
    assert_fine("retry_if = |error: &E| matches!(error, E::A | E::B(1, _)), attempts = 2");
    assert_fine("policy = make::<u8, u16>(1, 2), attempts = 2");
    assert_fine("policy = { let a = 1; make(a) }, attempts = 2");
    assert_fine("retry_if = |error: &E| error.code() == 5, attempts = 2");
    assert_fine("retry_if = <E as Temporary>::is_temporary, attempts = 2");
    assert_fine("attempts = if SLOW { 2 } else { 5 }, deadline = \"1s\"");
}

#[test]
fn a_word_is_a_word_of_the_grammar_and_anything_else_an_expression() {
    assert_fine("backoff = STEADY");
    assert_fine("backoff = steady()");
    assert_fine("backoff = self::steady()");
    assert_fine("backoff = Backoff::fixed(SECOND).jitter(Jitter::Full)");
    assert_fine("jitter = Jitter::Full");
    assert_fine("jitter = SPREAD");
    assert_at("backoff = steady", &[10]);
    assert_at("jitter = spread", &[9]);
}

#[test]
fn a_policy_with_its_own_numbers_is_not_judged_by_the_defaults() {
    assert_at("rate_limit(attempts = 5)", &[22]);
    assert_fine("policy = P, rate_limit(attempts = 5)");
    assert_fine("attempts = LIMIT, rate_limit(attempts = 5)");
    assert_fine("attempts = unlimited, rate_limit(attempts = 5)");
    // The value of `attempts` is wrong; what follows from its absence is not said.
    assert_at("attempts = \"9\", rate_limit(attempts = 5)", &[11]);
}

#[test]
fn what_an_outcome_makes_useless_is_refused() {
    assert_at("returns = outcome, on_stop = f, fallback = g", &[32, 19]);
    assert_at("returns = result, timeline = 3", &[18]);
    assert_fine("returns = result, abort = A, on_stop = f, fallback = g");
    assert_fine("returns = outcome, timeline = self.limit");
    // The value of `returns` is wrong; what follows from its absence is not said.
    assert_at("returns = outcom, timeline = 3", &[10]);
    assert_at("returns = Outcome<(), E>, attempts = 0", &[10, 37]);
}

#[test]
fn a_fallback_is_a_function() {
    assert_fine("fallback = async |error| cached(error).await");
    assert_fine("fallback = |error| async move { Err(error) }");
    assert_fine("fallback = |error| self.cached(error)");
    assert_fine("fallback = Self::cached");
    assert_fine("fallback = cached(body)");
    assert_at("fallback = Ok(())", &[11]);
    assert_at("fallback = \"none\"", &[11]);
    assert_at("fallback = |_| Ok(())", &[11]);
    let sync = "fn fetch() -> Result<(), E> {}";
    assert_eq!(complaints("fallback = |_| Ok(())", sync), []);
    assert_eq!(complaints("fallback = async |_| Ok(())", sync).len(), 1);
}

/// What is said to have no effect, in the order of the keys.
fn idle(keys: &str) -> Vec<String> {
    let mut found = complaints(keys, FUNCTION);
    found.sort();
    let key = |(_, message): (usize, String)| {
        let (_, behind) = message.split_once("so ")?;
        let (_, key) = behind.split_once('`')?;
        Some(key.split_once('`')?.0.to_owned())
    };
    found.into_iter().filter_map(key).collect()
}

#[test]
fn a_rule_for_what_no_failure_is_has_no_effect() {
    let rules = "attempts = 9, transient(attempts = 2), rate_limit(attempts = 2), unknown = never";
    assert_fine(rules);
    for (judge, dead) in [
        ("retry_if = f", 2),
        ("retry_if = f, policy = P", 2),
        ("retry_if = f, retry_until = g, on_stop = h", 2),
        (
            "retry_if = f, classify_value = |_| Some(ErrorClass::RateLimit.into()).filter(g), on_stop = h",
            0,
        ),
        (
            "retry_if = f, classify_value = |v| if v.0 { None } else { Some(ErrorClass::RateLimit.into()) }, on_stop = h",
            1,
        ),
        ("retry_if = f, classify = g", 0),
        ("classify = |_| ErrorClass::RateLimit", 2),
        ("classify = |_| ErrorClass::RateLimit, policy = P", 1),
        (
            "classify = |_| ErrorClass::RateLimit, attempt_timeout = \"1s\"",
            1,
        ),
        (
            "classify = |e| match e { E::A => ErrorClass::RateLimit, _ => ErrorClass::Unknown }",
            1,
        ),
        ("classify = |e| e.class()", 0),
        // The value is wrong; what follows from it is not said.
        ("retry_if = f, classify", 0),
    ] {
        let keys = format!("{rules}, {judge}");
        let found = complaints(&keys, FUNCTION);
        let found = found
            .iter()
            .filter(|(_, message)| message.contains("a rule for"));
        assert_eq!(found.count(), dead, "{keys}");
    }
}

#[test]
fn a_hint_that_nothing_carries_has_no_effect() {
    let hints = "retry_after = honor, retry_after_max = \"1m\"";
    assert_fine(hints);
    let both = ["retry_after", "retry_after_max"];
    for judge in [
        "retry_if = f",
        "retry_if = f, policy = P",
        "classify = |_| ErrorClass::RateLimit",
        "classify = |_| Classification::new(ErrorClass::RateLimit).with_reason(\"quota\")",
        "retry_if = f, retry_until = g",
    ] {
        assert_eq!(idle(&format!("{hints}, {judge}")), both, "{judge}");
    }
    assert_fine(&format!(
        "{hints}, classify = |e| Classification::new(ErrorClass::RateLimit).with_retry_after(e.0)"
    ));
    assert_fine(&format!("{hints}, retry_if = f, classify_value = g"));
    assert_fine(&format!("{hints}, policy = P"));
}

#[test]
fn what_decides_always_the_same_decides_nothing() {
    assert_fine("retry_if = |_| true");
    assert_at("classify = f, retry_if = |_| true", &[25]);
    assert_at("retry_if = |_| false", &[11]);
    // Then only values are retried, or attempts that were cut.
    assert_fine("retry_if = |_| false, retry_until = f");
    assert_fine("retry_if = |_| false, attempt_timeout = \"1s\"");
    assert_at("retry_until = |_| true", &[14]);
    assert_at("retry_until = |_| false", &[14]);
    assert_at("classify_value = |_| None", &[17]);
    assert_at(
        "classify_value = |_| Some(ErrorClass::Transient.into())",
        &[17],
    );
    assert_fine("classify_value = |v| if v.0 { None } else { Some(ErrorClass::Transient.into()) }");
    assert_at("classify = |_| ErrorClass::Permanent", &[11]);
    assert_at("classify = |_| ErrorClass::Permanent, retry_if = f", &[38]);
    assert_at(
        "classify = |_| ErrorClass::Permanent, retry_if = f, retry_until = g",
        &[38],
    );
    assert_fine("classify = |_| ErrorClass::Permanent, retry_until = f");
    assert_fine("classify = |_| ErrorClass::Permanent, attempts = 1");
    assert_at("classify = |_| ErrorClass::Unknown, unknown = never", &[36]);
    assert_at("retry_if = f, transient(attempts = 1)", &[14]);
    assert_at(
        "transient = never, rate_limit = never, server_error = never, concurrency = never, unknown(attempts = 1)",
        &[82],
    );
    assert_fine("transient = never, rate_limit = never, server_error = never, concurrency = never");
}

#[test]
fn what_is_about_another_attempt_needs_one() {
    assert_eq!(
        idle(
            "attempts = 1, backoff = fixed(\"1s\"), jitter = full, unknown = never, retry_after = ignore"
        ),
        ["backoff", "jitter", "unknown", "retry_after"]
    );
    assert_at("attempts = 1, rate_limit(attempts = 5)", &[14]);
    assert_fine("attempts = 1, retry_if = f");
    assert_at("attempts = 1, deadline = \"1s\"", &[14]);
    assert_at(
        "attempts = 1, attempt_timeout = \"1s\", deadline = \"2s\"",
        &[38],
    );
    let aware = "fn fetch(#[attempt] attempt: Attempt) -> Result<(), E> {}";
    assert_eq!(complaints("attempts = 1, deadline = \"1s\"", aware), []);
    assert_at("rate_limit(attempts = 1, backoff = none)", &[25]);
    assert_fine("rate_limit(attempts = 2, backoff = none)");
}

#[test]
fn a_backoff_that_no_class_asks_has_no_effect() {
    assert_eq!(
        idle("backoff = fixed(\"1s\"), jitter = 0.1, retry_if = f, transient(backoff = none)"),
        ["backoff", "jitter"]
    );
    assert_fine("backoff = fixed(\"1s\"), transient(backoff = none)");
    assert_fine("backoff = fixed(\"1s\"), retry_if = f, transient(attempts = 2)");
}

#[test]
fn a_limit_that_no_delay_comes_to_has_no_effect() {
    assert_at("backoff = fixed(\"1s\", max = \"2s\")", &[22]);
    assert_at("backoff = fixed(\"1s\", min = \"1s\")", &[22]);
    assert_at(
        "backoff = schedule(\"1s\", \"5s\", max = \"5s\", min = \"1s\")",
        &[31, 43],
    );
    assert_at(
        "rate_limit(backoff = fixed(\"1s\", max = \"2s\")), jitter = 0.5",
        &[33],
    );
    assert_fine("backoff = fixed(\"1s\", min = \"2s\")");
    assert_fine("backoff = fixed(\"1s\", max = \"1200ms\", jitter = 0.5)");
    assert_fine("backoff = fixed(\"1s\", max = \"1200ms\"), jitter = 0.5");
    assert_fine("backoff = fixed(\"1s\", max = \"2s\"), jitter = JITTER");
    assert_fine("backoff = schedule(\"1s\", SLOW, max = \"2s\")");
    assert_fine("backoff = exponential(\"1s\", max = \"1h\", min = \"1ms\")");
}

#[test]
fn a_stop_is_made_into_an_error_where_one_may_be_missing() {
    assert_at("on_stop = f", &[0]);
    assert_at("on_stop = f, retry_if = g, deadline = \"1m\"", &[0]);
    for key in [
        "attempt_timeout = \"1s\"",
        "abort = A",
        "retry_until = g",
        "classify_value = g",
        "policy = P",
    ] {
        assert_fine(&format!("on_stop = f, {key}"));
    }
    // Nothing cuts a blocking attempt.
    let sync = "fn fetch() -> Result<(), E> {}";
    assert_eq!(complaints("on_stop = f, policy = P", sync).len(), 1);
}

#[test]
fn a_hook_needs_retries_and_awaits_nothing() {
    assert_at("attempts = 1, on_retry = f, on_giving_up = g", &[14]);
    assert_at("on_retry = async |event| log(event).await", &[11]);
    assert_at(
        "on_giving_up = |event| async move { log(event).await }",
        &[23],
    );
    assert_fine("on_retry = |event| log(event), on_giving_up = self::report");
    assert_fine("attempts = unlimited, on_giving_up = |_| spawn(async move { report().await })");
}

#[test]
fn what_is_not_mut_has_nothing_to_carry() {
    let function =
        "fn fetch(&self, body: u8, mut page: u8, ref mut list: Vec<u8>) -> Result<(), E> {}";
    assert_eq!(complaints("carry(page)", function), []);
    assert_eq!(
        complaints("clone(page), carry(body, list, self)", function).len(),
        3
    );
}

#[test]
fn only_a_mutable_borrow_that_an_attempt_would_give_away_is_refused() {
    let refused = [
        "fn f(&mut self) -> Result<&mut T, E> {}",
        "fn f(&mut self, other: &T) -> Result<Vec<(&mut T, u8)>, E> {}",
        "fn f(self: &mut Self) -> Result<&mut T, E> {}",
        "fn f(self: Pin<&mut Self>) -> Result<&'_ mut T, E> {}",
        "fn f(x: &mut T) -> Result<&mut T, E> {}",
        "fn f<'a>(x: &'a mut T, y: &mut T) -> Result<&'a mut T, E> {}",
        "fn f<'a>(&'a mut self, y: &'static T) -> Result<&'a mut T, E> {}",
        "fn f(self: Arc<Self>, x: &mut T) -> Result<&mut T, E> {}",
    ];
    for function in refused {
        assert_eq!(complaints("", function).len(), 1, "{function}");
    }
    let fine = [
        "fn f(&mut self) -> Result<&T, E> {}",
        "fn f(&mut self) -> Result<&'static mut T, E> {}",
        "fn f(&self) -> Result<&mut T, E> {}",
        "fn f(&self, x: &mut T) -> Result<&mut T, E> {}",
        "fn f(self: &Arc<Self>, x: &mut T) -> Result<&mut T, E> {}",
        "fn f(&mut self, x: &mut T) -> Result<Box<dyn Fn(&mut T)>, E> {}",
        "fn f(x: &mut T) -> Result<fn(&mut T), E> {}",
        "fn f<'a>(x: &'a mut T, y: &'a Arena) -> Result<&'a mut T, E> {}",
        "fn f<'a, 'b: 'a>(x: &'a mut T, y: &'b Arena) -> Result<&'a mut T, E> {}",
        "fn f(&mut self, x: &'a mut T) -> Result<&'a mut T, E> {}",
        "fn f(x: Slots<'_>) -> Result<&mut T, E> {}",
    ];
    for function in fine {
        assert_eq!(complaints("", function), [], "{function}");
    }
}

#[test]
fn a_deadline_is_compared_with_the_shortest_delays() {
    assert_at("deadline = \"200ms\", jitter = none", &[11]);
    assert_fine("deadline = \"301ms\", jitter = none");
    assert_fine("deadline = \"1ms\"");
    assert_fine("deadline = \"1ms\", backoff = none");
    assert_at(
        "deadline = \"2s\", backoff = linear(\"1s\", min = \"1s\")",
        &[11],
    );
    assert_fine("deadline = \"3s\", backoff = linear(\"1s\", min = \"1s\")");
    assert_at(
        "attempts = 5, deadline = \"7s\", backoff = fibonacci(\"1s\", jitter = none)",
        &[25],
    );
    assert_fine("attempts = 5, deadline = \"8s\", backoff = fibonacci(\"1s\", jitter = none)");
    assert_at(
        "deadline = \"2s\", backoff = fixed(\"2s\", jitter = 0.5)",
        &[11],
    );
    assert_fine("deadline = \"3s\", backoff = fixed(\"2s\", jitter = 0.5)");
    assert_at(
        "attempts = 3, deadline = \"1250ms\", backoff = token(\"1s\")",
        &[25],
    );
    assert_fine("attempts = 3, deadline = \"1251ms\", backoff = token(\"1s\")");
    assert_fine("attempts = unlimited, deadline = \"1s\", backoff = fixed(\"1s\")");
    assert_fine("attempts = 4_000_000_000, deadline = \"1s\"");
    assert_at(
        "deadline = \"2s\", backoff = fixed(\"1s\"), transient(attempts = 2), unknown = never",
        &[11],
    );
    // Another class may come at once.
    assert_fine("deadline = \"1s\", backoff = fixed(\"1s\"), transient(backoff = none)");
}

#[test]
fn the_original_function_survives_as_its_callers_see_it() {
    let function = quote! {
        #[inline]
        #[retry(attempts = 2)]
        /// Documented.
        pub async fn fetch<T>(#[attempt] attempt: u32, rest: T) -> Result<(), E> where T: Copy {
            #![allow(unused)]
            rest
        }
    };
    let expected = quote! {
        #[inline]
        /// Documented.
        pub async fn fetch<T>(rest: T) -> Result<(), E> where T: Copy {
            #![allow(unused)]
            let attempt: u32 = ::core::option::Option::unwrap(::core::option::Option::None);
            rest
        }
    };
    assert_eq!(survivor("attempts = 0", function), expected.to_string());
}

#[test]
fn what_is_no_function_survives_as_it_was() {
    for item in [
        quote!(
            struct Client;
        ),
        quote!(impl Client { fn fetch(&self) {} }),
        quote!(
            fn fetch(&self) -> Result<(), E>;
        ),
        quote!(
            const LIMIT: u32 = 5;
        ),
    ] {
        assert_eq!(survivor("", item.clone()), item.to_string());
    }
}

#[test]
fn other_attributes_stay_in_their_order_and_the_body_as_it_was() {
    let output = expanded(
        TokenStream::new(),
        quote! {
            #[first]
            /// Documented.
            #[second(x)]
            pub(crate) unsafe extern "C" fn fetch() -> Result<(), E> { half typed + }
        },
    )
    .to_string();
    let start = quote! {
        #[first]
        /// Documented.
        #[second(x)]
    }
    .to_string();
    assert!(output.starts_with(&start), "{output}");
    assert!(output.contains("pub (crate) unsafe extern \"C\" fn fetch () -> Result < () , E > {"));
    assert!(output.contains("{ half typed + }"), "{output}");
}

#[test]
fn arguments_behind_cfg_are_copied_behind_cfg() {
    let output = expanded(
        quote!(clone(there)),
        quote!(
            fn fetch(
                #[cfg(unix)]
                #[other]
                there: String,
            ) -> Result<(), E> {
                there;
            }
        ),
    )
    .to_string();
    let copy = quote!(#[cfg(unix)] let there = ::core::clone::Clone::clone(&there);).to_string();
    assert!(output.contains(&copy), "{output}");
}

#[test]
fn the_runtime_is_called_by_its_path_and_by_no_other() {
    let output = expanded(
        quote!(
            crate = ::other::path,
            attempts = 2,
            jitter = full,
            attempt_timeout = "1s",
            unknown = never
        ),
        quote!(
            async fn fetch() -> Result<(), E> {}
        ),
    )
    .to_string();
    assert!(output.contains(":: other :: path :: __private"), "{output}");
    assert!(!output.contains("retry_core"), "{output}");
}

#[test]
fn only_the_keys_that_need_it_ask_for_an_error_made_of_a_stop() {
    let carries = |keys: &str| {
        let output = expanded(
            keys.parse().expect("the keys are tokens"),
            quote!(
                async fn fetch() -> Result<(), E> {}
            ),
        )
        .to_string();
        (
            output.contains("carry ("),
            output.contains("carry_if_needed ("),
        )
    };
    assert_eq!(carries(""), (false, false));
    assert_eq!(
        carries("attempts = 5, deadline = \"1s\", retry_if = f"),
        (false, false)
    );
    for key in [
        "attempt_timeout = \"1s\"",
        "abort = A",
        "retry_until = f",
        "classify_value = f",
    ] {
        assert_eq!(carries(key), (true, false), "{key}");
        assert_eq!(
            carries(&format!("{key}, on_stop = f")),
            (false, false),
            "{key}"
        );
        assert_eq!(
            carries(&format!("{key}, policy = P")),
            (true, false),
            "{key}"
        );
    }
    assert_eq!(carries("policy = P"), (false, true));
    assert_eq!(carries("policy = P, on_stop = f"), (false, false));
}

#[test]
fn what_async_trait_leaves_behind_is_recognised() {
    let function = |output: TokenStream, binding: TokenStream| {
        quote! {
            fn fetch<'a>(&'a self, page: u32) -> ::core::pin::Pin<Box<dyn ::core::future::Future<Output = #output> + Send + 'a>> {
                Box::pin(async move {
                    let __self = self;
                    let mut page = page;
                    #binding
                    __ret
                })
            }
        }
    };
    let result = quote!(Result<(), E>);
    let body = quote!(let __ret: Result<(), E> = { __self.page(page) };);
    let output = expanded(
        quote!(clone(page), abort = self.stop),
        function(result.clone(), body.clone()),
    );
    let output = output.to_string();
    assert!(output.contains("let page = page ;"), "{output}");
    assert!(output.contains("mut page =>"), "{output}");
    assert!(output.contains("& __self . stop"), "{output}");
    assert!(output.contains("{ __self . page (page) }"), "{output}");

    let undecided = complaints("", &function(result, body).to_string());
    assert!(undecided[0].1.contains("`mut page`"), "{undecided:?}");
    let unit = complaints(
        "carry(page)",
        &function(quote!(()), quote!(let _: () = {};)).to_string(),
    );
    assert!(
        unit[0].1.contains("returns nothing that can fail"),
        "{unit:?}"
    );
    let by_hand = complaints(
        "",
        "fn fetch() -> Pin<Box<dyn Future<Output = ()>>> { Box::pin(async move { 5 }) }",
    );
    assert!(
        by_hand[0].1.contains("only the making of this future"),
        "{by_hand:?}"
    );
}

#[test]
fn a_runtime_that_is_started_by_hand_is_nobodys_business() {
    let function = "fn main() -> Result<(), E> { let body = async { Ok(()) }; tokio::runtime::Runtime::new()?.block_on(body) }";
    assert_eq!(complaints("", function), []);
}

#[test]
fn a_variadic_function_is_refused_at_its_dots() {
    let found = complaints(
        "",
        "unsafe extern \"C\" fn fetch(first: u32, ...) -> Result<(), E> {}",
    );
    assert_eq!(found.len(), 1);
    assert!(found[0].1.contains("variadic"), "{found:?}");
}

#[test]
fn nothing_that_is_written_makes_the_macro_panic() {
    let pieces = [
        "attempts",
        "=",
        "5",
        ",",
        "\"1s\"",
        "backoff",
        "exponential",
        "(",
        ")",
        "rate_limit",
        "|",
        "::",
        "-",
        "clone",
        "crate",
        "never",
        "0.5",
        "jitter",
        "{",
        "}",
        "self",
        "'a",
        "#",
        "schedule",
        "custom",
        "&",
    ];
    // Every triple, which covers each state of the loop with each token next; unbalanced ones are no tokens.
    for first in pieces {
        for second in pieces {
            for third in pieces {
                let keys = format!("deadline = \"5s\" {first} {second} {third}");
                if let Ok(keys) = keys.parse::<TokenStream>() {
                    let output = guarded(keys, FUNCTION.parse().expect("the function is tokens"));
                    assert!(
                        !output.to_string().contains("bug in retry-macros"),
                        "{first} {second} {third}"
                    );
                }
            }
        }
    }
}

#[test]
fn a_message_is_one_sentence_in_lower_case() {
    let keys = [
        "5",
        "colour = 1",
        "attempts",
        "attempts = 0",
        "attempts = 5, attempts = 6",
        "deadline = 5",
        "deadline = \"soon\"",
        "backoff = expnential",
        "backoff = fixed",
        "backoff = fixed(\"1s\", factor = 2)",
        "jitter = 5",
        "jitter = half",
        "auth = never",
        "breaker",
        "circuit_breaker = B",
        "retries = 3",
        "clone()",
        "clone(nobody)",
        "clone(body), carry(body)",
        "crate = x",
        "retry_after = 5",
        "rate_limit(attempts = 9)",
        "attempt_timeout = \"5s\", deadline = \"5s\"",
        "operation = \"\"",
        "retry_until = f, classify_value = g",
        "backoff = none, jitter = full",
        "deadline = \"1s\", backoff = fixed(\"1s\")",
    ];
    for keys in keys {
        let found = complaints(keys, FUNCTION);
        assert!(!found.is_empty(), "{keys}");
        for (_, message) in found {
            assert!(!message.ends_with('.'), "{message}");
            assert!(
                message.starts_with(|first: char| first.is_lowercase() || first == '`'),
                "{message}"
            );
            assert!(!message.contains(". "), "{message}");
        }
    }
}

/// Each word that stands at a key of its own name in the expansion, with the words that lead to it, and its column.
fn named_at(output: TokenStream, found: &mut Vec<(String, usize)>) {
    let tokens: Vec<TokenTree> = output.into_iter().collect();
    let word = |index: usize| match tokens.get(index) {
        Some(TokenTree::Ident(word)) => Some(word),
        _ => None,
    };
    for (index, token) in tokens.iter().enumerate() {
        if let TokenTree::Group(group) = token {
            named_at(group.stream(), found);
        }
        if word(index).is_some_and(|first| first == "keys") {
            let mut at = index + 3;
            while let Some(key) = word(at) {
                found.push((key.to_string(), key.span().start().column));
                at += 3;
            }
        }
    }
}

#[test]
fn an_editor_finds_the_documentation_of_a_key_at_the_key() {
    let keys = "attempts = 5, crate = ::x, rate_limit(attempts = 2, backoff = exponential(\"1s\", max = \"5s\", factor = 3)), backoff = fixed(\"1s\", jitter = full), clone(body)";
    for function in [
        FUNCTION,
        "fn fetch(body: Vec<u8>) -> Result<(), E> { body; }",
    ] {
        let mut found = Vec::new();
        let output = expanded(
            keys.parse().expect("the keys are tokens"),
            function.parse().expect("the function is tokens"),
        );
        named_at(output, &mut found);
        let last = found.pop().map(|(driver, _)| driver);
        assert!(
            matches!(last.as_deref(), Some("begun_driver" | "run_blocking")),
            "{last:?}"
        );
        // What is between them is nowhere.
        found.retain(|(name, _)| name != "rule" && name != "modifier");
        let words: Vec<(&str, usize)> = found.iter().map(|(name, at)| (&**name, *at)).collect();
        assert_eq!(
            words,
            [
                ("attempts", 0),
                ("runtime", 14),
                ("rate_limit", 27),
                ("backoff", 106),
                ("clone", 144),
                ("jitter", 128),
                ("attempts", 38),
                ("backoff", 52),
                ("max", 80),
                ("factor", 92),
            ]
        );
        for (name, at) in words {
            let name = if name == "runtime" { "crate" } else { name };
            assert!(keys[at..].starts_with(name), "{name} at {at}");
        }
    }
}

#[test]
fn every_key_has_a_module_that_says_what_the_grammar_says() {
    let source = include_str!("../../../retry-runtime/src/private/keys.rs");
    let (keys, others) = source
        .split_once("pub mod rule")
        .expect("there are keys of rules");
    let (rule, modifier) = others
        .split_once("pub mod modifier")
        .expect("there are modifiers");
    for (source, tables) in [
        (keys, &[KEYS, BLOCK, METHOD] as &[_]),
        (rule, &[RULE]),
        (modifier, &[MODIFIERS]),
    ] {
        let lines: Vec<&str> = source.lines().map(str::trim).collect();
        for word in tables.iter().copied().flatten() {
            let name = if word.name == "crate" {
                "runtime"
            } else {
                word.name
            };
            let at = lines.iter().position(|line| *line == name);
            let at = at.unwrap_or_else(|| panic!("`{name}` is missing"));
            let example = format!("/// `{}`", word.example);
            assert_eq!(lines[at - 1], example);
            let text = lines[at - 3].to_lowercase();
            let meaning = word.meaning.to_lowercase();
            assert!(text.contains(&meaning), "{name}: {meaning}");
        }
    }
}

#[test]
fn the_library_that_denies_every_lint_uses_every_key() {
    let sources = [
        include_str!("../../../tests/lints/functions.rs"),
        include_str!("../../../tests/lints/methods.rs"),
    ]
    .concat();
    for word in KEYS.iter().chain(BLOCK) {
        let forms = [format!("{} = ", word.name), format!("{}(", word.name)];
        let used = forms.iter().any(|form| {
            [" ", "(", ", "]
                .iter()
                .any(|before| sources.contains(&format!("{before}{form}")))
        });
        assert!(used, "{}", word.name);
    }
    for backoff in BACKOFFS {
        assert!(
            sources.contains(&format!("backoff = {}", backoff.word.name)),
            "{}",
            backoff.word.name
        );
    }
}

#[test]
fn the_reference_says_type_and_default_of_every_key_and_shows_it() {
    let reference = include_str!("../../retry.md");
    let (_, reference) = reference
        .split_once("\n# The keys\n")
        .expect("there are keys");
    let sections: Vec<&str> = reference.split("\n## ").skip(1).collect();
    assert_eq!(sections.len(), KEYS.len());
    for (section, key) in sections.iter().zip(KEYS) {
        let name = format!("`{}`\n", key.name);
        assert!(section.starts_with(&name), "{name} has another place");
        let (text, rest) = section.split_once("```").expect("there is an example");
        // Another key, or what holds for all of them, is spoken of.
        for what in ["Type ", "default", "`"] {
            assert!(text.contains(what), "{name}: {what}");
        }
        let (example, _) = rest.split_once("```").expect("the example ends");
        assert!(example.contains(key.name), "{name}: {example}");
        assert!(example.contains("retry("), "{name}: {example}");
    }
}
