"""django-oauth-toolkit with its own consent page and list of authorized tokens, in front of Django's login view.

Takes one argument: a JSON file with the port, the clients, the users and the redirect URI.
"""

import json
import sys

import django
from django.conf import settings
from django.urls import include, path

with open(sys.argv[1]) as file:
    given = json.load(file)

settings.configure(
    SECRET_KEY="a secret of this server",
    ROOT_URLCONF=__name__,
    ALLOWED_HOSTS=["127.0.0.1"],
    USE_TZ=True,
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": given["database"],
            "OPTIONS": {"timeout": 20},
        }
    },
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.sessions",
        "django.contrib.messages",
        "oauth2_provider",
    ],
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
    ],
    TEMPLATES=[
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "OPTIONS": {
                "context_processors": [
                    "django.template.context_processors.request",
                    "django.contrib.auth.context_processors.auth",
                ],
                "loaders": [
                    (
                        "django.template.loaders.locmem.Loader",
                        {
                            "registration/login.html": (
                                '<form method="post">{% csrf_token %}{{ form }}<button>Log in</button></form>'
                            )
                        },
                    ),
                    "django.template.loaders.app_directories.Loader",
                ],
            },
        }
    ],
    # The default takes long by design, for each user and each request of a client.
    PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
    LOGIN_URL="/accounts/login/",
    OAUTH2_PROVIDER={"SCOPES": {"read": "Read"}, **given["options"]},
)
django.setup()

from django.contrib.auth import get_user_model
from django.contrib.auth.views import LoginView
from django.core.management import call_command
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse
from oauth2_provider.decorators import protected_resource
from oauth2_provider.models import Application


@protected_resource()
def resource(request):
    return HttpResponse("here")


urlpatterns = [
    path("accounts/login/", LoginView.as_view()),
    path("o/", include("oauth2_provider.urls", namespace="oauth2_provider")),
    path("resource/", resource),
]

call_command("migrate", verbosity=0)
for user in given["users"]:
    get_user_model().objects.create_user(user["name"], user["email"], user["password"])
for client in given["clients"]:
    Application.objects.create(
        name=client["id"],
        client_id=client["id"],
        client_secret=client["secret"],
        client_type=Application.CLIENT_CONFIDENTIAL,
        authorization_grant_type=Application.GRANT_AUTHORIZATION_CODE,
        redirect_uris=given["redirectUri"],
    )

server = ThreadedWSGIServer(("127.0.0.1", given["port"]), WSGIRequestHandler)
server.daemon_threads = True
server.set_app(get_wsgi_application())
server.serve_forever()
