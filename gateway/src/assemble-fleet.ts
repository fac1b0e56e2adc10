import type { Clock } from '@rollcall/protocol/clock';
import { hashRead } from '@rollcall/protocol/credential';
import type { ReadHash } from '@rollcall/protocol/credential-hash';
import type { FingerParts } from './assemble-fingers.js';
import type { GatewayConfig } from './config/schema.js';
import type { DeviceSnapshot } from './devices/device-snapshot.js';
import { createFleet, type Fleet } from './devices/fleet.js';
import { tellStrangers } from './features/tell-strangers.js';
import { CardLookup } from './identify/card-lookup.js';
import type { ExpectedStudents } from './identify/expected-students.js';
import { createKeepLogs } from './identify/keep-logs.js';
import { KnownFingers } from './identify/known-fingers.js';
import { PinTries } from './identify/pin-tries.js';
import { createRecordFinger } from './identify/record-finger.js';
import { createRecordPunch } from './identify/record-punch.js';
import { createRecordRefusedFinger } from './identify/record-refused-finger.js';
import type { RosterStore } from './identify/roster-store.js';
import type { RootLog } from './log.js';
import type { Secrets } from './secrets.js';
import type { Keeper } from './store/keeper.js';
import type { RowDraft, RowStamp } from './store/outbox-row.js';
import type { AppendOutcome } from './store/writer.js';
import { createOpenTransport } from './transport/open-transport.js';

export interface FleetParts {
  config: GatewayConfig;
  clock: Clock;
  log: RootLog;
  keeper: Keeper;
  secrets: Secrets;
  expected: ExpectedStudents;
  fingers: Pick<FingerParts, 'templates' | 'gallery' | 'engine' | 'people'>;
  rosterStore: RosterStore;
  stamp(): RowStamp;
  stampAt(monoMs: number, wallMs: number): RowStamp;
  append(row: RowDraft): Promise<AppendOutcome>;
  onChange(snapshot: DeviceSnapshot): void;
}

/** The devices, and what becomes of whatever they see: cards, fingers and the logs of terminals. */
export function assembleFleet(parts: FleetParts): Fleet {
  const { config, clock, keeper, secrets, expected, stamp, stampAt, append } = parts;
  const { gallery, engine, templates, people } = parts.fingers;
  const { store, writer } = keeper;
  const { hmacHex } = secrets;
  const lookup = new CardLookup(store.db);
  const log = parts.log.child({ part: 'punch' });
  const { newPunchId } = store;
  const recording = { hmacHex, newPunchId, stampAt, append, expected, log };
  const known = new KnownFingers({
    store: templates,
    seal: secrets.templateSeal,
    roster: parts.rosterStore,
    log,
  });
  const logs = createKeepLogs({
    hmacHex,
    lookup,
    newPunchId,
    log,
    stamp,
    deviceState: store.deviceState,
    keepLogs: (batch) => writer.keepLogs(batch),
  });
  return createFleet({
    devices: config.devices,
    openTransport: createOpenTransport(clock, undefined, tellStrangers({ log: parts.log, append, stamp })),
    clock,
    log: parts.log.child({ part: 'devices' }),
    record: createRecordPunch({ ...recording, lookup, pinTries: new PinTries(clock) }),
    fingers: {
      record: createRecordFinger({
        ...recording,
        slots: gallery,
        matcher: engine.matcher,
        clock,
        maySayFinger: () => parts.rosterStore.takes('punch.student.finger_position'),
      }),
      recordRefused: createRecordRefusedFinger(recording),
      sensorChanged: (deviceId, sensor) => gallery.sensorChanged(deviceId, sensor),
      slotsOf: (deviceId, studentRef) => gallery.slotsOf(deviceId, studentRef),
      fingersOf: (studentRef) => known.of(studentRef),
      holderOf: (read) => holderOf(lookup, hashRead(read, hmacHex), stamp()),
    },
    terminalOf: (deviceId) => ({ ...logs.of(deviceId), people: people.of(deviceId) }),
    onChange: parts.onChange,
  });
}

/** Whose finger is to come: a card that is not valid now proves nothing beside it. */
function holderOf(lookup: CardLookup, read: ReadHash, now: RowStamp): string | undefined {
  const match = lookup.find(read, now.clock_state === 'synced' ? Date.parse(now.occurred_at) : undefined);
  return match.outcome === 'recognized' ? match.studentRef : undefined;
}
