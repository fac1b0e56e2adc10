import type { Clock } from '@rollcall/protocol/clock';
import type { Log } from '../log.js';
import { Ballast } from './ballast.js';
import { diskReader } from './disk.js';
import type { RowStamp } from './outbox-row.js';
import { pruneAcked } from './retention.js';
import { Space } from './space.js';
import { openStore, type Store } from './store.js';
import { Writer, type WriterState } from './writer.js';

export interface KeeperOptions {
  dataDir: string;
  ballastBytes: number;
  clock: Clock;
  log: Log;
  stamp: () => RowStamp;
  onCommitted: () => void;
  onState: (state: WriterState) => void;
}

/** The store with everything that keeps it writable. */
export interface Keeper {
  store: Store;
  writer: Writer;
  space: Space;
  close(): void;
}

/** @throws RollcallError as `openStore` does. */
export function openKeeper(options: KeeperOptions): Keeper {
  const { dataDir, ballastBytes, log } = options;
  const store = openStore(options);
  const space = new Space({
    db: store.db,
    ballast: new Ballast(dataDir, ballastBytes),
    ballastBytes,
    readDisk: diskReader(dataDir),
    log,
    dropAcked: () => pruneAcked(store),
  });
  const writer = new Writer({ ...options, store, space });
  return {
    store,
    writer,
    space,
    close: () => {
      writer.close();
      store.close();
    },
  };
}
