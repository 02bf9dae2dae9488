//! Builds requests to the authorization server: posted forms.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::credentials::{Client, ClientAuthentication};
use super::http::HttpRequest;
use crate::secret::{ClientSecret, RefreshToken};

/// `POST token_url` with `grant_type=refresh_token` (RFC 6749, section 6).
#[must_use]
pub fn refresh_request(
    token_url: &str,
    client: Client<'_>,
    refresh_token: &RefreshToken,
) -> HttpRequest {
    let grant = [("grant_type", "refresh_token"), ("refresh_token", refresh_token.expose())];
    form(token_url, client, &grant)
}

/// `POST token_url` with `grant_type=authorization_code` (RFC 6749, section 4.1.3; RFC 7636, section
/// 4.5).
pub(super) fn code_request(
    token_url: &str,
    client: Client<'_>,
    code: &str,
    redirect_uri: &str,
    code_verifier: &str,
) -> HttpRequest {
    let grant = [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", redirect_uri),
        ("code_verifier", code_verifier),
    ];
    form(token_url, client, &grant)
}

/// `POST revocation_url` (RFC 7009, section 2.1).
pub(super) fn revocation_request(
    revocation_url: &str,
    client: Client<'_>,
    token: &str,
    hint: &str,
) -> HttpRequest {
    form(revocation_url, client, &[("token", token), ("token_type_hint", hint)])
}

/// A form with these fields and the client authentication.
fn form(url: &str, client: Client<'_>, fields: &[(&str, &str)]) -> HttpRequest {
    let secret = client.secret.map(ClientSecret::expose);
    let (in_body, authorization) = match (client.authentication, secret) {
        (ClientAuthentication::Basic, Some(secret)) => (vec![], Some(basic(client.id, secret))),
        (ClientAuthentication::Post, Some(secret)) => {
            (vec![("client_id", client.id), ("client_secret", secret)], None)
        }
        _ => (vec![("client_id", client.id)], None),
    };
    let fields = || fields.iter().chain(&in_body);
    // Encoding at most triples the length. So the buffer never grows, which would leave an unwiped copy.
    let most = fields().map(|(name, value)| name.len() + value.len() * 3 + 2).sum();
    let mut body = Zeroizing::new(String::with_capacity(most));
    for (name, value) in fields() {
        append(name, value, &mut body);
    }
    HttpRequest { url: url.to_owned(), body, authorization }
}

/// `Basic base64(id ":" secret)`, both form-encoded (RFC 6749, section 2.3.1), but with `%20` for a space, which
/// every decoder accepts, unlike `+`.
fn basic(id: &str, secret: &str) -> Zeroizing<String> {
    let mut pair = Zeroizing::new(String::with_capacity((id.len() + secret.len()) * 3 + 1));
    encode(id, "%20", &mut pair);
    pair.push(':');
    encode(secret, "%20", &mut pair);
    let mut header = Zeroizing::new(String::with_capacity(6 + pair.len() * 4 / 3 + 4));
    header.push_str("Basic ");
    STANDARD.encode_string(pair.as_bytes(), &mut header);
    header
}

/// Appends `name=value`, encoded, after an ampersand unless it is the first.
pub(super) fn append(name: &str, value: &str, into: &mut String) {
    if !into.is_empty() {
        into.push('&');
    }
    into.push_str(name);
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
        let secret = secret.map(ClientSecret::new);
        let client = Client { id: "a&b=c", secret: secret.as_ref(), authentication };
        refresh_request("https://t/token", client, &RefreshToken::new("1//r&x=y"))
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
    fn a_public_client_sends_its_id_alone() {
        let request = request(ClientAuthentication::None, None);
        assert!(request.body.ends_with("&client_id=a%26b%3Dc") && request.authorization.is_none());
    }
}
