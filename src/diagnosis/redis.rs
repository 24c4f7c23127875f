//! Causes for which KEDA cannot read a trigger, by the text of its errors.

use super::Diagnosis;
use super::code::FaultCode;

/// Words of two causes that have hints of their own.
const OTHER_NAME: &str = "the certificate of Redis is of another name";

const EXPIRED: &str = "the certificate of Redis has expired, or is not valid yet";

/// Part of an error text, its code, and the cause in words.
const CAUSES: [(&str, FaultCode, &str); 19] = [
    (
        "all sentinels specified in configuration are unreachable",
        FaultCode::SentinelsUnreachable,
        "no Sentinel can be asked: check addresses, and sentinelUsername and sentinelPassword",
    ),
    ("WRONGPASS", FaultCode::RedisCredentialsRejected, "Redis rejects its user or password"),
    (
        "NOAUTH",
        FaultCode::RedisCredentialsMissing,
        "Redis asks for a password and KEDA has none: the TriggerAuthentication, its Secret or the key is missing",
    ),
    ("to access one of the keys", FaultCode::RedisKeyDenied, "its Redis user may not read one of the keys"),
    ("NOPERM", FaultCode::RedisCommandDenied, "its Redis user may not run a command that KEDA needs"),
    ("unsupported key type", FaultCode::RedisWrongType, "the key in Redis is not a list"),
    ("no addresses or hosts given", FaultCode::RedisAddressMissing, "it has no address of Redis"),
    ("no such host", FaultCode::RedisHostUnknown, "the host name of Redis does not resolve from KEDA's namespace"),
    ("connection refused", FaultCode::RedisRefused, "Redis refuses the connection"),
    ("no route to host", FaultCode::RedisNoRoute, "there is no route to Redis"),
    ("certificate is valid for", FaultCode::RedisCertificate, OTHER_NAME),
    ("certificate has expired", FaultCode::RedisCertificate, EXPIRED),
    ("x509:", FaultCode::RedisCertificate, "the certificate of Redis is not trusted"),
    ("tls:", FaultCode::RedisCertificate, "the TLS handshake with Redis fails"),
    (
        "connection to redis failed: EOF",
        FaultCode::RedisClosed,
        "Redis closes the connection at once: the port may speak TLS only",
    ),
    (
        "connection to redis failed: context deadline exceeded",
        FaultCode::RedisSilent,
        "Redis does not answer: TLS on a plain port, or a network policy",
    ),
    ("i/o timeout", FaultCode::RedisSilent, "Redis does not answer: TLS on a plain port, or a network policy"),
    ("no scaler found for type", FaultCode::TriggerTypeUnknown, "a trigger has a type that KEDA does not know"),
    ("error parsing redis metadata", FaultCode::TriggerInvalid, "the metadata of a trigger is not valid"),
];

/// Returns the cause that a text of KEDA tells, if it is known.
pub(super) fn cause(text: &str) -> Option<Diagnosis> {
    let (part, code, words) = CAUSES.iter().find(|(part, ..)| text.contains(part))?;
    let detail = match code {
        FaultCode::RedisWrongType | FaultCode::TriggerTypeUnknown => after(text, part),
        FaultCode::TriggerInvalid => text.rsplit("metadata: ").next().and_then(|text| text.lines().next()),
        FaultCode::RedisHostUnknown | FaultCode::RedisRefused | FaultCode::RedisNoRoute => after(text, "dial tcp"),
        FaultCode::RedisCertificate => after(text, "x509"),
        FaultCode::RedisCommandDenied => after(text, "NOPERM"),
        _ => None,
    };
    let detail = detail.map(|detail| format!(" ({detail})")).unwrap_or_default();
    let fault = Diagnosis::new(*code, format!("KEDA cannot read the list: {words}{detail}"));
    Some(match *words {
        OTHER_NAME => fault.hint("name Redis in the trigger as its certificate does, or have one issued for this name"),
        EXPIRED => fault.hint("renew the certificate of the server, and check its clock and that of KEDA's node"),
        _ => fault,
    })
}

/// Returns the first line of the text from `part` on.
fn after<'a>(text: &'a str, part: &str) -> Option<&'a str> {
    let found = &text[text.find(part)?..];
    found.lines().next().map(|line| line.trim_end_matches(['.', ' ']))
}
