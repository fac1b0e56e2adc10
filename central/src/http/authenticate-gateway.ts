import { RollcallError } from '@rollcall/protocol/errors';
import type { Request } from 'express';
import { writeAudit } from '../audit/write-audit.js';
import { checkGatewayLogin } from '../broker/gateway-logins.js';
import type { HttpContext } from './route.js';

/** The id of the gateway whose password this is; every refusal looks the same. */
export async function authenticateGateway(
  header: string | undefined,
  db: HttpContext['db'],
): Promise<string> {
  const [id, password] = readBasic(header);
  const login = await checkGatewayLogin(db, id, Buffer.from(password, 'utf8'));
  if (login === 'ok') return id;
  if (login === 'unavailable') {
    throw new RollcallError(
      'DATABASE_LOST',
      'Nobody can be told apart while the database is away; try again shortly',
    );
  }
  throw new RollcallError(
    'UNAUTHENTICATED',
    'Send the gateway id and its MQTT password by HTTP Basic; if they were, provision the gateway again',
  );
}

interface Reach {
  /** Whose login it is. */
  caller: string;
  /** Whose path it is. */
  gatewayId: string;
  request: Request;
}

/**
 * A gateway that reaches for what is another one's is broken, or not what it says: that is audited, and to it there is
 * nothing (domain case 120).
 *
 * @returns false where it is another one's
 */
export async function isOwnPath(
  { caller, gatewayId, request }: Reach,
  { db, clock }: Pick<HttpContext, 'db' | 'clock'>,
): Promise<boolean> {
  if (caller === gatewayId) return true;
  await writeAudit(db.knex, [
    {
      at: new Date(clock.wallMs()),
      entityType: 'request',
      entityId: `${request.method} ${request.path}`.slice(0, 300),
      action: 'refused',
      performedBy: `gateway:${caller}`,
      source: 'system',
      reason: 'NOT_FOUND',
      after: { gateway_id: gatewayId },
      ip: request.ip ?? '',
    },
  ]);
  return false;
}

function readBasic(header: string | undefined): [id: string, password: string] {
  const encoded = /^Basic ([A-Za-z0-9+/=]{1,400})$/i.exec(header ?? '')?.[1] ?? '';
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon < 0 ? ['', ''] : [text.slice(0, colon), text.slice(colon + 1)];
}
