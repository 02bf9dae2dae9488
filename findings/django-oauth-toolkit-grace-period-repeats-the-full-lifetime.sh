#!/usr/bin/env bash
# django-oauth-toolkit 3.4.1, Django 5.2.19, oauthlib 4.0.1 (PyPI), Python 3.11
#
# Expected: a refresh answer's `expires_in` says how long its access token lives from now (RFC 6749,
#   section 5.1).
# Seen: with REFRESH_TOKEN_GRACE_PERIOD_SECONDS a refresh token that is sent again within the grace period gets the
#   pair of the first use once more, with the full `expires_in` again, though that access token was made earlier
#   and is not prolonged.
# Why it matters: whoever repeats a refresh whose answer was lost, and stores now + `expires_in`, keeps the access token
#   for fresh up to a whole grace period after it is dead: callers get 401 where nothing is said to have expired.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet django==5.2.19 django-oauth-toolkit==3.4.1 oauthlib==4.0.1

cat > run.py <<'PY'
import time

import django
from django.conf import settings
from django.urls import include, path

settings.configure(
    SECRET_KEY="a secret of this script",
    ROOT_URLCONF=__name__,
    ALLOWED_HOSTS=["testserver"],
    USE_TZ=True,
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "oauth2_provider"],
    OAUTH2_PROVIDER={
        "ACCESS_TOKEN_EXPIRE_SECONDS": 100,
        "REFRESH_TOKEN_GRACE_PERIOD_SECONDS": 60,
    },
)
django.setup()
urlpatterns = [path("o/", include("oauth2_provider.urls", namespace="oauth2_provider"))]

from datetime import timedelta

from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from oauth2_provider.models import AccessToken, Application, RefreshToken

call_command("migrate", verbosity=0)
user = get_user_model().objects.create(username="ann")
app = Application.objects.create(
    client_id="app",
    client_secret="s3cret",
    client_type=Application.CLIENT_CONFIDENTIAL,
    authorization_grant_type=Application.GRANT_AUTHORIZATION_CODE,
    redirect_uris="https://app.example/callback",
)
access = AccessToken.objects.create(
    user=user, application=app, token="old", expires=timezone.now() + timedelta(hours=1), scope="read"
)
RefreshToken.objects.create(user=user, application=app, token="first", access_token=access)


def refresh():
    form = {"grant_type": "refresh_token", "refresh_token": "first"}
    response = Client().post("/o/token/", {**form, "client_id": "app", "client_secret": "s3cret"})
    assert response.status_code == 200, response.content
    answer = response.json()
    row = AccessToken.objects.get(token=answer["access_token"])
    left = (row.expires - timezone.now()).total_seconds()
    print(f"expires_in {answer['expires_in']}, and the access token lives for {left:.0f} s more")
    return answer, row.expires, left


first, expires, _ = refresh()
time.sleep(3)
again, expires_again, left = refresh()
assert again["access_token"] == first["access_token"]
assert again["refresh_token"] == first["refresh_token"]
assert first["expires_in"] == again["expires_in"] == 100
assert expires_again == expires
assert left <= 97
PY
venv/bin/python run.py
