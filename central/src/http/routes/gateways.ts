import { RollcallError } from '@rollcall/protocol/errors';
import { ROW_MEMBERS, ROW_MEMBERS_HEADER } from '@rollcall/protocol/roster';
import { revokeGateway, trustGateway } from '../../devices/revoke-gateway.js';
import { isOwnPath } from '../authenticate-gateway.js';
import { Conditions } from '../conditions.js';
import { gatewayParams } from '../contracts/clock-offsets.js';
import { gatewayActBody, gatewaySchema, gatewaysQuery, rosterParams } from '../contracts/devices.js';
import { API } from '../contracts/fields.js';
import { decodeCursor, pageFrom, pageOf, shortText } from '../cursor.js';
import { defineRoute, type Route } from '../route.js';
import {
  GATEWAY_COLUMNS,
  GATEWAY_JOINS,
  type GatewayRow,
  loadGatewayItems,
  toGatewayItem,
} from '../views/gateway-view.js';
import { writeAs } from '../write-as.js';

const TAG = 'Gateways and devices';

export const listGateways = defineRoute(
  {
    method: 'get',
    path: `${API}/gateways/`,
    operationId: 'listGateways',
    tag: TAG,
    summary: 'Gateways with their last health report and devices',
    access: 'devices.read',
    query: gatewaysQuery,
    reply: { schema: pageOf(gatewaySchema) },
  },
  async ({ query }, { db, clock }) => {
    const conditions = new Conditions().equal('g.building_id', query.building);
    const position = decodeCursor(query.cursor, [shortText]);
    if (position !== undefined) conditions.add('g.id > ?', ...position);
    const { rows } = await db.knex.raw<{ rows: GatewayRow[] }>(
      `SELECT ${GATEWAY_COLUMNS} FROM ${GATEWAY_JOINS} WHERE ${conditions.where} ORDER BY g.id LIMIT ?`,
      [...conditions.bindings, query.limit + 1] as never,
    );
    const nowMs = clock.wallMs();
    return {
      body: pageFrom(rows, query.limit, {
        item: (row) => toGatewayItem(row, nowMs),
        position: (row) => [row.id],
      }),
    };
  },
);

export const readRoster = defineRoute(
  {
    method: 'get',
    path: `${API}/gateways/{id}/roster/{version}/`,
    operationId: 'readRoster',
    tag: TAG,
    summary: 'The roster document of a gateway, byte for byte as its pointer names it; only for that gateway',
    access: 'gateway',
    params: rosterParams,
    reply: { contentType: 'application/json' },
    errors: ['UNAUTHENTICATED', 'NOT_FOUND'],
  },
  async ({ params, gatewayId: caller, response }, { db }) => {
    // Another gateway's roster does not exist for this one: not even its version numbers are its business.
    const row = isOwnPath(caller, params.id)
      ? await db.knex('gateway_roster').where({ gateway_id: params.id, version: params.version }).first()
      : undefined;
    if (row === undefined) {
      throw new RollcallError(
        'NOT_FOUND',
        `There is no roster ${params.version} for you; take the version from the latest roster pointer`,
      );
    }
    response
      .status(200)
      .set({
        ETag: `"${row.sha256}"`,
        'Cache-Control': 'private, no-store',
        'Content-Type': 'application/json',
        [ROW_MEMBERS_HEADER]: ROW_MEMBERS.join(', '),
      })
      .send(row.document);
    return undefined;
  },
);

const GATEWAY_ACTS = [
  {
    name: 'revoke',
    permission: 'gateways.revoke',
    summary: 'A gateway is stolen or lost: its keys, its login and its connection end at once',
    run: revokeGateway,
  },
  {
    name: 'trust',
    permission: 'gateways.revoke',
    summary: 'Ends the suspension of a gateway whose identity two machines used',
    run: trustGateway,
  },
] as const;

export const gatewayActs: readonly Route[] = GATEWAY_ACTS.map(({ name, permission, summary, run }) =>
  defineRoute(
    {
      method: 'post',
      path: `${API}/gateways/{id}/${name}/`,
      operationId: `${name}Gateway`,
      tag: TAG,
      summary,
      access: permission,
      params: gatewayParams,
      body: gatewayActBody,
      reply: { schema: gatewaySchema },
      errors: ['NOT_FOUND', 'INVALID_TRANSITION'],
    },
    async (input, { db, clock }) => {
      const { params, body, principal } = input;
      const nowMs = clock.wallMs();
      await writeAs(db.knex, input, (trx) =>
        run(trx, { gatewayId: params.id, reason: body.reason, accountId: principal.accountId, nowMs }),
      );
      const [item] = await loadGatewayItems(db.knex, [params.id], nowMs);
      if (item === undefined) throw new RollcallError('NOT_FOUND', `There is no gateway ${params.id}`);
      return { body: item };
    },
  ),
);
