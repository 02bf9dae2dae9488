import { close } from 'tokenkeep';

async function shutDown() {
  console.log('shutting down');
  await close({ timeoutMs: 25_000 });
  process.exit(0);
}

process.once('SIGTERM', shutDown);
process.once('SIGINT', shutDown);
