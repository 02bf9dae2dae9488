//! Building the requests of a client: forms, posted to the authorization server.

use zeroize::Zeroizing;

use super::credentials::ClientCredentials;
use super::http::HttpRequest;
use crate::secret::RefreshToken;

/// `POST token_url` with `grant_type=refresh_token` (RFC 6749, section 6).
#[must_use]
pub fn refresh_request(
    token_url: &str,
    client: &ClientCredentials,
    refresh_token: &RefreshToken,
) -> HttpRequest {
    let grant = [("grant_type", "refresh_token"), ("refresh_token", refresh_token.expose())];
    form(token_url, client, &grant)
}

/// `POST token_url` with `grant_type=authorization_code` (RFC 6749, section 4.1.3; RFC 7636, section
/// 4.5).
pub(super) fn code_request(
    token_url: &str,
    client: &ClientCredentials,
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
    client: &ClientCredentials,
    token: &str,
    hint: &str,
) -> HttpRequest {
    form(revocation_url, client, &[("token", token), ("token_type_hint", hint)])
}

/// A form with these fields, the client authenticated in the body (`client_secret_post`, RFC 6749,
/// section 2.3.1).
fn form(url: &str, client: &ClientCredentials, fields: &[(&str, &str)]) -> HttpRequest {
    let credentials = [("client_id", &*client.id), ("client_secret", client.secret.expose())];
    let fields = || fields.iter().chain(&credentials);
    // Three times the length is the most that encoding can make of it: the buffer never grows,
    // so no unwiped copy is left behind.
    let most = fields().map(|(name, value)| name.len() + value.len() * 3 + 2).sum();
    let mut body = Zeroizing::new(String::with_capacity(most));
    for (name, value) in fields() {
        append(name, value, &mut body);
    }
    HttpRequest { url: url.to_owned(), body }
}

/// Appends `name=value`, encoded; after an ampersand, when something is there.
pub(super) fn append(name: &str, value: &str, into: &mut String) {
    if !into.is_empty() {
        into.push('&');
    }
    into.push_str(name);
    into.push('=');
    encode(value, into);
}

/// `application/x-www-form-urlencoded` (WHATWG URL, section 5).
fn encode(value: &str, into: &mut String) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for byte in value.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'*' | b'-' | b'.' | b'_' => {
                into.push(char::from(byte));
            }
            b' ' => into.push('+'),
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
    use crate::secret::ClientSecret;

    #[test]
    fn a_value_cannot_break_out_of_its_field() {
        let client = ClientCredentials { id: "a&b=c".into(), secret: ClientSecret::new("s +%ü") };
        let request = refresh_request("https://t/token", &client, &RefreshToken::new("1//r&x=y"));
        assert_eq!(
            *request.body,
            "grant_type=refresh_token&refresh_token=1%2F%2Fr%26x%3Dy&client_id=a%26b%3Dc&client_secret=s+%2B%25%C3%BC"
        );
    }
}
