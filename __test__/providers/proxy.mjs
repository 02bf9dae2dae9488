import { once } from 'node:events';
import http from 'node:http';

/** @typedef {Awaited<ReturnType<typeof startProxy>>} Proxy */

/**
 * A reverse proxy in front of an authorization server, which passes everything on unchanged and counts the
 * refreshes that come through it.
 *
 * @param {string} origin of the server
 */
export async function startProxy(origin) {
  const upstream = new URL(origin);
  /** The bodies of the answers to refreshes. @type {string[]} */
  let answers = [];
  let refreshes = 0;

  const server = http.createServer(async (request, response) => {
    const body = await bytesOf(request);
    const isRefresh = new URLSearchParams(body.toString()).get('grant_type') === 'refresh_token';
    if (isRefresh) refreshes += 1;
    try {
      const answer = await ask(upstream, request, body);
      const answered = await bytesOf(answer);
      if (isRefresh) answers.push(answered.toString());
      response.writeHead(answer.statusCode, lasting(answer.headers)).end(answered);
    } catch (error) {
      response.writeHead(502).end(`${error}`);
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const own = `http://127.0.0.1:${server.address().port}`;

  return {
    /** An URL of the server, through this proxy. @param {string} url */
    through: (url) => {
      const { pathname, search } = new URL(url);
      return `${own}${pathname}${search}`;
    },
    /** How many refreshes came since the last `reset`. */
    refreshes: () => refreshes,
    /** The refresh token of the last answer, if it had one. @returns {string | undefined} */
    lastRefreshToken: () => refreshTokenOf(answers.at(-1)),
    reset: () => {
      refreshes = 0;
      answers = [];
    },
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function ask({ hostname, port, host }, { method, url, headers }, body) {
  const request = http.request({
    hostname,
    port,
    method,
    path: url,
    headers: { ...lasting(headers), host, 'content-length': body.length },
    agent: false,
  });
  request.end(body);
  return once(request, 'response').then(([response]) => response);
}

async function bytesOf(stream) {
  const parts = [];
  for await (const part of stream) parts.push(part);
  return Buffer.concat(parts);
}

/** The headers without those of one connection. */
function lasting(headers) {
  const ofOne = ['connection', 'keep-alive', 'transfer-encoding'];
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !ofOne.includes(name)));
}

function refreshTokenOf(answer) {
  try {
    return JSON.parse(answer).refresh_token;
  } catch {
    return undefined;
  }
}
