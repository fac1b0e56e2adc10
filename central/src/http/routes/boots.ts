import type { Knex } from '../../db/database.js';
import { type PlacedBoot, placeBoot } from '../../devices/place-boot.js';
import { judgeAndDescribe, takenBack } from '../../marks/preview-recompute.js';
import { bootParams, placeBootBody } from '../contracts/boots.js';
import { clockOffsetResultSchema } from '../contracts/clock-offsets.js';
import { API } from '../contracts/fields.js';
import { defineRoute } from '../route.js';
import { writeAs } from '../write-as.js';

export const placeGatewayBoot = defineRoute(
  {
    method: 'post',
    path: `${API}/gateways/{id}/boots/{boot}/place/`,
    operationId: 'placeGatewayBoot',
    tag: 'Gateways and devices',
    summary:
      'Says when a boot was whose clock was never set: first which marks would change, then with apply',
    access: 'clocks.write',
    params: bootParams,
    body: placeBootBody,
    reply: { schema: clockOffsetResultSchema },
    errors: ['NOT_FOUND'],
  },
  async (input, { db, clock }) => {
    const { params, body, principal } = input;
    const nowMs = clock.wallMs();
    const placed: PlacedBoot = {
      gatewayId: params.id,
      bootId: params.boot,
      firstAt: new Date(body.first_at),
      reason: body.reason,
      accountId: principal.accountId,
      nowMs,
    };
    const place = async (trx: Knex) => {
      const { changed, pairs } = await placeBoot(trx, placed);
      return { punches: changed, ...(await judgeAndDescribe(trx, { pairs, nowMs })) };
    };
    const result = body.apply ? await writeAs(db.knex, input, place) : await takenBack(db.knex, place);
    return { body: { applied: body.apply, ...result } };
  },
);
