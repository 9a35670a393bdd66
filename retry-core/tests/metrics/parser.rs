//! The parser of the other tests is strict.

use crate::scrape::Scrape;

fn parse(samples: &str) -> Scrape {
    Scrape::parse(&format!(
        "# HELP calls Calls.\n# TYPE calls counter\n{samples}\n"
    ))
}

#[test]
#[should_panic(expected = "not a value")]
fn a_sample_has_a_value() {
    parse(r#"calls{operation="a"} many"#);
}

#[test]
#[should_panic(expected = "no help")]
fn a_metric_has_a_description() {
    Scrape::parse("# TYPE calls counter\ncalls 1");
}

#[test]
#[should_panic(expected = "twice")]
fn a_series_is_there_once() {
    parse("calls{a=\"b\"} 1\ncalls{a=\"b\"} 2");
}

#[test]
#[should_panic(expected = "not a label")]
fn a_label_is_there_once() {
    parse(r#"calls{a="b",a="c"} 1"#);
}

#[test]
fn values_are_escaped() {
    let scrape = parse(r#"calls{a="\"b\\\n,}",c=""} 1"#);
    let labels = [("a", "\"b\\\n,}"), ("c", "")];
    assert_eq!(scrape.value("calls", &labels), Some(1.0));
}
