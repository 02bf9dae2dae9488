/** `tokenkeep/http` in strict CommonJS. */

import http = require('node:http');
import express = require('express');
import Fastify = require('fastify');
import tokenkeep = require('tokenkeep/http');

const handlers = tokenkeep.createGoogleHandlers({
  userId: (request) => request.headers.get('x-user'),
});

http.createServer(tokenkeep.toNodeListener(handlers));
express().use(tokenkeep.toNodeListener(handlers));
Fastify.fastify().register(tokenkeep.toFastifyPlugin(handlers));
