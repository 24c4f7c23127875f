//! Headers that tell the API server who is asking.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hyper::HeaderMap;
use hyper::header::{AUTHORIZATION, HeaderName, HeaderValue};

use super::kubeconfig::UserEntry;
use super::request_error::RequestError;

/// Adds the headers of a user. A token is read from its file at each request, because it is replaced before it expires.
///
/// # Errors
///
/// Fails without the secrets when there are no credentials that can be sent.
pub(super) async fn headers(user: &UserEntry, headers: &mut HeaderMap) -> Result<(), RequestError> {
    if let Some(authorization) = authorization(user).await? {
        let mut value = value(&authorization)?;
        value.set_sensitive(true);
        headers.insert(AUTHORIZATION, value);
    }
    let as_user = [("impersonate-user", &user.impersonate), ("impersonate-uid", &user.impersonate_uid)];
    for (name, text) in as_user {
        if let Some(text) = text.as_ref().filter(|text| !text.is_empty()) {
            headers.insert(name, value(text)?);
        }
    }
    for group in user.impersonate_groups.iter().flatten() {
        headers.append("impersonate-group", value(group)?);
    }
    for (key, texts) in user.impersonate_extra.iter().flatten() {
        let name = HeaderName::try_from(format!("impersonate-extra-{key}"));
        let name = name.map_err(|_| unusable(format!("`{key}` of `as-user-extra` is not valid")))?;
        for text in texts {
            headers.append(&name, value(text)?);
        }
    }
    Ok(())
}

async fn authorization(user: &UserEntry) -> Result<Option<String>, RequestError> {
    if let Some(token) = user.token.as_ref().filter(|token| !token.is_empty()) {
        return Ok(Some(format!("Bearer {token}")));
    }
    if let Some(file) = user.token_file.as_ref().filter(|file| !file.as_os_str().is_empty()) {
        let token = tokio::fs::read_to_string(file).await;
        let token = token.map_err(|error| unusable(format!("cannot read the token {}: {error}", file.display())))?;
        return Ok(Some(format!("Bearer {}", token.trim())));
    }
    if let Some(username) = user.username.as_ref().filter(|username| !username.is_empty()) {
        let password = user.password.as_deref().unwrap_or_default();
        return Ok(Some(format!("Basic {}", BASE64_STANDARD.encode(format!("{username}:{password}")))));
    }
    match &user.auth_provider {
        Some(provider) => Err(unusable(format!(
            "auth-provider `{}` is not supported: use the credential plugin (exec) that replaces it",
            provider.name
        ))),
        None => Ok(None),
    }
}

fn value(text: &str) -> Result<HeaderValue, RequestError> {
    HeaderValue::try_from(text)
        .map_err(|_| unusable("the credentials contain characters that cannot be sent".to_owned()))
}

fn unusable(message: String) -> RequestError {
    RequestError::Unauthorized(message)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn sent(user: UserEntry) -> Result<Vec<String>, RequestError> {
        let mut sent = HeaderMap::new();
        headers(&user, &mut sent).await?;
        Ok(sent.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect())
    }

    #[tokio::test]
    async fn each_way_to_authenticate_has_its_header() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("token");
        std::fs::write(&file, "of-file\n").unwrap();
        let none = UserEntry::default;
        for (user, expected) in [
            (none(), &[][..]),
            (UserEntry { token: Some("t".into()), ..none() }, &["authorization: Bearer t"]),
            (UserEntry { token_file: Some(file), ..none() }, &["authorization: Bearer of-file"]),
            (
                UserEntry { username: Some("jane".into()), password: Some("p:w".into()), ..none() },
                &["authorization: Basic amFuZTpwOnc="],
            ),
            (
                UserEntry {
                    impersonate: Some("joe".into()),
                    impersonate_groups: Some(vec!["a".into(), "b".into()]),
                    impersonate_extra: Some([("reason".to_owned(), vec!["test".to_owned()])].into()),
                    ..none()
                },
                &[
                    "impersonate-user: joe",
                    "impersonate-group: a",
                    "impersonate-group: b",
                    "impersonate-extra-reason: test",
                ],
            ),
        ] {
            assert_eq!(sent(user).await.unwrap(), expected);
        }
    }

    #[tokio::test]
    async fn credentials_that_cannot_be_sent_are_not_shown() {
        let missing = UserEntry { token_file: Some("/nowhere/token".into()), ..UserEntry::default() };
        let broken = UserEntry { token: Some("s3cret\n".into()), ..UserEntry::default() };
        for (user, expected) in [(missing, "/nowhere/token"), (broken, "characters that cannot be sent")] {
            let error = format!("{:?}", sent(user).await.unwrap_err());
            assert!(error.contains(expected) && !error.contains("s3cret"), "{error}");
        }
    }
}
