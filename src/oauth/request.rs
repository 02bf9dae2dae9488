//! Builds requests to the authorization server: a form, or a JSON object.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serializer;
use zeroize::Zeroizing;

use super::client_assertion::CLIENT_ASSERTION_TYPE;
use super::credentials::{Client, ClientAuthentication};
use super::http::{HttpRequest, Method};
use super::provider::{CodeChallengeMethod, Provider, RequestFormat, RevocationMethod, TokenPlace};
use crate::secret::{ClientSecret, RefreshToken};

/// `POST url` with `grant_type=refresh_token` (RFC 6749, section 6). Sends the granted `scopes` if the provider
/// needs them.
#[must_use]
pub fn refresh_request(
    provider: &Provider,
    url: &str,
    client: Client<'_>,
    refresh_token: &RefreshToken,
    scopes: &[String],
) -> HttpRequest {
    let scope = scopes.join(provider.scope_separator());
    let mut grant =
        vec![("grant_type", "refresh_token"), ("refresh_token", refresh_token.expose())];
    if provider.refresh_sends_scope && !scope.is_empty() {
        grant.push(("scope", &scope));
    }
    request(provider, url, client, grant, &provider.refresh_parameters)
}

/// `POST url` with `grant_type=authorization_code` (RFC 6749, section 4.1.3; RFC 7636, section 4.5).
pub(super) fn code_request(
    provider: &Provider,
    url: &str,
    client: Client<'_>,
    code: &str,
    redirect_uri: &str,
    code_verifier: &str,
) -> HttpRequest {
    let mut grant =
        vec![("grant_type", "authorization_code"), ("code", code), ("redirect_uri", redirect_uri)];
    if provider.code_challenge_method() == CodeChallengeMethod::S256 {
        grant.push(("code_verifier", code_verifier));
    }
    request(provider, url, client, grant, &provider.code_parameters)
}

/// `POST url` with a token to revoke (RFC 7009, section 2.1), or the request that the provider has for it.
pub(super) fn revocation_request(
    provider: &Provider,
    url: &str,
    client: Client<'_>,
    token: &str,
    hint: &str,
) -> HttpRequest {
    let none = BTreeMap::new();
    let Some(form) = &provider.revocation else {
        let fields = vec![("token", token), ("token_type_hint", hint)];
        return request(provider, url, client, fields, &none);
    };
    let parameter = form.token_parameter.as_deref().unwrap_or("token");
    let authentication = form.client_authentication.unwrap_or(client.authentication);
    let client = Client { authentication, ..client };
    let format = form.request_format.unwrap_or(provider.request_format);
    let fields = vec![(parameter, token)];
    let mut sent = request_in(format, provider, url, client, fields, &none);
    if form.method == RevocationMethod::Delete {
        sent.method = Method::Delete;
    }
    if form.token_in != TokenPlace::Body {
        (sent.format, sent.body) = (None, Zeroizing::default());
    }
    match form.token_in {
        TokenPlace::Body => {}
        TokenPlace::Query => {
            let mut query = String::new();
            append(parameter, token, &mut query);
            sent.url = format!("{url}{}{query}", if url.contains('?') { '&' } else { '?' });
        }
        TokenPlace::Authorization => {
            let mut header = Zeroizing::new(String::with_capacity(7 + token.len()));
            header.push_str("Bearer ");
            header.push_str(token);
            sent.authorization = Some(header);
        }
    }
    sent
}

/// A request with these fields, the provider's own, which replace them, and the client authentication.
fn request<'a>(
    provider: &'a Provider,
    url: &str,
    client: Client<'a>,
    fields: Vec<(&'a str, &'a str)>,
    own: &'a BTreeMap<String, String>,
) -> HttpRequest {
    request_in(provider.request_format, provider, url, client, fields, own)
}

fn request_in<'a>(
    format: RequestFormat,
    provider: &'a Provider,
    url: &str,
    client: Client<'a>,
    mut fields: Vec<(&'a str, &'a str)>,
    own: &'a BTreeMap<String, String>,
) -> HttpRequest {
    let secret = client.secret.map(ClientSecret::expose);
    let mut authorization = None;
    match (client.authentication, secret) {
        (ClientAuthentication::PrivateKeyJwt, _) => fields.extend([
            ("client_id", client.id),
            ("client_assertion_type", CLIENT_ASSERTION_TYPE),
            ("client_assertion", client.assertion.unwrap_or_default()),
        ]),
        (ClientAuthentication::Basic, Some(secret)) => {
            authorization = Some(basic(client.id, secret, encode_for_header));
        }
        (ClientAuthentication::BasicRaw, Some(secret)) => {
            authorization = Some(basic(client.id, secret, |text, into| into.push_str(text)));
        }
        (ClientAuthentication::Post, Some(secret)) => {
            fields.extend([("client_id", client.id), ("client_secret", secret)]);
        }
        _ => fields.push(("client_id", client.id)),
    }
    fields.retain(|(name, _)| !own.contains_key(*name));
    // An empty value leaves a parameter out.
    let own = own.iter().filter(|(_, value)| !value.is_empty());
    fields.extend(own.map(|(name, value)| (name.as_str(), value.as_str())));
    for (name, _) in &mut fields {
        *name = provider.parameter_name(name);
    }
    let body = match format {
        RequestFormat::Form => form(&fields),
        RequestFormat::Json => json(&fields),
    };
    let headers =
        provider.request_headers.iter().map(|(name, value)| (name.clone(), value.clone()));
    HttpRequest {
        method: Method::Post,
        url: url.to_owned(),
        format: Some(format),
        headers: headers.collect(),
        body,
        authorization,
    }
}

/// `application/x-www-form-urlencoded`.
fn form(fields: &[(&str, &str)]) -> Zeroizing<String> {
    // Encoding at most triples the length. So the buffer never grows, which would leave an unwiped copy.
    let most = fields.iter().map(|(name, value)| (name.len() + value.len()) * 3 + 2).sum();
    let mut body = Zeroizing::new(String::with_capacity(most));
    for (name, value) in fields {
        append(name, value, &mut body);
    }
    body
}

/// A JSON object of strings.
fn json(fields: &[(&str, &str)]) -> Zeroizing<String> {
    // An escape takes at most six bytes. So the buffer never grows.
    let most: usize = fields.iter().map(|(name, value)| (name.len() + value.len()) * 6 + 6).sum();
    let mut body = Zeroizing::new(Vec::with_capacity(most + 2));
    let mut to = serde_json::Serializer::new(&mut *body);
    // Strings in memory can always be written.
    let _ = to.collect_map(fields.iter().copied());
    Zeroizing::new(String::from_utf8(std::mem::take(&mut *body)).unwrap_or_default())
}

/// `Basic base64(id ":" secret)`, each written by `write`.
fn basic(id: &str, secret: &str, write: fn(&str, &mut String)) -> Zeroizing<String> {
    let mut pair = Zeroizing::new(String::with_capacity((id.len() + secret.len()) * 3 + 1));
    write(id, &mut pair);
    pair.push(':');
    write(secret, &mut pair);
    let mut header = Zeroizing::new(String::with_capacity(6 + pair.len() * 4 / 3 + 4));
    header.push_str("Basic ");
    STANDARD.encode_string(pair.as_bytes(), &mut header);
    header
}

/// Form-encoded (RFC 6749, section 2.3.1), but with `%20` for a space, which every decoder accepts, unlike `+`.
fn encode_for_header(text: &str, into: &mut String) {
    encode(text, "%20", into);
}

/// Appends `name=value`, encoded, after an ampersand unless it is the first.
pub(super) fn append(name: &str, value: &str, into: &mut String) {
    if !into.is_empty() {
        into.push('&');
    }
    encode(name, "+", into);
    into.push('=');
    encode(value, "+", into);
}

/// `application/x-www-form-urlencoded` (WHATWG URL, section 5), with `space` for a space.
fn encode(value: &str, space: &str, into: &mut String) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for byte in value.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'*' | b'-' | b'.' | b'_' => {
                into.push(char::from(byte));
            }
            b' ' => into.push_str(space),
            _ => {
                into.push('%');
                into.push(char::from(HEX[usize::from(byte >> 4)]));
                into.push(char::from(HEX[usize::from(byte & 15)]));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(authentication: ClientAuthentication, secret: Option<&str>) -> HttpRequest {
        described("{}", authentication, secret)
    }

    fn described(
        provider: &str,
        authentication: ClientAuthentication,
        secret: Option<&str>,
    ) -> HttpRequest {
        let provider = Provider::described("test", provider).expect("is a description");
        let secret = secret.map(ClientSecret::new);
        let client = Client {
            id: "a&b=c",
            secret: secret.as_ref(),
            authentication,
            assertion: Some("e30.e30.c2ln"),
        };
        let scopes = ["read".to_owned(), "write".to_owned()];
        refresh_request(
            &provider,
            "https://t/token",
            client,
            &RefreshToken::new("1//r&x=y"),
            &scopes,
        )
    }

    #[test]
    fn a_json_body_and_other_names_reach_the_server_as_described() {
        let json = described(
            r#"{"requestFormat":"json","parameterNames":{"client_id":"client_key"},"requestHeaders":{"x-version":"1"}}"#,
            ClientAuthentication::Post,
            Some("s\"\n\u{1}"),
        );
        let sent: std::collections::BTreeMap<String, String> =
            serde_json::from_str(&json.body).expect("is JSON");
        assert_eq!(sent["client_key"], "a&b=c");
        assert_eq!(sent["client_secret"], "s\"\n\u{1}");
        assert_eq!(sent["refresh_token"], "1//r&x=y");
        assert!(!sent.contains_key("client_id") && json.format == Some(RequestFormat::Json));
        assert_eq!(json.headers, [("x-version".to_owned(), "1".to_owned())]);
    }

    #[test]
    fn own_parameters_replace_those_of_the_rfc_and_an_empty_one_leaves_it_out() {
        let own = r#"{"refreshSendsScope":true,"scopeSeparator":",","refreshParameters":{"grant_type":"","audience":"api x","client_id":"other"}}"#;
        let sent = described(own, ClientAuthentication::None, None);
        assert_eq!(
            *sent.body,
            "refresh_token=1%2F%2Fr%26x%3Dy&scope=read%2Cwrite&audience=api+x&client_id=other"
        );
    }

    #[test]
    fn a_raw_header_has_id_and_secret_as_they_are() {
        let request = request(ClientAuthentication::BasicRaw, Some("s%2B:ü "));
        let header = request.authorization.expect("has a header");
        let pair = STANDARD.decode(header.strip_prefix("Basic ").expect("is Basic"));
        assert_eq!(pair.as_deref(), Ok("a&b=c:s%2B:ü ".as_bytes()));
    }

    #[test]
    fn a_value_cannot_break_out_of_its_field() {
        let request = request(ClientAuthentication::Post, Some("s +%ü"));
        assert_eq!(
            *request.body,
            "grant_type=refresh_token&refresh_token=1%2F%2Fr%26x%3Dy&client_id=a%26b%3Dc&client_secret=s+%2B%25%C3%BC"
        );
        assert!(request.authorization.is_none());
    }

    #[test]
    fn in_a_header_id_and_secret_cannot_be_taken_for_each_other() {
        let request = request(ClientAuthentication::Basic, Some("s:ü"));
        assert_eq!(*request.body, "grant_type=refresh_token&refresh_token=1%2F%2Fr%26x%3Dy");
        let header = request.authorization.expect("has a header");
        let pair = STANDARD.decode(header.strip_prefix("Basic ").expect("is Basic"));
        assert_eq!(pair.as_deref(), Ok(b"a%26b%3Dc:s%3A%C3%BC".as_slice()));
    }

    #[test]
    fn a_space_in_a_header_is_read_by_who_decodes_percents_alone() {
        let request = request(ClientAuthentication::Basic, Some("a b+c"));
        let header = request.authorization.expect("has a header");
        let pair = STANDARD.decode(header.strip_prefix("Basic ").expect("is Basic"));
        assert_eq!(pair.as_deref(), Ok(b"a%26b%3Dc:a%20b%2Bc".as_slice()));
    }

    #[test]
    fn an_assertion_is_sent_by_a_client_that_authenticates_with_it_alone() {
        let request = request(ClientAuthentication::PrivateKeyJwt, None);
        assert!(request.authorization.is_none());
        assert!(
            request.body.ends_with("&client_id=a%26b%3Dc&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion=e30.e30.c2ln"),
            "{}",
            *request.body
        );
        for other in [ClientAuthentication::Post, ClientAuthentication::None] {
            assert!(!self::request(other, Some("s")).body.contains("assertion"), "{other:?}");
        }
    }

    #[test]
    fn a_public_client_sends_its_id_alone() {
        let request = request(ClientAuthentication::None, None);
        assert!(request.body.ends_with("&client_id=a%26b%3Dc") && request.authorization.is_none());
    }
}
