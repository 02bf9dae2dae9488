//! Scopes by their meaning. Providers name in responses what was asked for in other words, or not at all.

use super::Provider;

/// Scopes of OpenID Connect (Core, sections 3.1.2.1, 5.4 and 11), which many providers never name in responses.
const SELDOM_NAMED: [&str; 6] =
    ["openid", "profile", "email", "address", "phone", "offline_access"];

impl Provider {
    /// The scopes of an authorization request: those that were asked for, and those without which there is no
    /// refresh token.
    #[must_use]
    pub fn with_offline_scopes<'a>(&'a self, asked: &'a [String]) -> Vec<&'a str> {
        let offline = self.offline_scopes.iter().filter(|scope| !asked.contains(scope));
        asked.iter().chain(offline).map(String::as_str).collect()
    }

    /// Whether the user has declined a scope that was asked for. Where nobody can, a response that does not name one
    /// means it: a wider scope contains it, or it stands for others.
    #[must_use]
    pub fn lacks_scopes(&self, asked: &[String], granted: &[String]) -> bool {
        if !self.scopes_may_be_declined {
            return false;
        }
        let is_granted = |scope: &String| {
            self.is_never_named(scope) || granted.iter().any(|named| self.means(scope, named))
        };
        !asked.iter().all(is_granted)
    }

    /// The granted scopes in the words in which they were known before: those that are still granted, then those
    /// that are new.
    #[must_use]
    pub fn in_known_words(&self, known: &[String], named: &[String]) -> Vec<String> {
        let is_granted = |scope: &&String| {
            self.is_never_named(scope) || named.iter().any(|named| self.means(scope, named))
        };
        let is_new = |named: &&String| !known.iter().any(|scope| self.means(scope, named));
        let kept = known.iter().filter(is_granted);
        kept.chain(named.iter().filter(is_new)).cloned().collect()
    }

    fn is_never_named(&self, scope: &str) -> bool {
        SELDOM_NAMED.contains(&scope) || self.scope_aliases.get(scope).is_some_and(Option::is_none)
    }

    /// Whether a response that says `named` means `scope`: the same in any case, its other name, or its full name,
    /// such as `https://graph.microsoft.com/Mail.Read`.
    fn means(&self, scope: &str, named: &str) -> bool {
        let is_full_name = |full: &str, short: &str| {
            let path = full.strip_prefix("https://").and_then(|rest| rest.rsplit_once('/'));
            path.is_some_and(|(_, last)| last.eq_ignore_ascii_case(short))
        };
        let alias = self.scope_aliases.get(scope).and_then(Option::as_deref);
        scope.eq_ignore_ascii_case(named)
            || alias.is_some_and(|alias| alias.eq_ignore_ascii_case(named))
            || is_full_name(named, scope)
            || is_full_name(scope, named)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scopes(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    fn provider(name: &str) -> Provider {
        Provider::built_in(name).expect("is built in")
    }

    #[test]
    fn scopes_that_a_response_names_otherwise_are_not_missing() {
        let may_decline = |name| Provider { scopes_may_be_declined: true, ..provider(name) };
        for (name, asked, granted) in [
            (
                "microsoft",
                "offline_access Mail.Read User.Read",
                "mail.read https://graph.microsoft.com/User.Read",
            ),
            ("microsoft", "https://graph.microsoft.com/Mail.Read openid", "Mail.Read"),
            ("google", "openid email", "https://www.googleapis.com/auth/userinfo.email"),
            ("github", "", ""),
        ] {
            assert!(!may_decline(name).lacks_scopes(&scopes(asked), &scopes(granted)), "{asked}");
        }
        for (name, asked, granted) in [
            ("microsoft", "Mail.Read Mail.Send", "Mail.Read"),
            ("microsoft", "Mail.Read", "https://graph.microsoft.com/Mail.ReadWrite"),
            (
                "google",
                "https://www.googleapis.com/auth/calendar",
                "https://www.googleapis.com/auth/calendar.events",
            ),
            ("google", "https://a.example/read", "https://b.example/read"),
        ] {
            assert!(may_decline(name).lacks_scopes(&scopes(asked), &scopes(granted)), "{asked}");
        }
    }

    #[test]
    fn a_scope_that_a_wider_one_contains_is_not_missing_where_nobody_can_decline_it() {
        let (asked, granted) = (scopes("user gist user:email"), scopes("user gist"));
        assert!(!provider("github").lacks_scopes(&asked, &granted));
        assert!(provider("google").lacks_scopes(&scopes("a b"), &scopes("a")));
    }

    #[test]
    fn a_refresh_keeps_the_words_in_which_scopes_were_asked_for() {
        let known = scopes("offline_access Mail.Read Mail.Send");
        let named = scopes("https://graph.microsoft.com/Mail.Read profile Calendars.Read");
        let kept = provider("microsoft").in_known_words(&known, &named);
        assert_eq!(kept, scopes("offline_access Mail.Read profile Calendars.Read"));
    }

    #[test]
    fn offline_scopes_are_asked_for_once() {
        let microsoft = provider("microsoft");
        let asked = scopes("Mail.Read");
        assert_eq!(microsoft.with_offline_scopes(&asked), ["Mail.Read", "offline_access"]);
        let asked = scopes("offline_access Mail.Read");
        assert_eq!(microsoft.with_offline_scopes(&asked), ["offline_access", "Mail.Read"]);
    }
}
