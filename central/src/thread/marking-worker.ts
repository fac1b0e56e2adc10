import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { systemClock } from '@rollcall/protocol/system-clock';
import { createScanQueue } from '../capture/qr-scan.js';
import { openDatabase } from '../db/database.js';
import { openListener } from '../db/listen.js';
import { createJudge } from '../marks/judge.js';
import { JUDGE_CHANNEL, LIVE_CHANNEL } from '../marks/notify.js';
import { Started } from '../started.js';
import { createStatisticsKeeper } from '../statistics/keeper.js';
import type { FromThread, NumberedScan, ScanAnswer, ThreadData, ToThread } from './messages.js';
import { threadLog } from './thread-log.js';
import { tellError } from './told-error.js';

/** Three batches of scans, three judges, and the keeper of statistics. */
const CONNECTIONS_MAX = 7;
/** The near end waits meanwhile. */
const STOP_WAIT_MS = 10_000;

/** The far end: everything that turns evidence into marks and counts them, with connections of its own. */
async function serve(port: MessagePort, { databaseUrl: url }: ThreadData): Promise<void> {
  const tell = (message: FromThread): void => port.postMessage(message);
  const log = threadLog(tell);
  const started = new Started();
  const clock = systemClock;
  const patience = { clock, waitMs: STOP_WAIT_MS, databaseUrl: url };
  try {
    const db = await openDatabase({ url, log, poolMax: CONNECTIONS_MAX, isByIndex: true });
    started.add(() => db.close());
    const listener = await openListener({ url, log, clock });
    started.add(() => listener.close());
    const keeper = createStatisticsKeeper({ db, clock, log });
    listener.listen(LIVE_CHANNEL, () => keeper.wake());
    keeper.start();
    started.add(() => keeper.stop());
    const judge = createJudge({
      db,
      clock,
      log,
      onJudged: (pairs, changed) => tell({ kind: 'judged', pairs, changed }),
    });
    listener.listen(JUDGE_CHANNEL, () => judge.wake());
    judge.start();
    started.add(() => judge.stop());
    const scan = scanner(createScanQueue({ knex: db.knex, judge, log }).scan, tell);
    port.on('message', (message: ToThread) => {
      if (message.kind === 'scan') for (const one of message.scans) scan(one);
      else void started.stopAll(log, patience).then(() => port.close());
    });
    tell({ kind: 'ready' });
  } catch (error) {
    await started.stopAll(log, patience);
    tell({ kind: 'failed', error: tellError(error) });
    port.close();
  }
}

/** A batch answers many scans in one turn of the loop: they go back in one message. */
function scanner(
  scan: ReturnType<typeof createScanQueue>['scan'],
  tell: (message: FromThread) => void,
): (numbered: NumberedScan) => void {
  let answers: ScanAnswer[] = [];
  function add(answer: ScanAnswer): void {
    answers.push(answer);
    if (answers.length > 1) return;
    setImmediate(() => {
      tell({ kind: 'answer', answers });
      answers = [];
    });
  }
  return ({ number, scan: one }) => {
    scan(one).then(
      (scanned) => add({ number, scanned }),
      (error: unknown) => add({ number, refused: tellError(error) }),
    );
  };
}

if (parentPort !== null) await serve(parentPort, workerData as ThreadData);
