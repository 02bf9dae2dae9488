//! The subject of an ID token, which identifies the account (OpenID Connect Core, section 2).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
struct Claims {
    sub: String,
    aud: Value,
}

/// The subject of an ID token for `client_id`; `None` if it is not valid. The token comes directly from the
/// token endpoint, so TLS replaces the check of its signature (OpenID Connect Core, section 3.1.3.7, item 6).
pub(super) fn subject(id_token: &str, client_id: &str) -> Option<String> {
    let claims = id_token.split('.').nth(1)?;
    let claims = URL_SAFE_NO_PAD.decode(claims).ok()?;
    let Claims { sub, aud } = serde_json::from_slice(&claims).ok()?;
    let is_ours = match &aud {
        Value::String(audience) => audience == client_id,
        Value::Array(audiences) => audiences.iter().any(|audience| audience == client_id),
        _ => false,
    };
    (is_ours && !sub.is_empty()).then_some(sub)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(claims: &str) -> String {
        format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims))
    }

    #[test]
    fn only_a_token_for_this_client_names_an_account() {
        for aud in [r#""client""#, r#"["other","client"]"#] {
            let token = token(&format!(r#"{{"sub":"1081","aud":{aud}}}"#));
            assert_eq!(subject(&token, "client").as_deref(), Some("1081"), "{aud}");
        }
        for claims in [
            r#"{"sub":"1081","aud":"other"}"#,
            r#"{"sub":"1081"}"#,
            r#"{"sub":"","aud":"client"}"#,
            r#"{"sub":1081,"aud":"client"}"#,
            r#"{"aud":"client"}"#,
            "[]",
        ] {
            assert_eq!(subject(&token(claims), "client"), None, "{claims}");
        }
        for odd in ["", "e30", "e30.", "e30.%%%.x", "..", "\u{e9}.\u{e9}.\u{e9}"] {
            assert_eq!(subject(odd, "client"), None, "{odd}");
        }
    }
}
