import { RollcallError } from '@rollcall/protocol/errors';
import { API } from '../contracts/fields.js';
import { closedSchema } from '../contracts/operations.js';
import { defineRoute } from '../route.js';

/**
 * The seed took marks here from whoever knew the address (domain A10, defect 24). Evidence is signed by the gateway
 * that kept it and acknowledged to it, which a single request cannot give: the address answers, and takes nothing.
 */
export const biometricWebhook = defineRoute(
  {
    method: 'post',
    path: `${API}/webhooks/biometric/`,
    operationId: 'biometricWebhook',
    tag: 'Evidence',
    summary: 'Closed: devices send signed batches through a gateway, over MQTT',
    access: 'public',
    status: 202,
    reply: { schema: closedSchema },
    errors: ['WEBHOOK_CLOSED'],
  },
  () =>
    Promise.reject(
      new RollcallError(
        'WEBHOOK_CLOSED',
        'Nothing is taken here, whoever sends it: connect the device to a gateway, which signs and keeps its punches',
      ),
    ),
);
