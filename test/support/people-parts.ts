import { versionOf } from '@rollcall/gateway/drivers/terminal/finger-format';
import { RosterGallery } from '@rollcall/gateway/identify/finger-gallery';
import { PeopleSync } from '@rollcall/gateway/identify/people-sync';
import { RosterStore } from '@rollcall/gateway/identify/roster-store';
import { createTemplateSeal } from '@rollcall/gateway/identify/template-seal';
import { TemplateStore } from '@rollcall/gateway/identify/template-store';
import { TerminalBook } from '@rollcall/gateway/identify/terminal-book';
import { silentLog } from '@rollcall/gateway/log';
import type { Store } from '@rollcall/gateway/store/store';
import type { Clock } from '@rollcall/protocol/clock';
import type { GatewayEventDetail } from '@rollcall/protocol/gateway-event';

const HASH = 'a1'.repeat(32);

/** What a gateway has of the people of its terminals, on one store. */
export class PeopleParts {
  readonly sync: PeopleSync;
  readonly events: GatewayEventDetail[] = [];
  readonly #roster: RosterStore;
  readonly #templates: TemplateStore;
  readonly #seal = createTemplateSeal(Buffer.alloc(32, 5));

  constructor(store: Store, clock: Clock) {
    this.#roster = new RosterStore(store);
    this.#templates = new TemplateStore(store.db);
    this.sync = new PeopleSync({
      book: new TerminalBook(store.db),
      roster: this.#roster,
      templates: this.#templates,
      gallery: new RosterGallery({ store: this.#templates, seal: this.#seal, roster: this.#roster }),
      keepsFingers: true,
      managed: ['terminal'],
      isOfTerminals: (format) => versionOf(format) !== undefined,
      clock,
      log: silentLog,
      report: (detail) => this.events.push(detail),
      onChange: () => undefined,
    });
  }

  /** A roster of these students and templates is in force. */
  async inForce(students: readonly string[], templates: readonly string[] = []): Promise<void> {
    this.#templates.keepOnly(new Set(templates));
    await this.#roster.replace({
      v: 1,
      version: this.#roster.version + 1,
      gateway_id: 'gw-test',
      students: students.map((student_ref) => ({
        student_ref,
        credentials: [
          {
            technology: 'em4100',
            hashes: [{ projection: 'full', hash: HASH }],
            state: 'issued',
            valid_from: '2026-07-01T00:00:00.000Z',
            valid_to: null,
          },
        ],
      })),
      templates: [...templates],
    });
    this.sync.changed();
  }

  /** As central hands it back to every gateway. */
  keep(finger: {
    id: string;
    studentRef: string;
    fingerPosition: number;
    format: string;
    record: Uint8Array;
  }): void {
    const place = {
      template_id: finger.id,
      student_ref: finger.studentRef,
      finger_position: finger.fingerPosition,
      format: finger.format,
    };
    this.#templates.put([{ ...place, sealed: this.#seal.seal(finger.record, place).toString('base64') }]);
  }
}
