import { RollcallError } from '@rollcall/protocol/errors';
import { templatesSentSchema, templatesWantedSchema } from '@rollcall/protocol/template-transfer';
import { dateAt } from '../../calendar/campus-zone.js';
import { campusZone } from '../../calendar/generate.js';
import { sendTemplates } from '../../devices/send-templates.js';
import { storeTemplate } from '../../devices/store-template.js';
import { isOwnPath } from '../authenticate-gateway.js';
import { API } from '../contracts/fields.js';
import {
  gatewayTemplateParams,
  gatewayTemplatesParams,
  templateStoredSchema,
  templateUploadBody,
} from '../contracts/gateway-templates.js';
import { defineRoute } from '../route.js';
import { writeAsGateway } from '../write-as.js';

const TAG = 'Consent and templates';
const PATH = `${API}/gateways/{id}/templates/`;

export const uploadTemplate = defineRoute(
  {
    method: 'put',
    path: `${PATH}{template}/`,
    operationId: 'uploadTemplate',
    tag: TAG,
    summary: 'Keeps a template that this gateway has enrolled, as it sealed it; repeated, it changes nothing',
    access: 'gateway',
    params: gatewayTemplateParams,
    body: templateUploadBody,
    reply: { schema: templateStoredSchema },
    errors: [
      'UNAUTHENTICATED',
      'NOT_FOUND',
      'ENROLLMENT_ENDED',
      'FINGER_EXEMPT',
      'CONSENT_MISSING',
      'ALREADY_EXISTS',
    ],
  },
  async ({ params, body, gatewayId: caller, request }, context) => {
    const { db, clock, capture } = context;
    if (!isOwnPath(caller, params.id)) throw notYours();
    const { quality_score: quality, enrollment: enrollmentId, ...template } = body;
    const nowMs = clock.wallMs();
    const writer = { gatewayId: params.id, request };
    const { templateId, replaces } = await writeAsGateway(db.knex, writer, async (trx) =>
      storeTemplate(
        trx,
        { ...template, template_id: params.template, gatewayId: params.id, quality, enrollmentId },
        { seal: capture.seal, today: dateAt(nowMs, (await campusZone(trx)) ?? 'UTC'), nowMs },
      ),
    );
    return { body: { template_id: templateId, replaces } };
  },
);

export const fetchTemplates = defineRoute(
  {
    method: 'post',
    path: `${PATH}fetch/`,
    operationId: 'fetchTemplates',
    tag: TAG,
    summary: 'Templates that the roster of this gateway lists, sealed for gateways; only for that gateway',
    access: 'gateway',
    params: gatewayTemplatesParams,
    body: templatesWantedSchema,
    reply: { schema: templatesSentSchema },
    errors: ['UNAUTHENTICATED', 'NOT_FOUND', 'SEAL_BROKEN'],
  },
  async ({ params, body, gatewayId: caller, request, response }, context) => {
    const { db, clock, capture } = context;
    if (!isOwnPath(caller, params.id)) throw notYours();
    const wanted = { gatewayId: params.id, ids: body.ids, at: new Date(clock.wallMs()) };
    const templates = await writeAsGateway(db.knex, { gatewayId: params.id, request }, (trx) =>
      sendTemplates(trx, wanted, capture.seal),
    );
    response.set('Cache-Control', 'private, no-store');
    return { body: { templates } };
  },
);

const notYours = (): RollcallError =>
  new RollcallError('NOT_FOUND', 'There are no templates for you here; take your own gateway id');
