//! Precedence of layers, and what of a URL is sent to which host.

use secrecy::ExposeSecret;

use super::*;

fn flag<T>(name: &'static str, value: T) -> Setting<T> {
    Setting { value, origin: Origin::flag(name) }
}

fn variable<T>(name: &'static str, value: T) -> Setting<T> {
    Setting { value, origin: Origin::variable(name) }
}

fn url(text: &str) -> RedisUrl {
    text.parse().expect("a URL")
}

fn typed(text: &str) -> Layer {
    Layer { url: Some(flag("--redis", url(text))), ..Layer::default() }
}

fn shown(layers: &[Layer]) -> String {
    Endpoint::of(layers).expect("the settings of this test are valid").to_string()
}

#[test]
fn upper_layer_has_precedence_over_lower_ones_and_the_default() {
    let lower = Layer { host: Some(variable("L", "l".to_owned())), port: Some(variable("P", 1)), ..Layer::default() };
    let host = Layer { host: Some(variable("H", "e".to_owned())), ..Layer::default() };
    let both = Layer { port: Some(variable("P", 2)), ..host.clone() };
    assert_eq!(shown(&[]), "redis://localhost:6379");
    assert_eq!(shown(std::slice::from_ref(&lower)), "redis://l:1");
    assert_eq!(shown(&[host, lower.clone()]), "redis://e:1");
    assert_eq!(shown(&[both.clone(), lower.clone()]), "redis://e:2");
    let endpoint = Endpoint::of(&[typed("redis://f"), both, lower]).unwrap();
    assert_eq!(endpoint.to_string(), "redis://f:6379");
    assert_eq!(endpoint.address.origin, Origin::flag("--redis"));
}

#[test]
fn url_without_credentials_takes_them_from_a_lower_layer() {
    let known = Password::Known("s3cret".to_owned().into());
    let lower = Layer {
        username: Some(variable("REDIS_USERNAME", "app".to_owned())),
        password: Some(variable("REDIS_PASSWORD", known)),
        db: Some(variable("REDIS_DB", 7)),
        ..Layer::default()
    };
    let endpoint = Endpoint::of(&[typed("rediss://h:1"), lower]).unwrap();
    assert_eq!(endpoint.to_string(), "rediss://app@h:1");
    let Some(Setting { value: Password::Known(password), .. }) = &endpoint.password else { panic!("no password") };
    assert_eq!(password.expose_secret(), "s3cret");
    assert!(!format!("{endpoint:?} {endpoint} {:?}", endpoint.explain()).contains("s3cret"));
}

#[test]
fn credentials_of_a_url_are_not_for_another_host() {
    let upper = |host: &str| Layer { host: Some(flag("--host", host.to_owned())), ..Layer::default() };
    let of_url = |text| Layer { url: Some(variable("REDIS_URL", url(text))), ..Layer::default() };
    let lower = of_url("rediss://app:s3cret@other:7/3");
    let endpoint = Endpoint::of(&[upper("h"), lower.clone()]).unwrap();
    assert_eq!(endpoint.to_string(), "redis://h:6379");
    assert!(endpoint.password.is_none() && endpoint.username.is_none());
    assert_eq!(endpoint.withheld, Some(Origin::variable("REDIS_URL")));
    let endpoint = Endpoint::of(&[typed("redis://h"), lower.clone()]).unwrap();
    assert!(endpoint.password.is_none(), "neither from one URL to the server of another");
    let endpoint = Endpoint::of(&[typed("unix:///s"), lower.clone()]).unwrap();
    assert!(endpoint.password.is_none());
    let nodes = Layer { addresses: Some(flag("--addresses", vec!["h:1".parse().unwrap()])), ..Layer::default() };
    assert!(Endpoint::of(&[nodes, lower.clone()]).unwrap().password.is_none());
    let endpoint = Endpoint::of(&[upper("OTHER."), lower.clone()]).unwrap();
    assert!(endpoint.password.is_some() && endpoint.withheld.is_none(), "the same host by another name");
    let port = Layer { port: Some(flag("--port", 8)), ..Layer::default() };
    assert_eq!(Endpoint::of(&[port, lower.clone()]).unwrap().to_string(), "rediss://app@other:8/3");
    let known = Layer {
        password: Some(variable("REDIS_PASSWORD", Password::Known("own".to_owned().into()))),
        ..of_url("redis://:s3cret@other")
    };
    let endpoint = Endpoint::of(&[upper("h"), known]).unwrap();
    let Some(Setting { value: Password::Known(password), .. }) = &endpoint.password else { panic!("no password") };
    assert_eq!((password.expose_secret(), &endpoint.withheld), ("own", &None));
}

#[test]
fn user_is_a_name_and_may_be_a_password_in_a_url() {
    let of = |name: &str| Layer { username: Some(variable("REDIS_USERNAME", name.to_owned())), ..Layer::default() };
    for (name, reason) in [
        ("redis://u:s3cret@h", "is a URL"),
        ("u:s3cret@h", "is an address"),
        ("a s3cret", "space"),
        ("s3cret\u{9b}", "control character"),
    ] {
        let error = Endpoint::of(&[of(name)]).unwrap_err().to_string();
        assert!(error.starts_with("REDIS_USERNAME: ") && error.contains(reason), "{error}");
        assert!(!error.contains("s3cret"), "{error}");
    }
    let endpoint = Endpoint::of(&[typed("redis://s3cret@h")]).unwrap();
    assert_eq!(endpoint.to_string(), "redis://***@h:6379");
    assert!(!format!("{:?}", endpoint.explain()).contains("s3cret"));
    assert_eq!(shown(&[of("app")]), "redis://app@localhost:6379");
}

#[test]
fn tls_is_added_to_a_plain_url_and_never_silently_lost() {
    let on = |layer| Layer { tls: Some(variable("REDIS_TLS", true)), ..layer };
    assert_eq!(shown(&[on(typed("redis://h"))]), "rediss://h:6379");
    assert_eq!(
        shown(&[Layer { host: Some(flag("--host", "h".to_owned())), ..Layer::default() }, on(Layer::default())]),
        "rediss://h:6379"
    );
    let ca = Layer { tls_ca: Some(flag("--tls-ca", "ca.pem".into())), ..typed("redis://h") };
    let error = Endpoint::of(&[ca]).unwrap_err().to_string();
    assert!(error.contains("--tls-ca") && error.contains("TLS is off"), "{error}");
}
