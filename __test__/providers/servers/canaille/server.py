"""canaille, on SQLite.

Takes one argument: a JSON file with the port, the path of the database, the clients, the users and the redirect URI.
"""

import json
import os
import sys

with open(sys.argv[1]) as file:
    given = json.load(file)

# It is served by http, on loopback.
os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "true"

from canaille import create_app
from canaille.app import models
from canaille.backends import Backend
from werkzeug.serving import make_server

app = create_app(
    {
        "SECRET_KEY": "a secret of this server, which is long enough",
        "SERVER_NAME": f"127.0.0.1:{given['port']}",
        "PREFERRED_URL_SCHEME": "http",
        # Its storage in memory takes the consent of one user for that of all.
        "CANAILLE": {"DATABASE": "sql", "JAVASCRIPT": False, "FORCE_HTTPS": False},
        "CANAILLE_SQL": {"DATABASE_URI": f"sqlite:///{given['database']}", "AUTO_MIGRATE": True},
        "CANAILLE_OIDC": {},
    }
)

with app.app_context(), Backend.instance.session():
    for user in given["users"]:
        Backend.instance.save(
            models.User(
                user_name=user["name"],
                formatted_name=user["name"],
                family_name=user["name"],
                emails=[user["email"]],
                password=user["password"],
            )
        )
    for client in given["clients"]:
        registered = models.Client(
            client_id=client["id"],
            client_secret=client["secret"],
            client_name=client["id"],
            client_uri="https://application.example",
            redirect_uris=[given["redirectUri"]],
            grant_types=["authorization_code", "refresh_token"],
            response_types=["code"],
            scope=["openid", "profile"],
            # Not a method of its own: the same header, without the encoding.
            token_endpoint_auth_method=client["method"].removesuffix("_raw"),
        )
        Backend.instance.save(registered)
        registered.audience = [registered]
        Backend.instance.save(registered)

make_server("127.0.0.1", given["port"], app, threaded=True).serve_forever()
