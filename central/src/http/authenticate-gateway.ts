import { RollcallError } from '@rollcall/protocol/errors';
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

/**
 * A gateway that reaches for what is another one's is broken, or not what it says: to it there is nothing, which is
 * audited as every refusal is (domain case 120).
 *
 * @param caller whose login it is
 * @param gatewayId whose path it is
 */
export const isOwnPath = (caller: string, gatewayId: string): boolean => caller === gatewayId;

function readBasic(header: string | undefined): [id: string, password: string] {
  const encoded = /^Basic ([A-Za-z0-9+/=]{1,400})$/i.exec(header ?? '')?.[1] ?? '';
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon < 0 ? ['', ''] : [text.slice(0, colon), text.slice(colon + 1)];
}
