import { campusZone } from '../../calendar/generate.js';
import { loadSettings } from '../../calendar/settings.js';
import { expiringPeriods, keptFrom } from '../../sessions/expire-sessions.js';
import { API } from '../contracts/fields.js';
import { retentionSchema } from '../contracts/retention.js';
import { defineRoute } from '../route.js';

export const previewRetention = defineRoute(
  {
    method: 'get',
    path: `${API}/retention/`,
    operationId: 'previewRetention',
    tag: 'Operations',
    summary: 'What is removed next because its time of keeping is over; nothing is changed by asking',
    access: 'privacy.read',
    reply: { schema: retentionSchema },
  },
  async (_input, { db: { knex }, clock }) => {
    const [settingsAt, zone = 'UTC'] = await Promise.all([loadSettings(knex), campusZone(knex)]);
    const { years, day } = keptFrom(settingsAt, zone, clock.wallMs());
    return { body: { years, kept_from: day, periods: await expiringPeriods(knex, day) } };
  },
);
