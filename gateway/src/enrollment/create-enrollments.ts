import type { Clock } from '@rollcall/protocol/clock';
import type { GatewayEventDetail } from '@rollcall/protocol/gateway-event';
import type { Fleet } from '../devices/fleet.js';
import type { FingerSlots } from '../identify/finger-slots.js';
import type { GallerySync } from '../identify/gallery-sync.js';
import type { PeopleSync } from '../identify/people-sync.js';
import type { TemplateSeal } from '../identify/template-seal.js';
import type { TemplateStore } from '../identify/template-store.js';
import type { Log } from '../log.js';
import type { Store } from '../store/store.js';
import { GalleryEngine, hasEngineTemplates } from './enrollment-engine.js';
import { Enrollments } from './enrollments.js';
import { createKeepTemplate } from './keep-template.js';
import { reserveScanner } from './reserve-scanner.js';
import { type CentralAccess, sendJson } from './send-json.js';
import { takeAtTerminal } from './take-at-terminal.js';

export interface CreateEnrollmentsOptions extends CentralAccess {
  templateSeal: TemplateSeal | undefined;
  clock: Clock;
  log: Log;
  store: Pick<Store, 'meta'>;
  templates: TemplateStore;
  slots: FingerSlots;
  gallery: GallerySync;
  people: Pick<PeopleSync, 'enrollAt'>;
  fleet: Pick<Fleet, 'scanner'>;
  report(detail: GatewayEventDetail): void;
  onForgotten(): void;
}

/** Enrollments on the scanners of a running gateway. */
export function createEnrollments(options: CreateEnrollmentsOptions): Enrollments {
  const {
    templateSeal: seal,
    clock,
    log,
    store,
    templates,
    slots,
    gallery,
    people,
    fleet,
    report,
    onForgotten,
  } = options;
  const { gatewayId, centralUrl, password, ca } = options;
  const access = { gatewayId, centralUrl, password, ca };
  return new Enrollments({
    clock,
    log,
    scanner: (deviceId) => fleet.scanner(deviceId),
    terminal: (deviceId) => {
      const there = people.enrollAt(deviceId);
      return there && ((run) => takeAtTerminal({ ...run, there }));
    },
    reserve: (deviceId, sensor, signal) =>
      reserveScanner(deviceId, sensor, { slots, templates, gallery, signal }),
    templates:
      seal === undefined
        ? undefined
        : {
            keep: createKeepTemplate({ seal, clock, access, send: sendJson }),
            openEngine: () => new GalleryEngine({ store: templates, seal, log }),
            hasEngineTemplates: () => hasEngineTemplates(templates),
          },
    report: (enrollment_id, device_id, progress) =>
      report({ type: 'enrollment', enrollment_id, device_id, progress }),
    underway: {
      get: () => store.meta.text('enrollment'),
      set: (text) => store.meta.set('enrollment', text),
    },
    onForgotten,
  });
}
