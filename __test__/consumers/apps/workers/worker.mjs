import { parentPort, workerData } from 'node:worker_threads';
import { getValidGmailToken } from 'tokenkeep/gmail';

const ask = async () => {
  for (;;) await getValidGmailToken(workerData.userId);
};
for (let caller = 0; caller < 8; caller++) void ask();
await getValidGmailToken(workerData.userId);
parentPort.postMessage('asking');
